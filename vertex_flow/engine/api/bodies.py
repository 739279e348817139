"""The bodies of requests: read with patience, and up to a length."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request

from vertex_flow.engine.api.errors import invalid, stalled
from vertex_flow.errors import ApiError

_PATIENCE = 60.0  # the longest that a caller may take between two parts of a body, in seconds


async def chunks(request: Request) -> AsyncIterator[bytes]:
    """Give a body as it comes in.

    Raises:
        ApiError: 408 when nothing comes for too long.
    """
    parts = request.stream()
    while True:
        try:
            chunk = await asyncio.wait_for(anext(parts), _PATIENCE)
        except StopAsyncIteration:
            return
        except asyncio.TimeoutError as error:
            raise stalled(
                f"The request's body did not come: {_PATIENCE:g} s without any."
            ) from error
        yield chunk


async def read(request: Request, longest: int) -> bytes:
    """Read a body, and stop reading as soon as it is longer than so many bytes.

    Raises:
        ApiError: INVALID_ARGUMENT when it is; 408 when nothing comes for too long.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > longest:
        raise _too_long(longest)
    data = bytearray()
    async for chunk in chunks(request):
        data += chunk
        if len(data) > longest:
            raise _too_long(longest)
    return bytes(data)


def _too_long(longest: int) -> ApiError:
    return invalid(f"Request payload size exceeds the limit: {longest} bytes.")
