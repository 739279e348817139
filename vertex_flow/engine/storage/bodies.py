"""The bodies of requests: read with patience and up to a length, and parsed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request

from vertex_flow.engine.api.errors import cancelled, invalid

_PATIENCE = 60.0  # the longest that a caller may take between two parts of a body, in seconds


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
        ApiError: INVALID_ARGUMENT when it is none, or nested too deeply.
    """
    if not data.strip():
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise invalid(f"Invalid JSON payload received. {error}.") from error
