"""Raw answers on their way out: as they are, in parts, or in the message that the caller asked in.

Google's generated REST clients send a raw request as a `RawPredictRequest` in JSON, and read the
answer as an `HttpBody` in JSON, a stream as a list of them. Everybody else sends and gets bytes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from vertex_flow.engine.api.rpc import RawResponse


def passed_on(answer: RawResponse, *, wrapped: bool) -> Response:
    """Give a raw answer as the HTTP response.

    Args:
        answer: What a handler gave.
        wrapped: Whether the request was a message in JSON, so that the answer has to be one.
    """
    headers = {name.lower(): value for name, value in answer.headers.items()}
    if not wrapped or answer.status != 200:
        return _response(answer.body, answer.status, headers)
    content_type = headers.pop("content-type", "application/json")
    body = answer.body
    content = (
        json.dumps(_http_body(body, content_type)).encode()
        if isinstance(body, bytes)
        else _listed(body, content_type)
    )
    return _response(content, answer.status, {**headers, "content-type": "application/json"})


def _response(body: bytes | AsyncIterator[bytes], status: int, headers: dict[str, str]) -> Response:
    if isinstance(body, bytes):
        return Response(body, status, headers)
    return StreamingResponse(body, status, headers)


async def _listed(parts: AsyncIterator[bytes], content_type: str) -> AsyncIterator[bytes]:
    """Give parts as a JSON list, one item a part; nothing may come after its bracket."""
    mark = "["
    async for part in parts:
        yield (mark + json.dumps(_http_body(part, content_type))).encode()
        mark = ","
    yield b"[]" if mark == "[" else b"]"


def _http_body(data: bytes, content_type: str) -> dict[str, str]:
    return {"contentType": content_type, "data": base64.b64encode(data).decode()}
