"""A pipeline spec, read and checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

import attrs

from vertex_flow.engine.api.errors import invalid, unimplemented
from vertex_flow.engine.pipelines.conditions import Condition, ConditionError, parse
from vertex_flow.engine.pipelines.ir import messages
from vertex_flow.engine.pipelines.parameters import plain_struct
from vertex_flow.errors import ApiError, nearest

_SCHEMA = "2.1"


@attrs.frozen(eq=False)
class Plan:
    """A pipeline spec that was read and checked.

    Attributes:
        spec: The `PipelineSpec` message.
        executors: The `ExecutorSpec` messages by label.
    """

    spec: Any
    executors: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The pipeline's name."""
        name: str = self.spec.pipeline_info.name
        return name

    def component(self, task: Any) -> Any:
        """Give the `ComponentSpec` that a task runs."""
        return self.spec.components[task.component_ref.name]

    def executor(self, component: Any) -> Any:
        """Give the `ExecutorSpec` of a component that is no graph."""
        return self.executors[component.executor_label]

    @cached_property
    def uses_workspace(self) -> bool:
        """Whether tasks of it share the job's workspace."""
        importers = (one.importer.download_to_workspace for one in self.executors.values())
        return any(importers) or "{{$.workspace_path}}" in str(self.spec)

    @cached_property
    def conditions(self) -> Mapping[str, Condition]:
        """Every condition, read, by its text."""
        written = {task.trigger_policy.condition for _, task in tasks(self.spec)} - {""}
        return {text: parse(text) for text in written}


def read(struct: Any) -> Plan:
    """Read and check a pipeline spec.

    Args:
        struct: The spec as a `google.protobuf.Struct`.

    Raises:
        ApiError: INVALID_ARGUMENT when it is no valid spec; UNIMPLEMENTED when it holds something
            that the local engine cannot run.
    """
    raw = plain_struct(struct)
    spec = _message(messages().PipelineSpec(), raw, "pipeline_spec")
    deployment = _message(
        messages().PipelineDeploymentConfig(),
        raw.get("deploymentSpec", raw.get("deployment_spec", {})),
        "pipeline_spec.deployment_spec",
    )
    plan = Plan(spec, dict(deployment.executors))
    _check(plan)
    return plan


def order(dag: Any) -> dict[str, list[str]]:
    """Give the tasks of a graph, each after the tasks that it waits for.

    Args:
        dag: A `DagSpec`.

    Returns:
        For each task the names of those that it waits for.

    Raises:
        CycleError: Tasks wait for each other.
    """
    needs = {name: upstream(task) for name, task in sorted(dag.tasks.items())}
    return {name: needs[name] for name in TopologicalSorter(needs).static_order()}


def upstream(task: Any) -> list[str]:
    """Name the tasks that a task waits for: those it depends on and those it takes inputs from."""
    names = set(task.dependent_tasks)
    for parameter in task.inputs.parameters.values():
        names.add(parameter.task_output_parameter.producer_task)
        names.add(parameter.task_final_status.producer_task)
    for artifact in task.inputs.artifacts.values():
        names.add(artifact.task_output_artifact.producer_task)
    return sorted(names - {""})


def graphs(spec: Any) -> Iterator[tuple[str, Any]]:
    """Give every graph of a spec with the name of its component; the root comes first."""
    yield "root", spec.root.dag
    for name, component in sorted(spec.components.items()):
        if component.WhichOneof("implementation") == "dag":
            yield name, component.dag


def tasks(spec: Any) -> Iterator[tuple[str, Any]]:
    """Give every task of a spec with its name, at all depths."""
    for _, dag in graphs(spec):
        yield from sorted(dag.tasks.items())


def _message(message: Any, value: Any, where: str) -> Any:
    from google.protobuf import json_format

    try:
        return json_format.ParseDict(value, message)
    except json_format.ParseError as error:
        raise invalid(f"Invalid {where}: {error}") from error


def _check(plan: Plan) -> None:
    spec = plan.spec
    if not spec.pipeline_info.name:
        raise invalid("Invalid pipeline_spec: pipeline_info.name is missing.")
    if not spec.schema_version.startswith(_SCHEMA):
        raise invalid(
            f"Invalid pipeline_spec: schema_version {spec.schema_version!r} is not supported; "
            f"expected {_SCHEMA}.x, as the KFP SDK 2 compiles it."
        )
    if not spec.root.dag.tasks:
        raise invalid("Invalid pipeline_spec: root.dag has no tasks.")
    for owner, dag in graphs(spec):
        _check_graph(plan, owner, dag)
    _check_nesting(spec)
    for label, executor in plan.executors.items():
        _check_executor(label, executor)


def _check_nesting(spec: Any) -> None:
    """Refuse components that are in themselves: their graphs would never end."""
    inside = {
        owner: {task.component_ref.name for task in dag.tasks.values()}
        for owner, dag in graphs(spec)
    }
    try:
        TopologicalSorter(inside).prepare()
    except CycleError as error:
        raise invalid(f"components are in themselves: {error.args[1]}") from error


def _check_graph(plan: Plan, owner: str, dag: Any) -> None:
    names = list(dag.tasks)
    for name, task in dag.tasks.items():
        where = f"task {name!r} of {owner!r}"
        if "/" in name or "\0" in name:
            raise invalid(f"{where}: a task's name has no slash, for it is part of its folder's.")
        for other in upstream(task):
            if other not in dag.tasks:
                raise invalid(f"{where} waits for {other!r}: no such task.{nearest(other, names)}")
        _check_component(plan, where, task)
        _check_condition(where, task)
    try:
        order(dag)
    except CycleError as error:
        raise invalid(f"tasks of {owner!r} wait for each other: {error.args[1]}") from error


def _check_component(plan: Plan, where: str, task: Any) -> None:
    name = task.component_ref.name
    if name not in plan.spec.components:
        hint = nearest(name, list(plan.spec.components))
        raise invalid(f"{where} runs {name!r}: no such component.{hint}")
    component = plan.spec.components[name]
    kind = component.WhichOneof("implementation")
    if kind is None:
        raise invalid(f"component {name!r} has neither a dag nor an executor_label.")
    if kind == "executor_label" and component.executor_label not in plan.executors:
        raise invalid(
            f"component {name!r} names the executor {component.executor_label!r}: "
            f"no such executor.{nearest(component.executor_label, list(plan.executors))}"
        )


def _check_condition(where: str, task: Any) -> None:
    written = task.trigger_policy.condition
    try:
        if written:
            parse(written)
    except ConditionError as error:
        raise invalid(f"{where}: {error}") from error


def _check_executor(label: str, executor: Any) -> None:
    kind = executor.WhichOneof("spec")
    if kind is None:
        raise invalid(f"executor {label!r} is empty.")
    if kind in ("resolver", "custom_job"):
        raise _unsupported(label, f"a {kind} executor")
    if executor.container.HasField("lifecycle"):
        raise _unsupported(label, "a lifecycle hook of a container")


def _unsupported(label: str, what: str) -> ApiError:
    return unimplemented(f"executor {label!r}: the local engine cannot run {what}.")
