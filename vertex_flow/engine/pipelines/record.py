"""What is known of a pipeline job while it runs: its state and that of each task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from google.cloud.aiplatform_v1.types import Execution, PipelineJob, PipelineState
from google.cloud.aiplatform_v1.types import PipelineTaskDetail as Detail

from vertex_flow.engine.pipelines.inputs import Ended
from vertex_flow.engine.pipelines.journal import Journal, Kept
from vertex_flow.engine.pipelines.lineage import RunLineage
from vertex_flow.engine.pipelines.values import Artifact, Ports
from vertex_flow.engine.state.store import Store

INTERRUPTED = "The engine was stopped during this task; it was started again."
_UNAVAILABLE = 14
_EXECUTION_STATES = {
    "RUNNING": Execution.State.RUNNING,
    "SUCCEEDED": Execution.State.COMPLETE,
    "FAILED": Execution.State.FAILED,
    "CANCELLED": Execution.State.CANCELLED,
    "SKIPPED": Execution.State.CACHED,
}
FINAL_STATES = ("SUCCEEDED", "FAILED", "CANCELLED")
FINAL_TASK_STATES = ("SUCCEEDED", "CANCELLED", "FAILED", "SKIPPED", "NOT_TRIGGERED")


class Record:
    """A pipeline job that runs, and its tasks.

    Every change of a task is in the journal before anything follows from it. The job itself is
    saved when its own state changes; who reads the stored job meanwhile calls `flush` first.

    Args:
        job: The job.
        store: Where it is kept.
        kept: Tasks that an engine before this one has begun; they go on as they were.

    Attributes:
        job: The job; read it, and change it through the methods only.
        journal: What is kept of its tasks.
        lineage: What it leaves in Vertex ML Metadata.
        transaction: Has all that is written inside stored at once.
    """

    def __init__(self, job: PipelineJob, store: Store, kept: Iterable[Kept] = ()) -> None:
        self.job = job
        self.journal = Journal(store, job.name)
        self._pb = PipelineJob.pb(job)
        self.lineage = RunLineage(store, self._pb)
        self.transaction = store.transaction
        self._store = store
        self._dirty = False
        self._kept = {one.place: one for one in kept if not one.past}
        self._details = {one.task_id: one for one in self._pb.job_detail.task_details}

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
        if state in FINAL_STATES:
            pb.end_time.FromDatetime(now)
        if message:
            pb.error.code, pb.error.message = code, message
        if state in FINAL_STATES:
            self._over()
        else:
            self.save()

    def first_fault(self, labels: Iterable[str]) -> str:
        """Tell why the first of the failed tasks failed, for those who see the job's error alone.

        Args:
            labels: The tasks that failed, as the job's error names them.
        """
        last = {one.task_unique_name: one for one in self._pb.job_detail.task_details}
        failed = {label: last[label.replace(" > ", ".")] for label in labels}
        first = min(failed, key=lambda label: failed[label].end_time.ToNanoseconds(), default="")
        return f"\n{first}: {failed[first].error.message}" if first else ""

    def task(self, name: str, path: tuple[str, ...], parent: int, schema: str) -> TaskRecord:
        """Add a task, in state PENDING; one that was begun before a restart is given again.

        Args:
            name: The task's name.
            path: Names of the tasks that it is in and its own.
            parent: Id of the task that it is in, or 0.
            schema: Schema of its execution, for example `system.ContainerExecution`.
        """
        kept = self._kept.pop((parent, ".".join(path)), None)
        if kept is not None:
            return TaskRecord(self._details[kept.detail.task_id], self, kept.ended)
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

    def leave_behind(self, parent: int) -> None:
        """Note that the tasks inside a task belong to an attempt of it that has failed."""
        details = self._pb.job_detail.task_details
        self.journal.leave_behind(one for one in details if one.parent_task_id == parent)

    def touch(self) -> None:
        """Note that something changed."""
        self._pb.update_time.GetCurrentTime()
        self._dirty = True

    def flush(self) -> None:
        """Save what has changed."""
        if self._dirty:
            self.save()

    def save(self) -> None:
        """Save the job now."""
        self._pb.update_time.GetCurrentTime()
        self._store.save(self.job)
        self._dirty = False

    def _over(self) -> None:
        """Save the job for good: it holds what the journal does."""
        with self._store.transaction():
            self.lineage.over()
            self.save()
            self.journal.clear()


class TaskRecord:
    """One task of a pipeline job, as clients see it.

    Attributes:
        detail: Its `PipelineTaskDetail`.
        ended: How it had ended before the engine was restarted, or None.
        interrupted: Whether it was running when an engine before this one was stopped.
    """

    def __init__(self, detail: Any, record: Record, ended: Ended | None = None) -> None:
        self.detail = detail
        self.ended = ended
        self.interrupted = detail.state == Detail.State.RUNNING
        self._record = record

    @property
    def id(self) -> int:
        """Its id."""
        number: int = self.detail.task_id
        return number

    @property
    def retries(self) -> int:
        """How many retries it has used; a start after the engine was stopped is none."""
        return sum(
            entry.state == Detail.State.PENDING and entry.error.message not in ("", INTERRUPTED)
            for entry in self.detail.pipeline_task_status
        )

    @property
    def attempt(self) -> str:
        """What the present attempt is known by in its job."""
        return f"{self.id}-{self.retries}"

    def state(self, state: str, *, code: int = 0, message: str = "") -> None:
        """Set its state; nothing happens when it is in that state.

        Args:
            state: Name of a `PipelineTaskDetail.State`.
            code: A `google.rpc.Code`, with a message.
            message: Why it failed, was cancelled, or is tried again.
        """
        if self._change(state, code, message):
            self.keep()

    def end(self, ended: Ended, *, code: int = 0, message: str = "") -> None:
        """Set its final state, and keep what it gave.

        Args:
            ended: How it ended.
            code: A `google.rpc.Code`, with a message.
            message: Why it failed.
        """
        self._change(ended.state, code, message)
        with self._record.transaction():
            self._record.lineage.task(self.detail)
            self._record.journal.end(self.detail, ended)
        self._record.touch()

    def retry(self, *, code: int, message: str) -> None:
        """Go back to PENDING for another attempt; what is inside it will be made anew.

        Args:
            code: The `google.rpc.Code` of the attempt that failed.
            message: Why it failed.
        """
        with self._record.transaction():
            self._record.leave_behind(self.id)
            self.state("PENDING", code=code, message=message)

    def start_again(self) -> None:
        """Note that the engine was stopped during an attempt, which is made again."""
        self.interrupted = False
        self.state("PENDING", code=_UNAVAILABLE, message=INTERRUPTED)

    def keep(self) -> None:
        """Store it as it is."""
        with self._record.transaction():
            self._record.lineage.task(self.detail)
            self._record.journal.write(self.detail)
        self._record.touch()

    def _change(self, state: str, code: int, message: str) -> bool:
        detail = self.detail
        if detail.state == Detail.State[state] and not message:
            return False
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
        return True

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


def merge(job: Any, kept: Iterable[Kept]) -> None:
    """Bring the tasks of a stored job to what its journal says.

    Args:
        job: The plain `PipelineJob` message.
        kept: What the journal gives.
    """
    details = job.job_detail.task_details
    known = {detail.task_id: detail for detail in details}
    for one in kept:
        (known.get(one.detail.task_id) or details.add()).CopyFrom(one.detail)


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
