"""Bodies of requests that are JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from vertex_flow.engine.api.errors import invalid

_DEEPEST = 64  # levels of lists and objects in each other; Google's own parsers take 100


def parsed(data: bytes | str) -> Any:
    """Parse JSON; None for an empty body.

    Raises:
        ApiError: INVALID_ARGUMENT when it is none, nested too deeply, or could not be sent back:
            with a number or a letter that JSON does not have, such as NaN or half a letter.
    """
    if not data.strip():
        return None
    try:
        value = json.loads(data)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise invalid(f"Invalid JSON payload received. {error}.") from error
    _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
    raise invalid(f"Invalid JSON payload received. It is nested more than {_DEEPEST} levels deep.")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
