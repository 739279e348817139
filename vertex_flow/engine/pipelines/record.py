"""What is known of a pipeline job while it runs: its state and that of each task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from google.cloud.aiplatform_v1.types import Execution, PipelineJob, PipelineState
from google.cloud.aiplatform_v1.types import PipelineTaskDetail as Detail

from vertex_flow.engine.pipelines.values import Artifact, Ports
from vertex_flow.engine.state.store import Store

_PAUSE = 0.2  # seconds between two saves of one job, at least
_EXECUTION_STATES = {
    "RUNNING": Execution.State.RUNNING,
    "SUCCEEDED": Execution.State.COMPLETE,
    "FAILED": Execution.State.FAILED,
    "CANCELLED": Execution.State.CANCELLED,
    "SKIPPED": Execution.State.CACHED,
}
FINAL_TASK_STATES = ("SUCCEEDED", "CANCELLED", "FAILED", "SKIPPED", "NOT_TRIGGERED")


class Record:
    """A pipeline job that runs, and its tasks; saved as it changes.

    Saves are bundled: one every 0.2 s at most, and one at the end. Who reads the job meanwhile
    calls `flush` first.

    Attributes:
        job: The job; read it, and change it through the methods only.
    """

    def __init__(self, job: PipelineJob, store: Store) -> None:
        self.job = job
        self._pb = PipelineJob.pb(job)
        self._store = store
        self._saved = 0.0
        self._dirty = False
        self._timer: asyncio.TimerHandle | None = None
        self._fault: Exception | None = None

    @property
    def name(self) -> str:
        """The job's resource name."""
        name: str = self._pb.name
        return name

    @property
    def parent(self) -> str:
        """The name of the job's location."""
        return self.name.rpartition("/pipelineJobs/")[0]

    def state(self, state: str, *, code: int = 0, message: str = "") -> None:
        """Set the state of the job and save it.

        Args:
            state: For example `RUNNING` for `PIPELINE_STATE_RUNNING`.
            code: A `google.rpc.Code`, with a message.
            message: Why it failed or was cancelled.
        """
        pb, now = self._pb, datetime.now(timezone.utc)
        pb.state = PipelineState[f"PIPELINE_STATE_{state}"]
        if state == "RUNNING" and not pb.HasField("start_time"):
            pb.start_time.FromDatetime(now)
        if state in ("SUCCEEDED", "FAILED", "CANCELLED"):
            pb.end_time.FromDatetime(now)
        if message:
            pb.error.code, pb.error.message = code, message
        self.save()

    def task(self, name: str, path: tuple[str, ...], parent: int, schema: str) -> TaskRecord:
        """Add a task, in state PENDING.

        Args:
            name: The task's name.
            path: Names of the tasks that it is in and its own.
            parent: Id of the task that it is in, or 0.
            schema: Schema of its execution, for example `system.ContainerExecution`.
        """
        number = int(self._store.new_id())
        detail = self._pb.job_detail.task_details.add(
            task_id=number,
            parent_task_id=parent,
            task_name=name,
            task_unique_name=".".join(path),
        )
        execution = detail.execution
        execution.name = f"{self.parent}/metadataStores/default/executions/{number}"
        execution.display_name, execution.schema_title = name, schema
        execution.schema_version = "0.0.1"
        detail.create_time.GetCurrentTime()
        record = TaskRecord(detail, self)
        record.state("PENDING")
        return record

    def touch(self) -> None:
        """Note that something changed.

        Raises:
            Exception: An earlier save failed.
        """
        if self._fault is not None:
            raise self._fault
        self._dirty = True
        wait = self._saved + _PAUSE - time.monotonic()
        if wait <= 0:
            self.save()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait, self._save_later)

    def flush(self) -> None:
        """Save what has changed."""
        if self._dirty:
            self.save()

    def save(self) -> None:
        """Save the job now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pb.update_time.GetCurrentTime()
        self._saved = time.monotonic()
        self._store.save(self.job)
        self._dirty = False

    def _save_later(self) -> None:
        self._timer = None
        try:
            self.flush()
        except Exception as error:
            self._fault = error


class TaskRecord:
    """One task of a pipeline job, as clients see it.

    Attributes:
        detail: Its `PipelineTaskDetail`.
    """

    def __init__(self, detail: Any, record: Record) -> None:
        self.detail = detail
        self._record = record

    @property
    def id(self) -> int:
        """Its id."""
        number: int = self.detail.task_id
        return number

    def state(self, state: str, *, code: int = 0, message: str = "") -> None:
        """Set its state.

        Args:
            state: Name of a `PipelineTaskDetail.State`.
            code: A `google.rpc.Code`, with a message.
            message: Why it failed, was cancelled, or is tried again.
        """
        detail = self.detail
        detail.state = Detail.State[state]
        if state in _EXECUTION_STATES:
            detail.execution.state = _EXECUTION_STATES[state]
        if state == "RUNNING" and not detail.HasField("start_time"):
            detail.start_time.GetCurrentTime()
        if state in FINAL_TASK_STATES:
            detail.end_time.GetCurrentTime()
        entry = detail.pipeline_task_status.add(state=detail.state)
        entry.update_time.GetCurrentTime()
        if message:
            entry.error.code, entry.error.message = code, message
            if state in FINAL_TASK_STATES:
                detail.error.CopyFrom(entry.error)
        self._record.touch()

    def takes(self, inputs: Ports) -> None:
        """Show what goes in."""
        self._show("input", inputs, self.detail.inputs)

    def gives(self, outputs: Ports) -> None:
        """Show what came out."""
        self._show("output", outputs, self.detail.outputs)

    def note(self, name: str, value: Any) -> None:
        """Add an entry to the metadata of its execution."""
        _put(self.detail.execution.metadata, {name: value})

    def _show(self, side: str, ports: Ports, lists: Any) -> None:
        values = {f"{side}:{name}": value for name, value in ports.parameters.items()}
        _put(self.detail.execution.metadata, values)
        for name, artifacts in ports.artifacts.items():
            del lists[name].artifacts[:]
            for artifact in artifacts:
                _fill(lists[name].artifacts.add(), artifact)


def close_tasks(job: Any, state: str, message: str) -> None:
    """Give a final state to the tasks of a job that have none.

    Args:
        job: The plain `PipelineJob` message.
        state: The final state, for example `CANCELLED`.
        message: Why.
    """
    final = {Detail.State[name] for name in FINAL_TASK_STATES}
    for detail in job.job_detail.task_details:
        if detail.state not in final:
            detail.state = Detail.State[state]
            detail.end_time.GetCurrentTime()
            detail.error.code, detail.error.message = 1, message


def _fill(message: Any, artifact: Artifact) -> None:
    message.name = artifact.name
    message.display_name = artifact.key
    message.uri = artifact.uri
    message.schema_title = artifact.type.get("schemaTitle", "")
    message.schema_version = artifact.type.get("schemaVersion", "")
    message.state = message.State.LIVE
    _put(message.metadata, artifact.metadata)


def _put(struct: Any, values: Mapping[str, Any]) -> None:
    """Set fields of a `Struct`, None included, which `Struct.update` gets wrong in lists."""
    from google.protobuf import json_format, struct_pb2

    for name, value in values.items():
        fresh = struct_pb2.Value()
        json_format.ParseDict(value, fresh)
        struct.fields[name].CopyFrom(fresh)
