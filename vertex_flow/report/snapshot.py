"""What a pipeline job says of itself at one moment, stage by stage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import cached_property
from typing import Any

import attrs

from vertex_flow.names import TUNING_JOBS, job_collection
from vertex_flow.report.blueprint import Blueprint
from vertex_flow.report.blueprint import tasks_of as _tasks
from vertex_flow.report.metrics import by_class
from vertex_flow.report.states import is_over, look
from vertex_flow.report.structs import mapping as _mapping
from vertex_flow.report.structs import plain_struct as _plain
from vertex_flow.report.structs import state_name as _name
from vertex_flow.report.trials import Trials

_NEVER = datetime.max.replace(tzinfo=timezone.utc)


@attrs.frozen
class Artifact:
    """An artifact that a stage put out.

    Attributes:
        schema_title: Its type, for example `system.Model`.
        uri: Where it is.
        metadata: Facts about it; for metrics, the numbers.
    """

    schema_title: str
    uri: str
    metadata: Mapping[str, Any]


@attrs.frozen
class StageRun:
    """How one stage of a run went.

    Attributes:
        name: Name of the stage.
        state: `PENDING`, `RUNNING`, `SUCCEEDED`, `REUSED` (all from earlier results), `FAILED`,
            `CANCELLED`, `NOT_TRIGGERED` when its condition did not hold, or `NOT_REACHED` when
            the run failed or was cancelled before.
        start: When it started, or None.
        end: When it ended, or None.
        outputs: Parameters that it put out, by name.
        artifacts: Artifacts that it put out, by name.
    """

    name: str
    state: str
    start: datetime | None
    end: datetime | None
    outputs: Mapping[str, Any]
    artifacts: Mapping[str, Artifact]

    @property
    def metrics(self) -> dict[str, float]:
        """All numbers of the stage's metrics artifacts, by name."""
        return {
            name: value
            for artifact in self.artifacts.values()
            if artifact.schema_title == "system.Metrics"
            for name, value in artifact.metadata.items()
            if isinstance(value, (int, float)) and not isinstance(value, bool)
        }

    @property
    def trials(self) -> Trials:
        """The trials of a search, when it has ended; empty for a stage that is none."""
        return Trials.of(self.outputs)

    @property
    def seconds(self) -> float | None:
        """How long it took, or None while it has not ended."""
        if self.start is None or self.end is None:
            return None
        return (self.end - self.start).total_seconds()

    def _repr_html_(self) -> str:
        """What stands for it in a notebook: its metrics, outputs and artifacts."""
        from vertex_flow.report.html import render

        overall, classes = by_class(self.metrics)
        return render(
            "stage",
            stage=self,
            state=look(self.state).word,
            metrics=list(overall.items()),
            classes=classes,
            outputs=[item for item in self.outputs.items() if item[0] != "trials"],
            artifacts=[(name, one.schema_title, one.uri) for name, one in self.artifacts.items()],
        )


@attrs.frozen
class Failure:
    """The first task that failed.

    Attributes:
        stage: Name of its stage, or None.
        task: Name of the task.
        reason: What it reported.
        resources: Names of what it made and waited for: jobs, operations.
        job: Name of the custom job that its own container ran in, or the empty text.
    """

    stage: str | None
    task: str
    reason: str
    resources: tuple[str, ...] = ()
    job: str = ""


class Snapshot:
    """A pipeline job at one moment.

    Args:
        job: The `PipelineJob` message.

    Attributes:
        name: Resource name.
        flow: Name of the flow: the display name.
        state: `PENDING`, `RUNNING`, `SUCCEEDED`, `FAILED`, `CANCELLING` or `CANCELLED`.
        reason: The job's own error, or the empty text.
        start: When it started, or was created while it has not.
        end: When it ended, or None.
        labels: Its labels.
        root: Folder of its outputs, a URI; those of each task are below it.
        service_account: E-mail address of the identity that it runs as, or the empty text.
    """

    def __init__(self, job: Any) -> None:
        self.name: str = job.name
        self.flow: str = job.display_name
        self.state: str = _name(job.state).removeprefix("PIPELINE_STATE_")
        self.reason: str = job.error.message if job.error else ""
        self.start: datetime | None = job.start_time or job.create_time
        self.end: datetime | None = job.end_time or None
        self.labels: dict[str, str] = dict(job.labels)
        self.service_account: str = job.service_account
        self.root: str = job.runtime_config.gcs_output_directory
        self._details = list(job.job_detail.task_details)
        self._job = job

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """Values of the pipeline parameters that were set, by name."""
        return _plain(self._job.runtime_config.parameter_values) or {}

    @cached_property
    def spec(self) -> Mapping[str, Any]:
        """The compiled pipeline; empty while the service reads a template."""
        return _plain(self._job.pipeline_spec) or {}  # takes longer than all the rest

    @cached_property
    def blueprint(self) -> Blueprint:
        """What its compiled pipeline consists of."""
        return Blueprint(self.spec)

    @cached_property
    def known_parameters(self) -> dict[str, Any]:
        """Values of its pipeline's parameters, the defaults included."""
        declared = self.blueprint.given
        defaults = {name: _mapping(one).get("defaultValue") for name, one in declared.items()}
        known = {name: value for name, value in defaults.items() if value is not None}
        return {**known, **self.parameters}

    @property
    def details(self) -> tuple[Any, ...]:
        """Its tasks at all depths, as `PipelineTaskDetail` messages."""
        return tuple(self._details)

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return is_over(self.state)

    @property
    def is_waiting(self) -> bool:
        """Whether the run waits for its first task."""
        return self.state in ("QUEUED", "PENDING") and not self._details

    @cached_property
    def stages(self) -> tuple[StageRun, ...]:
        """Each stage of the flow, those of a condition that did not hold included."""
        return tuple(self._stage_run(name) for name in self._components)

    def tunes(self, stage: str) -> bool:
        """Whether a stage runs a hyperparameter tuning job."""
        tasks = _tasks(self._components[stage])
        return any(job_collection(name) == TUNING_JOBS for name in tasks)

    def first_failure(self) -> Failure | None:
        """The failed task that ended first, of those that have no failed task inside."""
        failed = [one for one in self._details if _name(one.state) == "FAILED"]
        outer = {one.parent_task_id for one in failed}
        inner = [one for one in failed if one.task_id not in outer]
        if not inner:
            return None
        first = min(inner, key=lambda one: one.end_time or _NEVER)
        return Failure(
            self._stage_of(first),
            first.task_name,
            first.error.message,
            _resources(first),
            first.executor_detail.container_detail.main_job,
        )

    def jobs(self, stage: str) -> tuple[str, ...]:
        """Names of the custom and tuning jobs behind the tasks of a stage, in order."""
        found: list[str] = []
        for one in self._details:
            if self._stage_of(one) == stage:
                found += _resources(one)
                found.append(one.executor_detail.container_detail.main_job)
        return tuple(dict.fromkeys(one for one in found if "Jobs/" in one))

    def tasks(self, stage: str) -> tuple[Any, ...]:
        """The task details inside a stage, of those inside its parts too, by their start."""
        inside = [
            one
            for one in self._details
            if self._stage_of(one) == stage and self._outermost(one) is not one
        ]
        return tuple(sorted(inside, key=lambda one: one.start_time or _NEVER))

    def given(self, stage: str, name: str) -> tuple[Any, ...]:
        """The values that the tasks of a stage were given for an input parameter.

        Args:
            stage: Name of the stage.
            name: Name of the input.
        """
        own = [one for one in self._details if self._stage_of(one) == stage]
        found = [_metadata(one).get(f"input:{name}") for one in own]
        return tuple(value for value in found if value is not None)

    def resource(self, schema_title: str) -> str | None:
        """Resource name of what the run made of a kind, the last of several; None for nothing.

        Args:
            schema_title: The kind, `google.VertexModel` for example.
        """
        names = [
            artifact.metadata.get("resourceName")
            for stage in self.stages
            for artifact in stage.artifacts.values()
            if artifact.schema_title == schema_title
        ]
        return next((str(name) for name in reversed(names) if name), None)

    @cached_property
    def _by_id(self) -> dict[int, Any]:
        return {one.task_id: one for one in self._details}

    @cached_property
    def _components(self) -> dict[str, Mapping[str, Any]]:
        """Component of each stage: the tasks of the root and of the conditions below it."""
        plan = self.blueprint
        return {name: plan.component(path) for name, path in plan.stages.items()}

    def _stage_run(self, name: str) -> StageRun:
        detail = self._detail(name)
        outputs, artifacts = self._outputs(name)
        return StageRun(
            name=name,
            state=self._state(detail),
            start=detail.start_time if detail else None,
            end=detail.end_time if detail else None,
            outputs=outputs,
            artifacts=artifacts,
        )

    @cached_property
    def _is_broken(self) -> bool:
        """Whether stages may be left out for another reason than their condition."""
        failed = any(_name(one.state) == "FAILED" for one in self._details)
        return failed or self.state in ("FAILED", "CANCELLING", "CANCELLED")

    def _state(self, detail: Any) -> str:
        if detail is None and not self.is_over:
            return "PENDING"
        if detail is None or _name(detail.state) == "NOT_TRIGGERED":
            return "NOT_REACHED" if self._is_broken else "NOT_TRIGGERED"
        state = _name(detail.state)
        leaves = [_name(one.state) for one in self._details if one.parent_task_id == detail.task_id]
        if state == "SUCCEEDED" and leaves and set(leaves) == {"SKIPPED"}:
            return "REUSED"
        return {"SKIPPED": "REUSED"}.get(state, state)

    def _detail(self, name: str) -> Any:
        """The stage's own task; one of the same name inside a stage is another one."""
        for one in self._details:
            if one.task_name == name and self._outermost(one) is one:
                return one
        return None

    def _stage_of(self, detail: Any) -> str | None:
        stage = self._outermost(detail)
        return None if stage is None else str(stage.task_name)

    def _outermost(self, detail: Any) -> Any:
        """The task of the stage that a task is in, or is itself."""
        found, seen = None, set[int]()
        while detail is not None and detail.task_id not in seen:
            seen.add(detail.task_id)
            if detail.task_name in self._components:
                found = detail
            parent = detail.parent_task_id
            detail = self._by_id.get(parent) if parent else None
        return found

    def _outputs(self, name: str) -> tuple[dict[str, Any], dict[str, Artifact]]:
        declared = _mapping(_mapping(self._components[name].get("dag")).get("outputs"))
        parameters: dict[str, Any] = {}
        artifacts: dict[str, Artifact] = {}
        for key, source in _mapping(declared.get("parameters")).items():
            for selector in _selectors(source):
                task = self._inner(name, selector.get("producerSubtask", ""))
                found = _metadata(task).get(f"output:{selector.get('outputParameterKey')}")
                if found is not None:
                    parameters.setdefault(key, found)
        for key, source in _mapping(declared.get("artifacts")).items():
            for selector in _mapping(source).get("artifactSelectors", []):
                task = self._inner(name, selector.get("producerSubtask", ""))
                artifact = _artifact(task, selector.get("outputArtifactKey", ""))
                if artifact is not None:
                    artifacts.setdefault(key, artifact)
        return parameters, artifacts

    def _inner(self, stage: str, task: str) -> Any:
        outer = self._detail(stage)
        if outer is None:
            return None
        for one in self._details:
            if one.parent_task_id == outer.task_id and one.task_name == task:
                return one
        return None


def _selectors(output: Any) -> list[Mapping[str, Any]]:
    """Where an output comes from; with `dsl.OneOf`, whichever of several tasks has run."""
    source = _mapping(output)
    if "valueFromParameter" in source:
        return [_mapping(source["valueFromParameter"])]
    return list(_mapping(source.get("valueFromOneof")).get("parameterSelectors", []))


def _metadata(detail: Any) -> dict[str, Any]:
    if detail is None or not detail.execution:
        return {}
    return dict(_plain(detail.execution.metadata) or {})  # an empty Struct reads as None


def _resources(detail: Any) -> tuple[str, ...]:
    """Names in a task's `gcp_resources`, which Google's components put out while they wait."""
    text = _metadata(detail).get("output:gcp_resources")
    try:
        found = json.loads(text)["resources"] if isinstance(text, str) else []
        uris = [str(one["resourceUri"]) for one in found]
    except (LookupError, TypeError, ValueError):
        return ()
    return tuple(uri.rpartition("/v1/")[2] for uri in uris)


def _artifact(detail: Any, key: str) -> Artifact | None:
    found = detail.outputs.get(key) if detail is not None else None
    if found is None or not found.artifacts:
        return None
    one = found.artifacts[0]
    return Artifact(one.schema_title, one.uri, _plain(one.metadata) or {})
