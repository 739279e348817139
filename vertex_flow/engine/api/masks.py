"""Field masks: which fields of a resource an update changes, and which a read returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from vertex_flow.engine.api.binding import camel
from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.api.messages import raw
from vertex_flow.errors import nearest


def masked(message: Any, read_mask: Any) -> Any:
    """Give the part of a message that a read mask asks for.

    Args:
        message: A resource.
        read_mask: A `FieldMask`; an empty one asks for everything.

    Raises:
        ApiError: INVALID_ARGUMENT when the mask names a field that there is not.
    """
    if not read_mask.paths or "*" in read_mask.paths:
        return message
    part = type(message)()
    for path in read_mask.paths:
        _copy(raw(message), raw(part), path.split("."), path)
    return part


def _copy(source: Any, target: Any, steps: Sequence[str], path: str) -> None:
    """Copy one path of a mask; a path may go on into a struct, such as a pipeline's spec."""
    name, *rest = steps
    known = source.DESCRIPTOR.fields_by_name
    if name not in known:
        kind = source.DESCRIPTOR.name
        raise invalid(f"read_mask: {kind} has no field {path!r}.{nearest(name, list(known))}")
    field = known[name]
    if field.is_repeated:
        getattr(target, name).MergeFrom(getattr(source, name))
    elif field.message_type is None:
        setattr(target, name, getattr(source, name))
    elif source.HasField(name):
        _copy_message(getattr(source, name), getattr(target, name), rest, path)


def _copy_message(source: Any, target: Any, steps: Sequence[str], path: str) -> None:
    if not steps:
        target.CopyFrom(source)
    elif source.DESCRIPTOR.full_name != "google.protobuf.Struct":
        _copy(source, target, steps, path)
    else:
        # The names in a mask are in snake_case, those in a struct as whoever wrote them has them.
        for key in {steps[0], camel(steps[0])} & set(source.fields):
            target.fields[key].CopyFrom(source.fields[key])


def checked_paths(update_mask: Any, allowed: Iterable[str], *, kind: str) -> list[str]:
    """Give the fields that an update changes.

    Args:
        update_mask: A `FieldMask`.
        allowed: The fields that can be changed.
        kind: What the error calls the resource, for example `Model`.

    Returns:
        Top-level field names, at least one.

    Raises:
        ApiError: INVALID_ARGUMENT when the mask is empty or names another field.
    """
    names = sorted(allowed)
    if not update_mask.paths:
        raise invalid(f"update_mask is required; of a {kind}, {', '.join(names)} can change.")
    paths = [path.partition(".")[0] for path in update_mask.paths]
    for path in paths:
        if path not in names:
            raise invalid(
                f"update_mask: '{path}' of a {kind} cannot be updated; "
                f"{', '.join(names)} can.{nearest(path, names)}"
            )
    return list(dict.fromkeys(paths))


def copy_fields(source: Any, target: Any, paths: Iterable[str]) -> None:
    """Set fields of one message to what another has in them, empty ones included."""
    plain, other = raw(target), raw(source)
    for path in paths:
        plain.ClearField(path)
        part = type(other)()
        _mask(path).MergeMessage(other, part)
        plain.MergeFrom(part)


def _mask(path: str) -> Any:
    from google.protobuf import field_mask_pb2

    return field_mask_pb2.FieldMask(paths=[path])
