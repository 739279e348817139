"""Nested plain values, taken apart into what has a name of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_SHORT = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"\bstudy_spec_parameters\[([^\]]*)\]\.(?:[a-z]+_value_spec\.)?", r"search[\1]."),
        (r"\bstudy_spec_metrics\[", "metrics["),
        (r"\bworker_pool_specs\[0\]\.(?:(?:machine|disk|container)_spec\.)?", ""),
        (r"\bworker_pool_specs\[(\d+)\]\.(?:[a-z]+_spec\.)?", r"pool[\1]."),
    )
)
_NAMES = ("parameter_id", "metric_id", "parameterId", "metricId", "name", "key")


def flatten(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Give every value in a nested one with its path.

    Lists of plain values stay whole, such as the arguments of a command. Items of other lists are
    known by their ids where they have any, else by their numbers.

    Args:
        value: The nested value.
        name: The first part of the paths.
    """
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from flatten(item, f"{name}.{key}")
    elif isinstance(value, Sequence) and any(isinstance(item, Mapping) for item in value):
        for label, item in zip(_labels(value), value, strict=True):
            yield from flatten(item, f"{name}[{label}]")
    else:
        yield name, value


def short(path: str) -> str:
    """Shorten the path of a setting by what says nothing: the messages of Vertex AI around it."""
    for pattern, said in _SHORT:
        path = pattern.sub(said, path)
    return path


def _labels(items: Sequence[Any]) -> list[str]:
    numbers = [str(index) for index in range(len(items))]
    for key in _NAMES:
        found = [item.get(key) if isinstance(item, Mapping) else None for item in items]
        ids = [one for one in found if isinstance(one, str)]
        if len(set(ids)) == len(items):
            return ids
    return numbers


def same(values: Sequence[Any]) -> bool:
    """Tell whether values are equal; a truth value is no number, and NaN is equal to itself."""
    return all(_equal(values[0], value) for value in values[1:])


def prefix(texts: Sequence[str]) -> int:
    """Count the characters that texts begin with alike; 0 where all are one text."""
    if len(set(texts)) < 2:
        return 0
    first, last = min(texts), max(texts)
    pairs = enumerate(zip(first, last, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(first), len(last)))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    both_nan = one != one and other != other  # noqa: PLR0124 - NaN alone differs from itself
    return bool(one == other or both_nan)
