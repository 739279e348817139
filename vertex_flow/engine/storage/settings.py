"""Which fields of a bucket or an object a request may set, and what the engine makes of each."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from vertex_flow.engine.api.errors import invalid, unimplemented
from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED, Level
from vertex_flow.errors import nearest

_LARGEST_METADATA = 8 * 1024  # bytes
_LARGEST = 256 * 1024  # bytes of all fields together; each list reads those of its whole page
_LABEL = re.compile(r"[\w-]{0,63}")

OBJECT: dict[str, Level] = {
    "acl": SIMULATED,
    "cacheControl": HONOURED,
    "contentDisposition": HONOURED,
    "contentEncoding": HONOURED,
    "contentLanguage": HONOURED,
    "contentType": HONOURED,
    "contexts": SIMULATED,
    "customTime": HONOURED,
    "customerEncryption": REFUSED,
    "eventBasedHold": REFUSED,
    "kmsKeyName": REFUSED,
    "metadata": HONOURED,
    "retention": REFUSED,
    "storageClass": SIMULATED,
    "temporaryHold": REFUSED,
}
BUCKET: dict[str, Level] = {
    "acl": SIMULATED,
    "autoclass": SIMULATED,
    "billing": SIMULATED,
    "cors": SIMULATED,
    "customPlacementConfig": SIMULATED,
    "defaultEventBasedHold": REFUSED,
    "defaultObjectAcl": SIMULATED,
    "encryption": SIMULATED,
    "hierarchicalNamespace": REFUSED,
    "iamConfiguration": SIMULATED,
    "ipFilter": REFUSED,
    "labels": HONOURED,
    "lifecycle": SIMULATED,
    "location": SIMULATED,
    "logging": SIMULATED,
    "objectRetention": REFUSED,
    "retentionPolicy": REFUSED,
    "rpo": SIMULATED,
    "softDeletePolicy": SIMULATED,
    "storageClass": SIMULATED,
    "versioning": REFUSED,
    "website": SIMULATED,
}
# What the service sets itself; clients send it back with the rest.
_OUTPUT = frozenset(
    {
        "bucket",
        "componentCount",
        "crc32c",
        "etag",
        "generation",
        "hardDeleteTime",
        "id",
        "kind",
        "locationType",
        "md5Hash",
        "mediaLink",
        "metageneration",
        "name",
        "owner",
        "projectNumber",
        "restoreToken",
        "retentionExpirationTime",
        "satisfiesPZI",
        "satisfiesPZS",
        "selfLink",
        "size",
        "softDeleteTime",
        "timeCreated",
        "timeDeleted",
        "timeFinalized",
        "timeStorageClassUpdated",
        "updated",
    }
)
_TEXTS = frozenset(
    {
        "cacheControl",
        "contentDisposition",
        "contentEncoding",
        "contentLanguage",
        "contentType",
        "customTime",
        "location",
        "rpo",
        "storageClass",
    }
)
_MAPS = ("metadata", "labels")
_OFF: tuple[Any, ...] = (None, False, {}, {"enabled": False}, [])

Fields = dict[str, Any]


def settable(body: Any, levels: Mapping[str, Level]) -> Fields:
    """Give the fields that a request sets; None stands for one that it clears.

    Args:
        body: The JSON of the request.
        levels: `OBJECT` or `BUCKET`.

    Raises:
        ApiError: INVALID_ARGUMENT for a field that there is none of or that is of another type,
            UNIMPLEMENTED for one that only the cloud has.
    """
    if not isinstance(body, dict):
        raise invalid(f"The body is to be a JSON object, not {type(body).__name__}.")
    fields = {name: value for name, value in body.items() if name not in _OUTPUT}
    for name, value in fields.items():
        _check(name, value, levels)
    size = len(json.dumps(fields))
    if size > _LARGEST:
        raise invalid(f"The fields have {size} bytes; at most {_LARGEST} are allowed.")
    return {name: value for name, value in fields.items() if levels[name] is not REFUSED}


def merged(facts: Fields, changes: Fields) -> Fields:
    """Give fields with some of them changed, cleared or, for maps, merged.

    Args:
        facts: The fields.
        changes: What `settable` gave; None clears a field, or an entry of a map.
    """
    found = dict(facts)
    for name, value in changes.items():
        found[name] = value
        if name in _MAPS and value is not None:
            entries = {**facts.get(name, {}), **value}
            found[name] = {key: text for key, text in entries.items() if text is not None}
    return {name: value for name, value in found.items() if value is not None}


def _check(name: str, value: Any, levels: Mapping[str, Level]) -> None:
    if name not in levels:
        raise invalid(f"Unknown name {name!r}: Cannot find field.{nearest(name, list(levels))}")
    if levels[name] is REFUSED and value not in _OFF:
        raise unimplemented(
            f"{name!r} is a setting of Cloud Storage that the local engine does not have: it "
            "would promise what files on this machine do not keep. Leave it out."
        )
    if name in _TEXTS and not _is_text(value):
        raise invalid(f"Invalid value for {name!r}: expected a text of one line, not {value!r}.")
    if name in _MAPS:
        _check_map(name, value)


def _is_text(value: Any) -> bool:
    """Tell whether a value can stand in a header, where a line break would begin another one."""
    return value is None or (isinstance(value, str) and value.isprintable())


def _check_map(name: str, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, dict) or not all(isinstance(v, str | None) for v in value.values()):
        raise invalid(f"Invalid value for {name!r}: expected texts by name, not {value!r}.")
    size = sum(len(key.encode()) + len((text or "").encode()) for key, text in value.items())
    if size > _LARGEST_METADATA:
        raise invalid(
            f"Invalid value for {name!r}: it has {size} bytes; at most {_LARGEST_METADATA} are "
            "allowed."
        )
    if name == "metadata":
        return
    for key, text in value.items():
        if not key or not _LABEL.fullmatch(key) or not _LABEL.fullmatch(text or ""):
            raise invalid(
                f"Invalid label {key!r}: {text!r}: keys and values are up to 63 letters, digits, "
                "'_' and '-'."
            )
