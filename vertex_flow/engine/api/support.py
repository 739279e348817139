"""What the engine makes of each field of a request: nothing is ignored in silence.

Every service module declares `FIELDS`, a dict from a path such as
`"CustomJob.job_spec.scheduling.timeout"` (a message's name, then proto field names) to one of

* `HONOURED`: has the effect that it has on Vertex AI;
* `SIMULATED`: accepted and kept, without effect here, for example machine types;
* `REFUSED`: the request fails and says so.

A path covers what is below it unless a longer path says otherwise; what no path covers is refused.
A module may also declare `NOTES`, a dict from the same paths to a sentence for the docs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from vertex_flow.engine.api.binding import snake
from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.api.messages import raw

Level = Literal["honoured", "simulated", "refused"]

HONOURED: Level = "honoured"
SIMULATED: Level = "simulated"
REFUSED: Level = "refused"

# The server sets these; as on Vertex AI, what a request says about them does not count.
_OUTPUT_ONLY = frozenset(
    {
        "name",
        "state",
        "error",
        "create_time",
        "start_time",
        "end_time",
        "update_time",
        "etag",
        "satisfies_pzs",
        "satisfies_pzi",
    }
)


def check(message: Any, fields: Mapping[str, Level]) -> None:
    """Refuse a message in which a field is set that the engine does not support.

    A message that no path in `fields` begins with is not judged itself; the messages in it are.

    Args:
        message: A request, or a resource.
        fields: Levels by path.

    Raises:
        ApiError: INVALID_ARGUMENT that names the field.
    """
    plain = raw(message)
    names = {path.partition(".")[0] for path in fields}
    if plain.DESCRIPTOR.name in names:
        _check(plain, plain.DESCRIPTOR.name, "", fields)
        return
    for field, value in plain.ListFields():
        kind = field.message_type.name if field.message_type else ""
        if kind in names and not field.is_repeated:
            _check(value, kind, field.name, fields)


def _check(message: Any, path: str, shown: str, fields: Mapping[str, Level]) -> None:
    top = "." not in path
    for field, value in message.ListFields():
        if top and field.name in _OUTPUT_ONLY:
            continue
        below = f"{path}.{field.name}"
        where = f"{shown}.{field.name}" if shown else field.name
        for place, item in _items(field, value, where):
            _check_field(item, below, place, fields)


def _items(field: Any, value: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Give a field's messages, each with its place; a plain value comes as None."""
    kind = field.message_type
    entry = kind.fields_by_name["value"] if kind and kind.GetOptions().map_entry else field
    if entry.message_type is None:
        yield where, None
    elif entry is not field:
        for key in value:
            yield f"{where}[{key!r}]", value[key]
    elif field.is_repeated:
        for index, item in enumerate(value):
            yield f"{where}[{index}]", item
    else:
        yield where, value


def _check_field(item: Any, path: str, shown: str, fields: Mapping[str, Level]) -> None:
    longer = any(other.startswith(f"{path}.") for other in fields)
    if longer and item is not None:
        _check(item, path, shown, fields)
        return
    if _level(path, fields) in (HONOURED, SIMULATED):
        return
    raise invalid(
        f"The local engine does not support '{snake(shown)}': it would have no effect here. "
        "Leave it out, or send the request to Vertex AI."
    )


def _level(path: str, fields: Mapping[str, Level]) -> Level | None:
    """Give the level of the longest path that covers this one."""
    while path:
        if path in fields:
            return fields[path]
        path = path.rpartition(".")[0]
    return None
