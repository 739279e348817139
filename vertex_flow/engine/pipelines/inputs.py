"""The inputs of a task: what its spec says they are, with the values they have in this run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import attrs

from vertex_flow.engine.pipelines.arguments import optional
from vertex_flow.engine.pipelines.parameters import cast, fits, plain, text, type_name
from vertex_flow.engine.pipelines.placeholders import View, every_path, of_executor
from vertex_flow.engine.pipelines.values import Artifact, Ports

_SELECTOR = re.compile(r"parseJson\(string_value\)(?P<steps>(?:\[[^\]]+\])*)")
_NUMBER = "NUMBER_DOUBLE"  # what a pipeline hands on as an integer may be any number
_STEP = re.compile(r"\[(?:\"([^\"]*)\"|'([^']*)'|(\d+))\]")


class InputError(ValueError):
    """An input of a task has no value, or cannot be read."""


@attrs.frozen(kw_only=True)
class Ended:
    """How a task ended.

    Attributes:
        state: Name of a `PipelineTaskDetail.State` that is final.
        outputs: What it gave.
        failed: Labels of the tasks that failed, itself or those below it.
        status: Its `PipelineTaskFinalStatus` as JSON.
    """

    state: str
    outputs: Ports = attrs.field(factory=Ports)
    failed: tuple[str, ...] = ()
    status: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def ok(self) -> bool:
        """Whether tasks that need it may run; a cache hit is as good as a run."""
        return self.state in ("SUCCEEDED", "SKIPPED")


@attrs.frozen(kw_only=True)
class Sources:
    """Where the inputs of a task come from.

    Attributes:
        scope: Inputs of the graph that the task is in.
        ended: How the tasks upstream ended, by name.
        words: The placeholders of the job, such as `pipeline_job_name`.
    """

    scope: Ports
    ended: Mapping[str, Ended]
    words: Mapping[str, Any]

    def resolve(self, task: Any, component: Any) -> Ports:
        """Give the inputs of a task.

        Args:
            task: Its `PipelineTaskSpec`.
            component: The `ComponentSpec` that it runs.

        Raises:
            InputError: A required input has no value.
            PlaceholderError: A placeholder in a constant stands for nothing.
        """
        values, keyed = self._references(task)
        artifacts = self._artifacts(task, component)
        self._constants(task, component, values, keyed)
        item = task.parameter_iterator.item_input  # each iteration has its own
        for name, spec in component.input_definitions.parameters.items():
            if name != item:
                _finish(name, spec, values, keyed)
        return Ports(parameters=values, artifacts=artifacts, keyed=keyed)

    def _references(self, task: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        values: dict[str, Any] = {}
        keyed: dict[str, Any] = {}
        for name, spec in task.inputs.parameters.items():
            found = self._reference(spec)
            if found is None:
                continue
            selector = spec.parameter_expression_selector
            values[name], keyed[name] = (_select(selector, item) for item in found)
        return values, keyed

    def _reference(self, spec: Any) -> tuple[Any, Any] | None:
        """Give a value that comes from elsewhere, and how the cache sees it."""
        kind = spec.WhichOneof("kind")
        if kind == "component_input_parameter":
            name = spec.component_input_parameter
            if self.scope.parameters.get(name) is None:
                return None
            return self.scope.parameters[name], self.scope.key_of(name)
        if kind == "task_output_parameter":
            source = spec.task_output_parameter
            outputs = self.ended[source.producer_task].outputs.parameters
            value = outputs.get(source.output_parameter_key)
            return None if value is None else (value, value)
        if kind == "task_final_status":
            status = dict(self.ended[spec.task_final_status.producer_task].status)
            return status, status
        return None

    def _artifacts(self, task: Any, component: Any) -> dict[str, tuple[Artifact, ...]]:
        found: dict[str, tuple[Artifact, ...]] = {}
        for name, spec in task.inputs.artifacts.items():
            artifacts = self._artifact(spec)
            if artifacts is not None:
                found[name] = artifacts
        item = task.artifact_iterator.item_input
        for name, spec in component.input_definitions.artifacts.items():
            if name not in found and name != item and not spec.is_optional:
                raise InputError(f"input {name!r} has no artifact: its producer gave none.")
        return found

    def _artifact(self, spec: Any) -> tuple[Artifact, ...] | None:
        if spec.WhichOneof("kind") == "component_input_artifact":
            return self.scope.artifacts.get(spec.component_input_artifact)
        source = spec.task_output_artifact
        return self.ended[source.producer_task].outputs.artifacts.get(source.output_artifact_key)

    def _constants(
        self, task: Any, component: Any, values: dict[str, Any], keyed: dict[str, Any]
    ) -> None:
        """Fill in constants and defaults; they may hold placeholders of other inputs."""
        constants = {
            name: _constant(spec.runtime_value)
            for name, spec in task.inputs.parameters.items()
            if spec.WhichOneof("kind") == "runtime_value"
        }
        for name, spec in component.input_definitions.parameters.items():
            if values.get(name) is None and name not in constants:
                constants[name] = plain(spec.default_value)
        full = View(values=_view(values, self.words), keep=of_executor)
        stable = View(values=_view(keyed, {}), keep=every_path)
        for name, value in constants.items():
            if value is None:
                continue
            values[name], keyed[name] = full.fill_deep(value), stable.fill_deep(value)


def _finish(name: str, spec: Any, values: dict[str, Any], keyed: dict[str, Any]) -> None:
    kind = type_name(spec)
    if kind == "TASK_CONFIG":
        values.setdefault(name, {})
    if values.get(name) is not None:
        keyed[name] = _as(kind, keyed.get(name, values[name]))
        values[name] = _as(kind, values[name])
        if not fits(_NUMBER if kind == "NUMBER_INTEGER" else kind, values[name]):
            raise InputError(f"input {name!r} is {values[name]!r}: expected {kind}.")
    elif not optional(spec):
        raise InputError(f"input {name!r} has no value: its producer gave none.")


def _as(kind: str, value: Any) -> Any:
    """Give a value the type of an input; every value can be taken as a text."""
    return text(value) if kind == "STRING" else cast(kind, value)


def _view(parameters: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, Any]:
    return {**words, "inputs": {"parameters": dict(parameters)}}


def _constant(value: Any) -> Any:
    """Give a `ValueOrRuntimeParameter` that is a constant."""
    if value.WhichOneof("value") == "constant":
        return plain(value.constant)
    old = value.constant_value  # the form of schema 2.0, still valid in 2.1
    kind = old.WhichOneof("value")
    return None if kind is None else getattr(old, kind)


def _select(selector: str, value: Any) -> Any:
    """Give the part of a value that a loop over dicts asks for."""
    if not selector:
        return value
    match = _SELECTOR.fullmatch(selector)
    if match is None:
        raise InputError(f"parameter_expression_selector {selector!r} is not supported.")
    found = json.loads(value) if isinstance(value, str) else value
    try:
        for double, single, index in _STEP.findall(match["steps"]):
            found = found[int(index)] if index else found[double or single]
    except (KeyError, IndexError, TypeError) as error:
        raise InputError(f"{selector!r} finds nothing in {value!r}.") from error
    return found
