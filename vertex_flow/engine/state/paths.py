"""Paths of fields: what filters, orders and masks call a part of a message."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

import attrs

from vertex_flow.engine.api.binding import snake
from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.api.messages import raw
from vertex_flow.errors import nearest

# What the kinds of a `google.protobuf.Value` are here.
_KINDS: dict[str, type] = {"number_value": float, "string_value": str, "bool_value": bool}
# Names that Vertex AI's filters take besides a message's own fields.
_ALIASES = {
    "PipelineJob": {
        "pipeline_name": "pipeline_spec.pipelineInfo.name",
        "pipeline_job_user_id": "@id",
    },
    "Model": {"model": "@id"},
    "Endpoint": {"endpoint": "@id"},
}


@attrs.frozen
class Path:
    """A field of a message, or something in one of its maps or structs.

    Attributes:
        steps: Field names and keys; `@id` stands for the last part of the name.
        field: The descriptor of the field that the path ends in, or None in a map or struct.
    """

    steps: tuple[str, ...]
    field: Any = None

    def value(self, message: Any) -> Any:
        """Read the field; None when it is not set."""
        found: Any = raw(message)
        for step in self.steps:
            found = _step(found, step)
            if found is None:
                return None
        return self._plain(found)

    def sortable(self, message: Any) -> str | float:
        """Read the field as something that JSON and `<` both take."""
        value = self.value(message)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return value
        return 0.0 if value is None and self._time() else str(value or "")

    @property
    def kind(self) -> type | None:
        """The type of a value in a struct whose last step tells it, else None."""
        return _KINDS.get(self.steps[-1]) if self.field is None else None

    def _time(self) -> bool:
        kind = self.field.message_type if self.field is not None else None
        return kind is not None and kind.full_name == "google.protobuf.Timestamp"

    def _plain(self, found: Any) -> Any:
        if self._time():
            return found.ToDatetime(tzinfo=timezone.utc)
        if self.field is not None and self.field.enum_type is not None:
            value = self.field.enum_type.values_by_number.get(found)
            return value.name if value else str(found)
        return found


def path(name: str, descriptor: Any, where: str) -> Path:
    """Find a field by its name in camelCase or snake_case, with dots for what is in it.

    Args:
        name: For example `display_name`, `labels.team` or `labels."my-key"`.
        descriptor: The descriptor of the message.
        where: What the name is part of, for the error.

    Raises:
        ApiError: INVALID_ARGUMENT when there is no such field.
    """
    first, *rest = _parts(name)
    aliases = _ALIASES.get(descriptor.name, {})
    first = snake(first)
    if first in aliases and not rest:
        return Path(tuple(aliases[first].split(".")))
    steps: list[str] = []
    parts = [first, *rest]
    while parts:
        part = snake(parts[0])
        field = descriptor.fields_by_name.get(part)
        if field is None:
            known = [*descriptor.fields_by_name, *aliases]
            raise invalid(
                f'Invalid {where}: {descriptor.name} has no field "{parts[0]}".'
                f"{nearest(part, known)}"
            )
        steps.append(part)
        parts = parts[1:]
        if not parts:
            return Path(tuple(steps), field)
        if _open(field):
            return Path((*steps, *parts))
        if field.message_type is None:
            raise invalid(f'Invalid {where}: "{".".join(steps)}" has no fields.')
        descriptor = field.message_type
    return Path(tuple(steps))


def _parts(name: str) -> list[str]:
    """Split a path at its dots; a quoted part may hold dots itself."""
    found = re.findall(r'"([^"]*)"|([^."]+)', name)
    return [quoted or plain for quoted, plain in found] or [name]


def _open(field: Any) -> bool:
    """Tell whether any key may follow: the field is a map or a struct."""
    kind = field.message_type
    if kind is None:
        return False
    return kind.GetOptions().map_entry or kind.full_name in (
        "google.protobuf.Struct",
        "google.protobuf.Value",
    )


def _step(found: Any, step: str) -> Any:
    """Go one field or key deeper; None when it is not there."""
    if step == "@id":
        return found.name.rsplit("/", 1)[-1]
    if hasattr(found, "WhichOneof") and found.DESCRIPTOR.full_name == "google.protobuf.Value":
        found = getattr(found, found.WhichOneof("kind") or "null_value")
    if hasattr(found, "DESCRIPTOR") and found.DESCRIPTOR.full_name == "google.protobuf.Struct":
        return found[step] if step in found.fields else None
    if hasattr(found, "keys"):
        return found.get(step)
    return _field(found, step) if hasattr(found, "DESCRIPTOR") else _typed(found, step)


def _typed(found: Any, step: str) -> Any:
    """Give a value of a struct when it is of the kind that `number_value` and the like name."""
    return found if isinstance(found, _KINDS.get(step, ())) else None


def _field(found: Any, step: str) -> Any:
    field = found.DESCRIPTOR.fields_by_name.get(step)
    if field is None or (field.has_presence and not found.HasField(step)):
        return None
    return getattr(found, step)
