"""Learning curves: what training wrote for TensorBoard, below the folders of its jobs."""

from __future__ import annotations

import json
import math
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

import attrs

from vertex_flow.engine.tensorboards import event_files
from vertex_flow.errors import VertexFlowError
from vertex_flow.place import Place
from vertex_flow.report.facts import Curve
from vertex_flow.runs import files
from vertex_flow.texts import plain

_FILES = 300  # event files of a run
_BYTES = 64 * 1024 * 1024  # of all of them together
_SECONDS = 120.0
_CURVES = 400
_POINTS = 20_000  # of all curves together
_LEAST = 20  # points that a curve keeps at least


@attrs.frozen
class Folder:
    """The base output directory of a job.

    Attributes:
        stage: Name of the stage.
        uri: Where it is.
        trials: Ids of the trials of a tuning job, each of which has a folder of its name.
    """

    stage: str
    uri: str
    trials: tuple[str, ...] = ()


@attrs.frozen
class _Source:
    """Where event files come from."""

    stage: str
    trial: str
    series: str


def read(
    place: Place | None, folders: Sequence[Folder], say: Callable[[str], None]
) -> tuple[Curve, ...]:
    """Read the learning curves of some jobs.

    Args:
        place: Where the run is; None where that is not known.
        folders: Their base output directories.
        say: Told what could not be read, a sentence each.

    Returns:
        The curves, with at most 20,000 points in all.
    """
    with tempfile.TemporaryDirectory(prefix="vertex-flow-") as name:
        root = Path(name)
        sources = _staged(place, folders, root, say)
        if not sources:
            return ()
        if find_spec("tensorboard") is None:
            say("learning curves are read by TensorBoard: pip install tensorboard.")
            return ()
        try:
            found = list(_curves(root, sources))
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            say(f"the learning curves could not be read: {_line(error)}")
            return ()
    return _bounded(found, say)


def _staged(
    place: Place | None, folders: Sequence[Folder], root: Path, say: Callable[[str], None]
) -> dict[str, _Source]:
    """Put event files below a folder, those of each series in a folder of a number."""
    sources: dict[str, _Source] = {}
    numbers: dict[_Source, str] = {}
    left, room, skipped = _FILES, _BYTES, 0
    for folder in folders:
        try:
            with files.below(place, folder.uri, "tfevents") as (found, copy):
                for one in sorted(found, key=lambda one: _rank(folder, one.path)):
                    if not left or one.size > room:
                        skipped += 1
                        continue
                    left, room = left - 1, room - one.size
                    source = _source(folder, one.path)
                    number = numbers.setdefault(source, str(len(numbers)))
                    sources[number] = source
                    (root / number).mkdir(exist_ok=True)
                    copy(one, root / number / f"{left}.tfevents")
        except (VertexFlowError, OSError) as error:
            say(f"the learning curves of {folder.stage} could not be read: {_line(error)}")
    if skipped:
        say(f"{skipped} event files are left out: there are too many, or they are too large.")
    return sources


def _rank(folder: Folder, path: str) -> tuple[int, str]:
    """Trials in the order of their numbers."""
    first = path.partition("/")[0]
    return (int(first) if first in folder.trials and first.isdecimal() else 0, path)


def _source(folder: Folder, path: str) -> _Source:
    parts = PurePosixPath(path).parent.parts
    trial = parts[0] if parts and parts[0] in folder.trials else ""
    series = [part for part in parts[1 if trial else 0 :] if part != "logs"]
    return _Source(folder.stage, trial, "/".join(series))


def _curves(root: Path, sources: dict[str, _Source]) -> Iterator[Curve]:
    done = subprocess.run(  # noqa: S603 - a program of this package
        event_files.command(root), check=False, capture_output=True, timeout=_SECONDS
    )
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ValueError(last or f"the program ended with {done.returncode}")
    for line in done.stdout.splitlines():
        found = json.loads(line)
        source = sources.get(found["run"])
        points = tuple(
            (float(step), float(value))
            for step, _, value in sorted(found["points"], key=lambda one: one[0])
            if math.isfinite(value)
        )
        if source is not None and points:
            tag, series = _named(found["tag"], source.series)
            yield Curve(
                stage=source.stage, trial=source.trial, tag=tag, series=series, points=points
            )


def _named(tag: str, series: str) -> tuple[str, str]:
    """Name what was measured and where, as Keras does: `epoch_loss`, in `validation`."""
    return tag.removeprefix("epoch_"), series


def _bounded(curves: list[Curve], say: Callable[[str], None]) -> tuple[Curve, ...]:
    curves.sort(key=lambda one: (one.stage, _order(one.trial), one.tag, one.series))
    if len(curves) > _CURVES:
        say(f"of {len(curves)} learning curves the first {_CURVES} are shown.")
    shown = curves[:_CURVES]
    most = max(_LEAST, _POINTS // max(1, len(shown)))
    return tuple(attrs.evolve(one, points=_thinned(one.points, most)) for one in shown)


def _order(trial: str) -> tuple[int, str]:
    return (int(trial) if trial.isdecimal() else 0, trial)


def _thinned(points: tuple[tuple[float, float], ...], most: int) -> tuple[tuple[float, float], ...]:
    """Keep some points, the first and the last among them."""
    if len(points) <= most:
        return points
    step = (len(points) - 1) / (most - 1)
    return tuple(points[round(index * step)] for index in range(most))


def _line(error: Exception) -> str:
    text = getattr(error, "message", str(error))
    return plain(str(text).strip().partition("\n")[0][:300]) or type(error).__name__
