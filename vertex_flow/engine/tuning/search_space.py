"""The search space of a study: its parameters, their values, and which are active together."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Value = float | int | str
Values = dict[str, Value]

DOUBLE = "double_value_spec"
INTEGER = "integer_value_spec"
DISCRETE = "discrete_value_spec"
CATEGORICAL = "categorical_value_spec"
_KINDS = (DOUBLE, INTEGER, DISCRETE, CATEGORICAL)


def kind(spec: Any) -> str | None:
    """Give the field that says what a parameter may be, or None when none is set.

    Args:
        spec: A `StudySpec.ParameterSpec`.
    """
    return next((name for name in _KINDS if name in spec), None)


def choices(spec: Any) -> Sequence[Value] | None:
    """Give the values of a parameter in order, or None when there are infinitely many."""
    match kind(spec):
        case "integer_value_spec":
            bounds = spec.integer_value_spec
            return range(bounds.min_value, bounds.max_value + 1)
        case "discrete_value_spec":
            return sorted(spec.discrete_value_spec.values)
        case "categorical_value_spec":
            return list(spec.categorical_value_spec.values)
    bounds = spec.double_value_spec
    return [bounds.min_value] if bounds.min_value == bounds.max_value else None


def children(spec: Any, value: Value) -> list[Any]:
    """Give the parameters that are active when a parameter has a value."""
    return [
        condition.parameter_spec
        for condition in spec.conditional_parameter_specs
        if value in condition_values(condition)
    ]


def condition_values(condition: Any) -> list[Value]:
    """Give the values of the parent under which a conditional parameter is active."""
    for field in ("parent_discrete_values", "parent_int_values", "parent_categorical_values"):
        if field in condition:
            return list(getattr(condition, field).values)
    return []


def enumerable(specs: Iterable[Any]) -> bool:
    """Tell whether a search space has finitely many points."""
    return all(
        choices(spec) is not None
        and enumerable(condition.parameter_spec for condition in spec.conditional_parameter_specs)
        for spec in specs
    )


def points(specs: Sequence[Any]) -> Iterator[Values]:
    """Give every point of an enumerable search space; the last parameter changes fastest."""
    if not specs:
        yield {}
        return
    first, *rest = specs
    for value in choices(first) or ():
        for below in points([*children(first, value), *rest]):
            yield {first.parameter_id: value, **below}


def size(specs: Sequence[Any], limit: int) -> int:
    """Count the points of a search space, up to a limit; infinite ones count as the limit."""
    if not enumerable(specs):
        return limit
    return sum(1 for _ in itertools.islice(points(specs), limit))


def as_argument(value: Value) -> str:
    """Write a value as a program's argument; whole numbers without a decimal point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def as_values(specs: Sequence[Any], given: Mapping[str, Any]) -> Values:
    """Give the parameters of a trial in the types that they were suggested in.

    Args:
        specs: The search space.
        given: Value by parameter as the API shows it, where every number is a float.
    """
    found: Values = {}
    for spec in specs:
        if spec.parameter_id not in given:
            continue
        value = given[spec.parameter_id]
        value = int(value) if kind(spec) == INTEGER else value
        found[spec.parameter_id] = value
        found |= as_values(children(spec, value), given)
    return found
