"""The outputs of a graph: which task inside gives which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vertex_flow.engine.pipelines.inputs import Ended
from vertex_flow.engine.pipelines.values import Artifact, Ports


def of_graph(dag: Any, ended: Mapping[str, Ended]) -> Ports:
    """Give the outputs of a graph whose tasks have ended.

    An output whose task was not triggered is absent; of several tasks that can give one, such as
    the branches of a condition, the first that did counts.

    Args:
        dag: A `DagSpec`.
        ended: How its tasks ended, by name.
    """
    parameters: dict[str, Any] = {}
    for name, spec in dag.outputs.parameters.items():
        for selector in _parameter_selectors(spec):
            given = ended[selector.producer_subtask].outputs.parameters
            if selector.output_parameter_key in given:
                parameters[name] = given[selector.output_parameter_key]
                break
    artifacts: dict[str, tuple[Artifact, ...]] = {}
    for name, spec in dag.outputs.artifacts.items():
        for selector in spec.artifact_selectors:
            found = ended[selector.producer_subtask].outputs.artifacts
            if selector.output_artifact_key in found:
                artifacts[name] = found[selector.output_artifact_key]
                break
    return Ports(parameters=parameters, artifacts=artifacts)


def of_loop(component: Any, iterations: Sequence[Ports]) -> Ports:
    """Collect the outputs of a loop's iterations into lists, in their order.

    Args:
        component: The `ComponentSpec` that is repeated.
        iterations: Outputs of each; one that lacks an output is passed over.
    """
    declared = component.output_definitions
    return Ports(
        parameters={
            name: [given.parameters[name] for given in iterations if name in given.parameters]
            for name in declared.parameters
        },
        artifacts={
            name: tuple(item for given in iterations for item in given.artifacts.get(name, ()))
            for name in declared.artifacts
        },
    )


def _parameter_selectors(spec: Any) -> Iterable[Any]:
    if spec.WhichOneof("kind") == "value_from_oneof":
        selectors: Iterable[Any] = spec.value_from_oneof.parameter_selectors
        return selectors
    return (spec.value_from_parameter,)
