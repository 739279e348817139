"""What a task is given to run with."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from vertex_flow.engine.background import Background
from vertex_flow.engine.pipelines.record import INTERRUPTED, TaskRecord
from vertex_flow.engine.pipelines.slots import Slots
from vertex_flow.engine.pipelines.values import Ports
from vertex_flow.engine.processes import Launcher
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store

Call = Callable[..., Awaitable[dict[str, Any]]]


class TaskFailed(Exception):  # noqa: N818 - reads as the state that it leads to
    """A task failed.

    Attributes:
        code: The `google.rpc.Code` of the failure.
        retry: Whether a retry policy applies.
        tasks: Labels of the tasks that failed, when they are not the task itself.
    """

    def __init__(
        self, message: str, *, code: int = 9, retry: bool = True, tasks: tuple[str, ...] = ()
    ) -> None:
        self.code = code
        self.retry = retry
        self.tasks = tasks
        super().__init__(message)


@attrs.frozen(kw_only=True)
class Tools:
    """What all tasks share.

    Attributes:
        home: The engine's folder.
        store: For new ids and the cache.
        launcher: Starts processes.
        background: The work behind jobs and operations.
        call: The engine's own API: `await call(verb, path, query, body)`.
        slots: Limits how many processes of tasks run at a time.
        job_slots: Limits how many jobs of tasks run at a time. A task that waits for its job has
            none of `slots`, so that neither waits for the other.
    """

    home: Home
    store: Store
    launcher: Launcher
    background: Background
    call: Call
    slots: Slots
    job_slots: Slots


@attrs.frozen(kw_only=True)
class JobFacts:
    """What tasks know of the pipeline job that they are in.

    Attributes:
        name: Its resource name.
        pipeline: Name of the pipeline that it runs.
        id: Last part of the name.
        uuid: Its number.
        root: Its root output directory.
        words: The placeholders of the job by name, for example `pipeline_job_name`.
        labels: Its labels, which what its tasks create gets too.
    """

    name: str
    pipeline: str
    id: str
    uuid: str
    root: str
    words: Mapping[str, str]
    labels: Mapping[str, str]

    @property
    def parent(self) -> str:
        """The name of its location."""
        return self.name.rpartition("/pipelineJobs/")[0]


@attrs.frozen(kw_only=True)
class Work:
    """One task that an executor runs.

    Attributes:
        job: The job that it is in.
        tools: What all tasks share.
        record: What clients see of it.
        name: Its name.
        label: Its name after those of the tasks that it is in: `train > custom-training-job`.
        component: Its `ComponentSpec`.
        executor: Its `ExecutorSpec`.
        inputs: What goes in.
        folder: URI of the folder of its outputs.
        log: The file of what it prints.
    """

    job: JobFacts
    tools: Tools
    record: TaskRecord
    name: str
    label: str
    component: Any
    executor: Any
    inputs: Ports
    folder: str
    log: Path

    @property
    def words(self) -> dict[str, str]:
        """The placeholders of the job and of the task."""
        return {
            **self.job.words,
            "pipeline_task_name": self.name,
            "pipeline_task_uuid": str(self.record.id),
        }

    async def start_again(self) -> None:
        """Begin anew after the engine was stopped: nothing that is half done is left."""
        self.say(INTERRUPTED)
        folder = self.tools.home.path(self.folder)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        self.record.start_again()

    def say(self, line: str) -> None:
        """Add a line of the engine to the task's log."""
        with self.log.open("a", encoding="utf-8") as file:
            file.write(f"[engine] {line}\n")
