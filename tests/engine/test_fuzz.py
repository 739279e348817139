"""Every method that is served, with requests that nobody would write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine import fuzz
from vertex_flow.engine.api.rpc import Rpc
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.engine.engine import Engine
from vertex_flow.engine.state.home import Home

# The same requests each time, so that a failure is one that can be looked at.
_SETTINGS = settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@cache
def _methods() -> dict[str, Rpc]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        home.create()
        engine = Engine(home, endpoint="http://127.0.0.1:1")
        return {rpc.id.removeprefix("projects.locations."): rpc for rpc in engine.router.rpcs}


@pytest.fixture(scope="module")
def http(engine: EmbeddedEngine) -> Iterator[httpx.Client]:
    token = {"authorization": f"Bearer {engine.token}"}
    with httpx.Client(base_url=engine.endpoint, headers=token, timeout=120) as client:
        yield client


@pytest.mark.parametrize("method", sorted(_methods()))
def test_no_request_is_too_strange_to_be_answered(http: httpx.Client, method: str) -> None:
    rpc = _methods()[method]

    @_SETTINGS
    @given(request=fuzz.requests(rpc))
    def ask(request: tuple[str, dict[str, str], object]) -> None:
        path, query, body = request
        content = None if body is None else json.dumps(body).encode()
        response = http.request(rpc.verb, path, params=query, content=content)
        assert response.status_code != 500, f"{rpc.verb} {path} {query} {body}\n{response.text}"
        if response.status_code >= 400:
            error = response.json()["error"]
            assert error["code"] == response.status_code
            assert error["message"]

    ask()


@pytest.mark.parametrize("method", sorted(name for name in _methods() if name.endswith(".list")))
def test_what_was_stored_can_be_listed(http: httpx.Client, method: str) -> None:
    path = fuzz.requests(_methods()[method])

    @_SETTINGS
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        where, _, _ = data.draw(path)
        assert http.get(where).status_code in (200, 400, 404)

    ask()
