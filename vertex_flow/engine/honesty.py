"""What the engine honours, simulates and refuses, collected from its services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from vertex_flow.engine import (
    batch_predictions,
    endpoints,
    jobs,
    metadata,
    models,
    operations,
    pipelines,
    schedules,
    tensorboards,
    training_pipelines,
    tuning,
)
from vertex_flow.engine.api.rpc import Rpc
from vertex_flow.engine.api.support import HONOURED, REFUSED, Level

_SERVICES = (
    jobs,
    tuning,
    training_pipelines,
    pipelines,
    schedules,
    models,
    endpoints,
    batch_predictions,
    metadata,
    tensorboards,
    operations,
)


@attrs.frozen
class Row:
    """One line of the table in the docs.

    Attributes:
        message: The message, for example `CustomJob`, or the id of a method.
        field: The field's path in it; empty for the message as a whole, and for a method.
        level: What the engine makes of it.
        note: A sentence on it, or empty.
    """

    message: str
    field: str
    level: Level
    note: str


def fields() -> dict[str, Level]:
    """Collect the levels that the services declare."""
    levels: dict[str, Level] = {}
    for service in _SERVICES:
        levels.update(_declared(service, "FIELDS"))
    return levels


def table(rpcs: Iterable[Rpc] = ()) -> tuple[Row, ...]:
    """Give the table of what is honoured, simulated and refused, for the docs.

    Args:
        rpcs: Methods that are served; each gets a row before those of the fields.
    """
    notes: dict[str, str] = {}
    for service in _SERVICES:
        notes.update(_declared(service, "NOTES"))
    rows = [Row(rpc.id, "", _method(rpc), notes.get(rpc.id, "")) for rpc in rpcs]
    for path, level in fields().items():
        message, _, field = path.partition(".")
        rows.append(Row(message, field, level, notes.get(path, "")))
    return tuple(rows)


def _method(rpc: Rpc) -> Level:
    refused = any(rpc.id in _declared(service, "REFUSED_METHODS") for service in _SERVICES)
    return REFUSED if refused else HONOURED


def _declared(service: Any, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(service, name, {})
    return found
