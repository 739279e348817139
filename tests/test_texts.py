"""How values are worded."""

from __future__ import annotations

from typing import Any

import pytest

from vertex_flow.texts import describe_seconds, describe_value, plain


@pytest.mark.parametrize(
    ("value", "text"),
    [(64.0, "64"), (0.123456, "0.1235"), (1e300, "1e+300"), (3, "3"), (True, "True"), ("a", "a"),
     (float("nan"), "nan"), (float("inf"), "inf")],
)  # fmt: skip
def test_values_are_short(value: Any, text: str) -> None:
    assert describe_value(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (119.94, "119.9 s"), (120.0, "2 min 0 s"), (3599.6, "60 min 0 s")],
)
def test_long_times_are_in_minutes(seconds: float, text: str) -> None:
    assert describe_seconds(seconds) == text


def test_other_languages_stay_readable() -> None:
    assert plain("précision 精度 ✓") == "précision 精度 ✓"
