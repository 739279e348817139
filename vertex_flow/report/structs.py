"""Reads messages and specs, which may hold anything where a pipeline is a foreign one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mapping(value: Any) -> Mapping[str, Any]:
    """Give what should be a mapping; an empty one where a foreign pipeline has something else."""
    return value if isinstance(value, Mapping) else {}


def state_name(state: Any) -> str:
    """Name a state; by its number where the service knows one that this client does not."""
    return str(getattr(state, "name", f"STATE_{state}"))


def plain_struct(struct: Any) -> Any:
    """Give a protobuf Struct as plain Python values, whole numbers as int."""
    if hasattr(struct, "items"):
        # Sorted: a Struct has no order, and gives another one every time.
        return {key: plain_struct(value) for key, value in sorted(struct.items())}
    if isinstance(struct, (str, bytes)) or struct is None:
        return struct
    if hasattr(struct, "__iter__"):
        return [plain_struct(value) for value in struct]
    if isinstance(struct, float) and struct.is_integer() and abs(struct) < 2**53:
        return int(struct)
    return struct
