"""The parameters that a pipeline job is created with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.pipelines.parameters import cast, fits, plain, type_name
from vertex_flow.errors import nearest


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
    faults = [
        f"Parameter {name!r} is required and has no value."
        for name, spec in sorted(component.input_definitions.parameters.items())
        if not optional(spec) and given.get(name) is None
    ]
    artifacts = component.input_definitions.artifacts
    faults += [
        f"Input artifact {name!r} is required; the local engine takes no input artifacts."
        for name, spec in sorted(artifacts.items())
        if not spec.is_optional
    ]
    return faults


def _mistyped(inputs: Any, given: Mapping[str, Any]) -> list[str]:
    faults = []
    for name, value in sorted(given.items()):
        kind = type_name(inputs[name]) if name in inputs else ""
        if value is not None and not fits(kind, value):
            faults.append(f"Parameter {name!r} is {value!r}: expected {kind}.")
    return faults


def optional(spec: Any) -> bool:
    """Tell whether an input parameter may be left out."""
    return bool(spec.is_optional) or spec.HasField("default_value")
