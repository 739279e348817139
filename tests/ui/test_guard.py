"""What requests have to show, and what answers say to the browser."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.ui.told import BASE, ENTRY, PORT, ToldSite, facts, visitor

CANCEL = "/console/runs/one/cancel"


@pytest.fixture
def stranger() -> TestClient:
    return visitor(ToldSite(facts()), let_in=False)


@pytest.fixture
def friend() -> TestClient:
    return visitor(ToldSite(facts()))


def test_without_a_key_the_page_says_how_to_get_in(stranger: TestClient) -> None:
    answer = stranger.get("/console/runs")
    assert answer.status_code == 401
    assert "vertex-flow ui --home &#39;my home&#39;" in answer.text


def test_a_key_gets_a_cookie_that_only_this_site_is_sent(stranger: TestClient) -> None:
    answer = stranger.get(ENTRY.url())
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 303
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/console/" in cookie


def test_a_key_leads_to_the_page_without_it(stranger: TestClient) -> None:
    answer = stranger.get(f"{ENTRY.url('runs')}&q=a+b")
    assert answer.headers["location"] == "/console/runs?q=a+b"


def test_a_key_of_slashes_leads_nowhere_else(stranger: TestClient) -> None:
    answer = stranger.get(ENTRY.url("/evil.example/"))
    assert answer.headers["location"] == "/console//evil.example/"


def test_a_wrong_key_gets_nothing(stranger: TestClient) -> None:
    answer = stranger.get("/console/?key=9999999999-abc")
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)


def test_the_cookie_lets_in(friend: TestClient) -> None:
    assert friend.get("/console/runs").status_code == 200


def test_the_root_without_a_slash(stranger: TestClient) -> None:
    assert stranger.get("/console").headers["location"] == "/console/"


def test_another_host_gets_nothing(friend: TestClient) -> None:
    answer = friend.get("/console/runs", headers={"host": "evil.example"})
    assert (answer.status_code, answer.text) == (
        403,
        "The Host header names another server than this one.\n",
    )


@pytest.mark.parametrize("origin", [None, "null", "http://127.0.0.1:1", "http://evil.example"])
def test_a_change_from_another_page_is_refused(friend: TestClient, origin: str | None) -> None:
    answer = friend.post(CANCEL, headers={"origin": origin} if origin else {})
    assert (answer.status_code, answer.text) == (
        403,
        "The request comes from another page than the console's.\n",
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_change_from_its_own_page_is_made(friend: TestClient, host: str) -> None:
    answer = friend.post(CANCEL, headers={"origin": f"http://{host}:{PORT}"})
    assert answer.status_code == 303


def test_a_change_needs_the_cookie(stranger: TestClient) -> None:
    assert stranger.post(CANCEL, headers={"origin": BASE}).status_code == 401


def test_a_change_is_none_of_a_get(friend: TestClient) -> None:
    assert friend.get(CANCEL).status_code == 405


def test_styles_need_no_key(stranger: TestClient) -> None:
    assert stranger.get("/console/static/console.css").status_code == 200


@pytest.mark.parametrize("path", ["/console/static/../app.py", "/console/static/%2e%2e/app.py"])
def test_nothing_beside_the_styles_is_given(stranger: TestClient, path: str) -> None:
    assert "application" not in stranger.get(path).text


@pytest.mark.parametrize(
    "path", ["/console/runs", "/console/static/live.js", "/console/nowhere", "/console/runs/none"]
)
def test_every_answer_is_sealed(friend: TestClient, path: str) -> None:
    headers = friend.get(path).headers
    assert headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
