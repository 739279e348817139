"""From an HTTP request's path, query and body to a request message, as Google's servers do it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vertex_flow.engine.api.errors import ApiError, invalid
from vertex_flow.engine.api.messages import raw_kind, wrap
from vertex_flow.errors import nearest

_UNKNOWN = re.compile(r'has no field named "(?P<name>[^"]*)" at "(?P<path>[^"]*)"')
_STEP = re.compile(r"Failed to parse (?P<field>\S+) field: ")
_TAIL = re.compile(r" at [A-Z]\w*(\.[\w\[\].]+)?\.*$")
_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")
# Query parameters that every Google API takes; those that start with "$" are their newer names.
_SYSTEM = frozenset(
    {"alt", "key", "prettyPrint", "quotaUser", "fields", "access_token", "userProject"}
)


def build(
    kind: type[Any],
    *,
    path: Mapping[str, str],
    query: Mapping[str, str | Sequence[str]],
    body: Any,
    body_field: str,
) -> Any:
    """Make a request message.

    Args:
        kind: The request's message class.
        path: Values of the path's variables, by field path.
        query: Query parameters, in camelCase or snake_case.
        body: The parsed JSON body, or None.
        body_field: The field that the body is, `*` for the whole request, or empty for no body.

    Raises:
        ApiError: INVALID_ARGUMENT that names the field that does not fit.
    """
    message = raw_kind(kind)()
    if body_field:
        _merge_body(message, body, body_field)
    elif body:
        raise invalid("Invalid JSON payload received: this method takes no request body.")
    for name, value in query.items():
        if not name.startswith("$") and name not in _SYSTEM:
            _merge_query(message, name, value)
    for name, text in path.items():
        _set(message, name, text)
    _check_depth(message)
    return wrap(kind, message)


def read(kind: type[Any], body: Mapping[str, Any], *, at: str) -> Any:
    """Make a message from the JSON object that a field of a request holds.

    Args:
        kind: The message's class.
        body: The object, with names in camelCase or snake_case.
        at: The field, for the error.

    Raises:
        ApiError: INVALID_ARGUMENT that names what does not fit.
    """
    message = raw_kind(kind)()
    _parse(dict(body), message, at=at)
    _check_depth(message)
    return wrap(kind, message)


def snake(path: str) -> str:
    """Turn a field path in camelCase into snake_case."""
    return _HUMP.sub(lambda match: "_" + match[1].lower(), path)


def camel(path: str) -> str:
    """Turn a field path in snake_case into camelCase."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), path)


def _merge_body(message: Any, body: Any, body_field: str) -> None:
    body = {} if body is None else body
    if not isinstance(body, dict):
        raise invalid("Invalid JSON payload received. Expected an object at the root of the body.")
    if body_field == "*":
        _parse(body, message, at="")
        return
    part = getattr(message, body_field)
    part.SetInParent()
    _parse(body, part, at=body_field)


def _merge_query(message: Any, name: str, value: str | Sequence[str]) -> None:
    *parents, leaf = snake(name).split(".")
    part = message
    for parent in parents:
        part = getattr(part, _field(part, parent, name).name)
    field = _field(part, leaf, name)
    texts = [value] if isinstance(value, str) else list(value)
    values = [_query_value(field, text, name) for text in texts]
    given = values if field.is_repeated else values[-1]
    _parse({field.name: given}, part, at="", query=name)


def _field(message: Any, name: str, query: str) -> Any:
    fields = message.DESCRIPTOR.fields_by_name
    if name not in fields:
        raise invalid(
            f'Invalid JSON payload received. Unknown name "{query}": Cannot bind query parameter. '
            f"Field '{name}' could not be found in request message."
            f"{nearest(name, list(fields))}"
        )
    return fields[name]


def _query_value(field: Any, text: str, query: str) -> Any:
    """Give a query parameter's text as the JSON that stands for its value."""
    if field.type == field.TYPE_BOOL:
        if text.lower() not in ("true", "false"):
            raise invalid(f"Invalid value at '{snake(query)}' (TYPE_BOOL), \"{text}\"")
        return text.lower() == "true"
    if field.type == field.TYPE_ENUM and text.lstrip("-").isdigit():
        return int(text)
    if field.message_type and field.message_type.full_name == "google.protobuf.FieldMask":
        return ",".join(camel(path.strip()) for path in text.split(","))
    return text


def _parse(body: dict[str, Any], message: Any, *, at: str, query: str = "") -> None:
    from google.protobuf import json_format

    try:
        json_format.ParseDict(body, message)
    except (json_format.ParseError, TypeError, ValueError, RecursionError) as error:
        raise _refusal(str(error), message, at=at, query=query) from error


def _check_depth(message: Any) -> None:
    """Refuse a message that can be built and stored, but never be read again."""
    from google.protobuf.message import DecodeError

    try:
        type(message).FromString(message.SerializeToString())
    except DecodeError as error:
        raise invalid(
            "Invalid JSON payload received. It is nested too deeply: messages may be in one "
            "another 100 deep; an object counts three times, a list twice."
        ) from error


def _refusal(text: str, message: Any, *, at: str, query: str) -> ApiError:
    """Say in Google's words what `json_format` found wrong."""
    unknown = _UNKNOWN.search(text)
    if unknown:
        return _unknown_name(unknown, text, message, at=at)
    fields = [match["field"] for match in _STEP.finditer(text)]
    why = _TAIL.sub("", _STEP.sub("", text).rstrip(".")).rstrip(".")
    where = query or ".".join(part for part in (at, *fields) if part)
    return invalid(f"Invalid value at '{snake(where) or 'the body'}': {why}.")


def _unknown_name(unknown: re.Match[str], text: str, message: Any, *, at: str) -> ApiError:
    # The path that json_format gives starts with the message's own name, which callers never see.
    below = unknown["path"].removeprefix(message.DESCRIPTOR.name).lstrip(".")
    where = ".".join(part for part in (at, snake(below)) if part)
    place = f" at '{where}'" if where else ""
    known = re.findall(r"'(\w+)'", text.partition("Available Fields")[2])
    return invalid(
        f'Invalid JSON payload received. Unknown name "{unknown["name"]}"{place}: '
        f"Cannot find field.{nearest(unknown['name'], known)}"
    )


def _set(message: Any, path: str, text: str) -> None:
    *parents, leaf = path.split(".")
    for parent in parents:
        message = getattr(message, parent)
    setattr(message, leaf, text)
