"""Read the scalars out of event files, as a program of its own: TensorBoard is slow to load.

It runs by its path, with the folder as its argument, and prints a line of JSON for each series:
`{"run": "train", "tag": "loss", "points": [[step, wall time, value], ...]}`.
"""

from __future__ import annotations

import json
import os
import sys
import types
from collections.abc import Iterator
from typing import Any

_EVENTS = "tfevents"
# Runs a module by its path; what lies beside it must not be taken for other modules.
_BY_PATH = "import runpy, sys; sys.path.pop(0); runpy.run_path(sys.argv[1], run_name='__main__')"


def command(folder: str | os.PathLike[str]) -> list[str]:
    """Give the command that runs this program.

    Args:
        folder: Where the event files are, in it or below.
    """
    return [sys.executable, "-c", _BY_PATH, __file__, os.fspath(folder)]


def series(folder: str) -> Iterator[dict[str, Any]]:
    """Give the scalars of every run in a folder; a run is a folder with event files.

    Args:
        folder: Where the event files are, in it or below.
    """
    # TensorBoard would import all of TensorFlow where it is installed, and needs none of it.
    sys.modules.setdefault("tensorboard.compat.notf", types.ModuleType("notf"))
    for place, folders, files in os.walk(folder):
        folders.sort()
        if any(_EVENTS in name for name in files):
            yield from _of_run(place, os.path.relpath(place, folder))


def _of_run(place: str, run: str) -> Iterator[dict[str, Any]]:
    from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
    from tensorboard.util import tensor_util

    events = EventAccumulator(place, size_guidance={"tensors": 0})
    events.Reload()
    for tag in sorted(events.Tags()["tensors"]):
        if events.SummaryMetadata(tag).plugin_data.plugin_name != "scalars":
            continue
        points = [
            [one.step, one.wall_time, float(tensor_util.make_ndarray(one.tensor_proto))]
            for one in events.Tensors(tag)
        ]
        yield {"run": run, "tag": tag, "points": points}


if __name__ == "__main__":
    for found in series(sys.argv[-1]):
        sys.stdout.write(json.dumps(found) + "\n")
