"""Answers of model servers, which are programs of anybody: read up to a length, and no further."""

from __future__ import annotations

import httpx

from vertex_flow.engine.api.errors import internal

_LARGEST = 64 * 1024 * 1024  # bytes
# What is not true any more of a body that was read and decoded.
_OF_TRANSFER = (b"content-encoding", b"content-length", b"transfer-encoding")


async def whole(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """Send a request, and read its answer.

    Raises:
        ApiError: INTERNAL for an answer of more than 64 MiB, or with a status that HTTP has not.
        httpx.RequestError: There is no answer, or it breaks off.
    """
    answer = await begun(client, request)
    content = bytearray()
    try:
        async for part in answer.aiter_bytes():
            content += part
            if len(content) > _LARGEST:
                raise internal(
                    f"The model server's answer is too long: more than {_LARGEST} bytes."
                )
    finally:
        await answer.aclose()
    headers = [pair for pair in answer.headers.raw if pair[0].lower() not in _OF_TRANSFER]
    return httpx.Response(answer.status_code, headers=headers, content=bytes(content))


async def begun(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """Send a request, and give its answer as soon as it begins; whoever asked closes it.

    Raises:
        ApiError: INTERNAL for a status that HTTP has not.
        httpx.RequestError: There is no answer.
    """
    answer = await client.send(request, stream=True)
    if 200 <= answer.status_code <= 599:
        return answer
    await answer.aclose()
    raise internal(f"The model server answered with a status of {answer.status_code}.")
