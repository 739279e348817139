"""The parameters and artifacts that a pipeline job is created with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.pipelines.parameters import cast, fits, plain, plain_struct, type_name
from vertex_flow.engine.pipelines.values import Artifact
from vertex_flow.errors import nearest


def artifacts(
    component: Any, given: Mapping[str, Any], find: Callable[[str], Any]
) -> dict[str, tuple[Artifact, ...]]:
    """Look up the artifacts that a job is given.

    Args:
        component: The root `ComponentSpec`.
        given: `runtime_config.input_artifacts`.
        find: Gives the artifact of an id from Vertex ML Metadata, or None when there is none.

    Raises:
        ApiError: INVALID_ARGUMENT that names every artifact that is unknown or missing.
    """
    inputs = component.input_definitions.artifacts
    found = {name: find(one.artifact_id) for name, one in sorted(given.items())}
    faults = [
        f"The pipeline has no input artifact {name!r}.{nearest(name, list(inputs))}"
        for name in found
        if name not in inputs
    ]
    faults += [
        f"{name!r}: there is no artifact {given[name].artifact_id!r} in the default metadata store."
        for name, artifact in found.items()
        if artifact is None
    ]
    faults += [
        f"Input artifact {name!r} is required: give it the id of an artifact."
        for name, spec in sorted(inputs.items())
        if not spec.is_optional and name not in found
    ]
    if faults:
        raise invalid(f"Invalid runtime_config.input_artifacts: {' '.join(faults)}")
    return {name: (_artifact(name, artifact),) for name, artifact in found.items()}


def _artifact(key: str, found: Any) -> Artifact:
    return Artifact(
        name=found.name,
        key=key,
        uri=found.uri,
        type={"schemaTitle": found.schema_title, "schemaVersion": found.schema_version},
        metadata=plain_struct(found.metadata),
    )


def check(component: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Check the parameter values of a job against the inputs of its pipeline.

    Args:
        component: The root `ComponentSpec`.
        values: `runtime_config.parameter_values`, as `google.protobuf.Value`.

    Returns:
        The given parameters with the Python type of their input; defaults are not filled in.

    Raises:
        ApiError: INVALID_ARGUMENT that names every parameter that is unknown, missing, or of
            another type.
    """
    inputs = component.input_definitions.parameters
    given = {name: plain(value) for name, value in values.items()}
    faults = [
        *_unknown(inputs, given),
        *_missing(component, given),
        *_mistyped(inputs, given),
    ]
    if faults:
        raise invalid(f"Invalid runtime_config.parameter_values: {' '.join(faults)}")
    return {
        name: cast(type_name(inputs[name]), value)
        for name, value in given.items()
        if value is not None
    }


def _unknown(inputs: Any, given: Mapping[str, Any]) -> list[str]:
    known = sorted(inputs)
    listed = f"It has {', '.join(map(repr, known))}." if known else "It has none."
    return [
        f"The pipeline has no parameter {name!r}.{nearest(name, known)} {listed}"
        for name in sorted(given.keys() - set(known))
    ]


def _missing(component: Any, given: Mapping[str, Any]) -> list[str]:
    return [
        f"Parameter {name!r} is required and has no value."
        for name, spec in sorted(component.input_definitions.parameters.items())
        if not optional(spec) and given.get(name) is None
    ]


def _mistyped(inputs: Any, given: Mapping[str, Any]) -> list[str]:
    faults = []
    for name, value in sorted(given.items()):
        kind = type_name(inputs[name]) if name in inputs else ""
        if value is not None and not fits(kind, value):
            faults.append(f"Parameter {name!r} is {value!r}: expected {kind}.")
        allowed = [plain(one) for one in inputs[name].literals] if name in inputs else []
        if allowed and value is not None and value not in allowed:
            faults.append(f"Parameter {name!r} is {value!r}: expected one of {allowed}.")
    return faults


def optional(spec: Any) -> bool:
    """Tell whether an input parameter may be left out."""
    return bool(spec.is_optional) or spec.HasField("default_value")
