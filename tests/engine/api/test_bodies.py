"""Bodies of requests that stop coming."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from vertex_flow.calls import TRANSIENT
from vertex_flow.engine.api import bodies
from vertex_flow.errors import ApiError


def test_a_body_that_stops_coming_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a code that clients, ours and Google's, take for a reason to send it again."""
    monkeypatch.setattr(bodies, "_PATIENCE", 0.05)
    parts: list[dict[str, Any]] = [{"type": "http.request", "body": b"half", "more_body": True}]

    async def receive() -> dict[str, Any]:
        return parts.pop() if parts else await asyncio.Future()

    request = Request({"type": "http", "headers": []}, receive)
    with pytest.raises(ApiError, match=r"408.* body did not come: 0\.05 s without any") as caught:
        asyncio.run(bodies.read(request, 100))
    assert caught.value.code in TRANSIENT
