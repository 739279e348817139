"""The logs that training wrote, put into a TensorBoard instance."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.messages import raw_kind, renew_etag, stamp
from vertex_flow.engine.state.points import Points
from vertex_flow.engine.state.store import Store
from vertex_flow.engine.tensorboards import event_files
from vertex_flow.engine.tensorboards.data import put_points

_log = logging.getLogger(__name__)

_DEFAULT_RUN = "default"
_OUTSIDE = re.compile(r"[^a-z0-9-]+")
_SCALAR = types.TensorboardTimeSeries.ValueType.SCALAR


class Uploads:
    """Puts logs into TensorBoard instances, as Vertex AI's training service does.

    Args:
        store: Where the instances are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._points = Points(store)

    def experiment(self, tensorboard: str, job: str, display_name: str) -> str:
        """Make the experiment of a job, named after it, and give its name.

        Args:
            tensorboard: Name of the instance.
            job: Name of the job.
            display_name: What the job is called.
        """
        name = f"{tensorboard}/experiments/{job.rpartition('/')[2]}"
        self._make(types.TensorboardExperiment(name=name, display_name=display_name, source=job))
        return name

    async def put(self, experiment: str, folder: Path) -> list[str]:
        """Read the event files in a folder, and put their scalars into an experiment.

        Args:
            experiment: Name of the experiment.
            folder: Each folder in it with event files is a run.

        Returns:
            The ids of the runs.
        """
        found = await _read(folder)
        with self._store.transaction():
            return sorted({self._put(experiment, one) for one in found})

    def _put(self, experiment: str, series: Any) -> str:
        path = "" if series["run"] == "." else series["run"]
        identifier = _OUTSIDE.sub("-", path.lower()).strip("-")[:128] or _DEFAULT_RUN
        run = f"{experiment}/runs/{identifier}"
        self._make(types.TensorboardRun(name=run, display_name=identifier))
        name = f"{run}/timeSeries/{self._store.new_id()}"
        made = types.TensorboardTimeSeries(
            name=name, display_name=series["tag"], value_type=_SCALAR, plugin_name="scalars"
        )
        self._make(made)
        put_points(self._store, self._points, made, [_point(*one) for one in series["points"]])
        return identifier

    def _make(self, message: Any) -> None:
        if self._store.find(type(message), message.name) is None:
            stamp(message, "create_time", "update_time")
            renew_etag(message)
            self._store.insert(message)


async def _read(folder: Path) -> Sequence[Any]:
    """Read event files in a process of its own; what cannot be read is logged and left out."""
    if not await asyncio.to_thread(_has_events, folder):
        return []
    process = await asyncio.create_subprocess_exec(
        *event_files.command(folder),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
        _log.warning("the logs in %s could not be read: %s", folder, last)
        return []
    return [json.loads(line) for line in output.splitlines()]


def _has_events(folder: Path) -> bool:
    return any(folder.rglob("*tfevents*"))


def _point(step: int, wall_time: float, value: float) -> Any:
    point = raw_kind(types.TimeSeriesDataPoint)(step=step)
    point.scalar.value = value
    point.wall_time.FromNanoseconds(int(wall_time * 1e9))
    return point
