"""Protocol buffer messages, whether wrapped by proto-plus or not.

The types in `google.cloud.aiplatform_v1` are proto-plus classes; operations and the well-known
types are plain ones. These functions let the rest of the engine treat both alike.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from typing import Any, TypeVar

M = TypeVar("M")


def raw(message: Any) -> Any:
    """Give the plain message behind a message; changes to it show in the wrapper."""
    kind = type(message)
    return kind.pb(message) if hasattr(kind, "pb") else message


def raw_kind(kind: type[Any]) -> Any:
    """Give the plain message class behind a message class."""
    return kind.pb() if hasattr(kind, "pb") else kind


def wrap(kind: type[M], message: Any) -> M:
    """Give a plain message as an instance of `kind`."""
    wrapped: M = kind.wrap(message) if hasattr(kind, "wrap") else message  # type: ignore[attr-defined]
    return wrapped


def full_name(kind: type[Any]) -> str:
    """Name a message class in full, for example `google.cloud.aiplatform.v1.CustomJob`."""
    name: str = raw_kind(kind).DESCRIPTOR.full_name
    return name


def short_name(kind: type[Any]) -> str:
    """Name a message class as a user knows it, for example `CustomJob`."""
    return full_name(kind).rsplit(".", 1)[-1]


def encode(message: Any) -> bytes:
    """Serialise a message."""
    data: bytes = raw(message).SerializeToString()
    return data


def decode(kind: type[M], data: bytes) -> M:
    """Read a message of class `kind` back from `encode`."""
    return wrap(kind, raw_kind(kind).FromString(data))


def stamp(message: Any, *fields: str) -> None:
    """Set some timestamps of a message to the present moment.

    Args:
        message: The message.
        fields: Names of its timestamp fields.
    """
    now = datetime.now(timezone.utc)
    for field in fields:
        set_time(message, field, now)


def set_time(message: Any, field: str, moment: datetime) -> None:
    """Set a timestamp of a message; the types of Google's messages know no `datetime`."""
    setattr(message, field, moment)


def renew_etag(message: Any) -> None:
    """Give a message the etag of what it says now."""
    message.etag = ""
    message.etag = hashlib.sha256(encode(message)).hexdigest()[:16]


def seconds(duration: Any) -> float | None:
    """Give a duration field in seconds, or None when it is not set."""
    return duration.total_seconds() or None if duration else None


def to_json(message: Any, *, integer_enums: bool = False) -> dict[str, Any]:
    """Give a message as JSON, with the names that Vertex AI's REST API uses.

    Args:
        message: The message.
        integer_enums: Write enum values as numbers, as `$alt=json;enum-encoding=int` asks for.
    """
    from google.protobuf import json_format

    body: dict[str, Any] = json_format.MessageToDict(
        raw(message), use_integers_for_enums=integer_enums
    )
    return body
