"""What may not be there."""

from __future__ import annotations

import pytest

from vertex_flow.calls import if_there
from vertex_flow.errors import ApiError


def refused(code: int) -> None:
    raise ApiError(code, "SOME_STATUS", "no")


def test_what_is_there_is_given() -> None:
    assert if_there(lambda: "model") == "model"


def test_what_is_not_there_is_none() -> None:
    assert if_there(lambda: refused(404)) is None


def test_other_refusals_are_raised() -> None:
    with pytest.raises(ApiError, match="no"):
        if_there(lambda: refused(403))
