"""What a pipeline job leaves in Vertex ML Metadata: contexts, executions, artifacts, events.

As on Vertex AI, a pipeline is a context, and each of its jobs a context in that one. A job has an
execution `system.Run` with the parameters that it was given, and one for each task; the artifacts
that tasks take and give are linked to theirs, and metrics also to the job's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.cloud.aiplatform_v1 import types
from google.protobuf import json_format

from vertex_flow.engine.api.messages import raw
from vertex_flow.engine.metadata import Lineage, ensure, renew
from vertex_flow.engine.pipelines.labels import RUN_LABEL
from vertex_flow.engine.state.store import Store

_VERSION = "0.0.1"
_STATES = types.Execution.State
_ENDED = {
    types.PipelineState.PIPELINE_STATE_SUCCEEDED: _STATES.COMPLETE,
    types.PipelineState.PIPELINE_STATE_FAILED: _STATES.FAILED,
    types.PipelineState.PIPELINE_STATE_CANCELLED: _STATES.CANCELLED,
}
_UNSEEN = (types.PipelineTaskDetail.State.PENDING, types.PipelineTaskDetail.State.NOT_TRIGGERED)


class RunLineage:
    """What one pipeline job leaves in Vertex ML Metadata.

    Args:
        store: Where it is kept.
        job: The plain `PipelineJob`; its contexts and the executions of its tasks are filled in.
    """

    def __init__(self, store: Store, job: Any) -> None:
        self._store = store
        self._job = job
        self._lineage = Lineage(store)
        self._home = f"{job.name.rpartition('/pipelineJobs/')[0]}/metadataStores/default"

    def begin(self, pipeline: str) -> None:
        """Make the contexts of the pipeline and of the job, and the job's execution.

        Args:
            pipeline: The pipeline's name.
        """
        detail = self._job.job_detail
        fresh = self._read(types.Execution, self._run) is None
        if not fresh and detail.pipeline_run_context.name:
            return  # an engine before this one has begun
        ensure(self._store, self._home)
        with self._store.transaction():
            outer = self._context(pipeline, "system.Pipeline")
            inner = self._context(self._job.name.rpartition("/")[2], "system.PipelineRun")
            if fresh:  # a deleted job of the same name has left its context
                self._lineage.forget(inner.name)
            self._lineage.adopt(outer.name, [inner.name])
            detail.pipeline_context.CopyFrom(outer)
            detail.pipeline_run_context.CopyFrom(raw(self._read(types.Context, inner.name)))
            if fresh:
                self._save_run({}, _STATES.RUNNING)

    def given(self, parameters: Mapping[str, Any]) -> None:
        """Show the parameters of the job, defaults included.

        Args:
            parameters: Their values by name.
        """
        self._save_run(parameters, _STATES.RUNNING)

    def task(self, detail: Any) -> None:
        """Show how a task is.

        Args:
            detail: Its plain `PipelineTaskDetail`; times and etags are filled in.
        """
        if detail.state in _UNSEEN and not detail.HasField("start_time"):
            return
        with self._store.transaction():
            self._task(detail)

    def _task(self, detail: Any) -> None:
        execution = renew(detail.execution)
        self._store.save(execution)
        members = {execution.name}
        if detail.HasField("end_time") and execution.schema_title != "system.DagExecution":
            members |= self._link(execution.name, detail.inputs.values(), types.Event.Type.INPUT)
            given = detail.outputs.values()
            members |= self._link(execution.name, given, types.Event.Type.OUTPUT)
            metrics = [one for one in _all(given) if one.schema_title == "system.Metrics"]
            self._record(self._run, metrics, types.Event.Type.OUTPUT)
        self._lineage.attach(self._context_name, members)

    def over(self) -> None:
        """Show how the job ended; no execution is left running."""
        ended = _ENDED[self._job.state]
        left = _STATES.CANCELLED if ended == _STATES.CANCELLED else _STATES.FAILED
        for detail in self._job.job_detail.task_details:
            if detail.execution.state == _STATES.RUNNING:
                detail.execution.state = left
                self._store.save(renew(detail.execution))
        self._save_run({}, ended)

    @property
    def _run(self) -> str:
        return f"{self._home}/executions/{self._job.labels[RUN_LABEL]}"

    @property
    def _context_name(self) -> str:
        name: str = self._job.job_detail.pipeline_run_context.name
        return name

    def _context(self, identifier: str, schema: str) -> Any:
        """Give the context of an id; when a user's is in the way, one beside it."""
        name = f"{self._home}/contexts/{identifier}"
        found = self._read(types.Context, name)
        if found is not None and found.schema_title != schema:
            suffix = schema.rpartition(".")[2].lower()
            return self._context(f"{identifier}-{suffix}", schema)
        if found is not None:
            return raw(found)
        fresh = types.Context.pb()(
            name=name, display_name=identifier, schema_title=schema, schema_version=_VERSION
        )
        self._store.insert(renew(fresh))
        return fresh

    def _save_run(self, parameters: Mapping[str, Any], state: Any) -> None:
        """Store the job's own execution."""
        found = self._read(types.Execution, self._run)
        identifier = self._job.name.rpartition("/")[2]
        run = raw(found) if found is not None else types.Execution.pb()(name=self._run)
        run.display_name, run.state = identifier, state
        run.schema_title, run.schema_version = "system.Run", _VERSION
        for name, value in parameters.items():
            json_format.ParseDict(value, run.metadata.fields[f"input:{name}"])
        self._store.save(renew(run))
        # Google's client lists the runs of a pipeline in the context of the pipeline.
        for context in (self._job.job_detail.pipeline_context.name, self._context_name):
            self._lineage.attach(context, [run.name])

    def _link(self, execution: str, lists: Iterable[Any], kind: Any) -> set[str]:
        """Link artifacts to an execution, and store those that are new; give their names."""
        artifacts = _all(lists)
        for artifact in artifacts:
            found = self._read(types.Artifact, artifact.name)
            if found is None:
                self._store.insert(renew(artifact))
            else:
                artifact.CopyFrom(raw(found))
        self._record(execution, artifacts, kind)
        return {artifact.name for artifact in artifacts}

    def _record(self, execution: str, artifacts: Iterable[Any], kind: Any) -> None:
        events = [types.Event.pb()(artifact=one.name, type_=int(kind)) for one in artifacts]
        self._lineage.record(execution, events)

    def _read(self, kind: Any, name: str) -> Any:
        return self._store.find(kind, name)


def refresh(job: Any, store: Store) -> None:
    """Bring the contexts of a job to what they are now, such as in which experiments they are.

    Args:
        job: The plain `PipelineJob`.
        store: Where the contexts are kept.
    """
    for context in (job.job_detail.pipeline_context, job.job_detail.pipeline_run_context):
        found = store.find(types.Context, context.name) if context.name else None
        if found is not None:
            context.CopyFrom(raw(found))


def _all(lists: Iterable[Any]) -> list[Any]:
    return [artifact for one in lists for artifact in one.artifacts]
