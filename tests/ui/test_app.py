"""The console as an application: what it says when something goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ui.told import ToldSite, facts, visitor
from vertex_flow.errors import ApiError, EngineError, SettingError


class Broken(ToldSite):
    """A place that cannot be read."""

    def __init__(self, error: Exception) -> None:
        super().__init__(facts())
        self.error = error

    def runs(self, **_: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ApiError(403, "PERMISSION_DENIED", "not you"), 403, "not you"),
        (ApiError(404, "NOT_FOUND", "not there"), 404, "not there"),
        (ApiError(0, "UNKNOWN", "odd"), 502, "odd"),
        (SettingError("not so"), 400, "not so"),
        (EngineError("no engine"), 500, "no engine"),
        (ValueError("a fault"), 500, "The console failed: ValueError: a fault"),
    ],
)
def test_what_goes_wrong_is_said(error: Exception, code: int, said: str) -> None:
    answer = visitor(Broken(error)).get("/console/runs")
    assert answer.status_code == code
    assert f'<pre class="said">{said}</pre>' in answer.text


def test_the_fix_of_a_refusal_is_said_too() -> None:
    error = ApiError(403, "PERMISSION_DENIED", "not you", cause="a role is missing", fix="run this")
    assert "run this" in visitor(Broken(error)).get("/console/runs").text


def test_a_page_that_is_not_there() -> None:
    answer = visitor(ToldSite(facts())).get("/console/nowhere")
    assert (answer.status_code, "Not found" in answer.text) == (404, True)


def test_an_error_is_text() -> None:
    said = visitor(Broken(SettingError("<script>alert(1)</script>"))).get("/console/runs").text
    assert "<script>alert" not in said
