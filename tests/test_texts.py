"""How values are worded."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from vertex_flow.texts import (
    counted,
    describe_minute,
    describe_seconds,
    describe_span,
    describe_time,
    describe_value,
    iso,
    plain,
)


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


def test_a_time_is_that_of_this_machine() -> None:
    moment = datetime(2026, 11, 27, 12, 30, 5, tzinfo=timezone(timedelta(hours=9)))
    assert describe_time(moment) == f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def test_a_time_to_the_minute() -> None:
    moment = datetime(2026, 11, 27, 12, 30, 59, tzinfo=timezone.utc)
    assert describe_minute(moment) == f"{moment.astimezone():%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("end", "now", "text"),
    [(2.54, 99, "2.5 s"), (None, 59.9, "59 s"), (None, -1, "0 s"), (None, 120.5, "2 min 0 s")],
)
def test_what_goes_on_counts_whole_seconds(end: float | None, now: float, text: str) -> None:
    start = datetime(2026, 11, 27, tzinfo=timezone.utc)
    ended = None if end is None else start + timedelta(seconds=end)
    assert describe_span(start, ended, start + timedelta(seconds=now)) == text


def test_what_has_not_started_takes_no_time() -> None:
    assert describe_span(None, None, datetime.now(timezone.utc)) == ""


def test_a_time_for_programs() -> None:
    assert iso(datetime(2026, 11, 27, 12, tzinfo=timezone.utc)) == "2026-11-27T12:00:00+00:00"


def test_a_time_that_is_not_known() -> None:
    assert (describe_time(None), iso(None)) == ("", None)


@pytest.mark.parametrize(("count", "text"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs")])
def test_a_number_of_things(count: int, text: str) -> None:
    assert counted(count, "run") == text
