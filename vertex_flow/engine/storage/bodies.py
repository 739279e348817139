"""The bodies of requests: read with patience and up to a length, and parsed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

from starlette.requests import Request

from vertex_flow.engine.api.errors import cancelled, invalid

_PATIENCE = 60.0  # the longest that a caller may take between two parts of a body, in seconds
_DEEPEST = 64  # levels of lists and objects in each other; Google's own parsers take 100


async def chunks(request: Request) -> AsyncIterator[bytes]:
    """Give a body as it comes in.

    Raises:
        ApiError: CANCELLED when nothing comes for too long.
    """
    parts = request.stream()
    while True:
        try:
            chunk = await asyncio.wait_for(anext(parts), _PATIENCE)
        except StopAsyncIteration:
            return
        except asyncio.TimeoutError as error:
            raise cancelled(
                f"The request's body did not come: {_PATIENCE:g} s without any."
            ) from error
        yield chunk


async def read(request: Request, longest: int) -> bytes:
    """Read a body that is not to be longer than so many bytes.

    Raises:
        ApiError: INVALID_ARGUMENT when it is.
    """
    data = bytearray()
    async for chunk in chunks(request):
        data += chunk
        if len(data) > longest:
            raise invalid(f"Request payload size exceeds the limit: {longest} bytes.")
    return bytes(data)


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
