"""What is kept of a job's tasks while it runs, so that a restarted engine goes on with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
from google.cloud.aiplatform_v1.types import PipelineTaskDetail

from vertex_flow.engine.pipelines.inputs import Ended
from vertex_flow.engine.pipelines.values import Artifact, Ports
from vertex_flow.engine.state.store import Store

_TASK, _END, _PAST = "task/", "end/", "past/"
MADE = "made/"  # then the attempt, a slash, and the name of a resource that it has made


@attrs.frozen(kw_only=True)
class Kept:
    """What was kept of a task.

    Attributes:
        detail: Its plain `PipelineTaskDetail`.
        ended: How it ended and what it gave, or None.
        past: Whether it belongs to an attempt of the task around it that has failed.
    """

    detail: Any
    ended: Ended | None
    past: bool

    @property
    def place(self) -> tuple[int, str]:
        """What a task is known by: the id of the task around it, and its unique name."""
        return self.detail.parent_task_id, self.detail.task_unique_name


class Journal:
    """The tasks of a job as they are, each change stored before anything follows from it.

    The job itself is stored less often: with a thousand tasks in it, it is long.

    Args:
        store: Where the journal is.
        job: Name of the pipeline job.
    """

    def __init__(self, store: Store, job: str) -> None:
        self._store = store
        self._job = job

    def write(self, detail: Any) -> None:
        """Keep how a task is.

        Args:
            detail: Its plain `PipelineTaskDetail`.
        """
        self._store.note(self._job, f"{_TASK}{detail.task_id}", detail.SerializeToString())

    def end(self, detail: Any, ended: Ended) -> None:
        """Keep how a task has ended, and what it gave."""
        kept = {"outputs": of_ports(ended.outputs), "failed": ended.failed, "status": ended.status}
        with self._store.transaction():
            self.write(detail)
            self._store.note(self._job, f"{_END}{detail.task_id}", json.dumps(kept).encode())

    def leave_behind(self, details: Iterable[Any]) -> None:
        """Note that tasks belong to a failed attempt, so that the next one has its own."""
        for detail in details:
            self._store.note(self._job, f"{_PAST}{detail.task_id}")

    def read(self) -> list[Kept]:
        """Give what was kept, tasks in the order in which they were made."""
        notes = self._store.notes(self._job)
        kept = [
            _kept(data, notes.get(f"{_END}{number}"), past=f"{_PAST}{number}" in notes)
            for number, data in _numbered(notes)
        ]
        return sorted(kept, key=lambda one: one.detail.create_time.ToNanoseconds())

    def made(self) -> list[str]:
        """Name what the tasks have made, whatever became of it."""
        notes = (key.partition(MADE) for key in self._store.notes(self._job))
        return [rest.partition("/")[2] for _, found, rest in notes if found]

    def clear(self) -> None:
        """Forget everything: the job has ended and holds its tasks itself."""
        self._store.forget_notes(self._job)


def of_ports(ports: Ports) -> dict[str, Any]:
    """Give outputs as JSON."""
    artifacts = {
        name: [attrs.asdict(artifact) for artifact in found]
        for name, found in ports.artifacts.items()
    }
    return {"parameters": dict(ports.parameters), "artifacts": artifacts}


def to_ports(kept: Mapping[str, Any]) -> Ports:
    """Read outputs back from `of_ports`."""
    artifacts = {
        name: tuple(Artifact(**item) for item in items) for name, items in kept["artifacts"].items()
    }
    return Ports(parameters=kept["parameters"], artifacts=artifacts)


def _numbered(notes: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    return [(key[len(_TASK) :], data) for key, data in notes.items() if key.startswith(_TASK)]


def _kept(data: bytes, end: bytes | None, *, past: bool) -> Kept:
    detail = PipelineTaskDetail.pb().FromString(data)
    return Kept(detail=detail, ended=None if end is None else _ended(detail, end), past=past)


def _ended(detail: Any, end: bytes) -> Ended:
    kept = json.loads(end)
    return Ended(
        state=PipelineTaskDetail.State(detail.state).name,
        outputs=to_ports(kept["outputs"]),
        failed=tuple(kept["failed"]),
        status=kept["status"],
    )
