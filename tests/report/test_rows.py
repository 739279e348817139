"""The rows of the table of stages, and the line below it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from vertex_flow.report.activity import Activity, StageActivity
from vertex_flow.report.rows import row, total

START = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("stage", "time"),
    [
        ({"state": "RUNNING", "start": START}, "59 s"),
        ({"state": "RUNNING", "start": at(60)}, "0 s"),
        ({"state": "RUNNING", "start": at(-3600)}, "60 min 59 s"),
        ({"state": "SUCCEEDED", "start": START, "end": at(2.54)}, "2.5 s"),
        ({"state": "PENDING", "start": START}, ""),
        ({"state": "NOT_REACHED"}, ""),
    ],
)
def test_how_long_a_stage_takes(stage: dict[str, Any], time: str) -> None:
    assert row(StageActivity(name="fit", **stage), at(59.9)).time == time


def test_what_there_is_nothing_to_see_of_is_faint() -> None:
    states = ("PENDING", "RUNNING", "SUCCEEDED", "FAILED", "NOT_REACHED")
    rows = [row(StageActivity(name="fit", state=state), START) for state in states]
    assert [one.is_faint for one in rows] == [True, False, False, False, True]


@pytest.mark.parametrize(
    ("state", "left", "words"),
    [
        ("RUNNING", "", "running for 30 s"),
        ("RUNNING", "interrupted while", "interrupted while running, after 30 s"),
        ("CANCELLING", "", "being cancelled for 30 s"),
        ("A\x1b", "", "a\\x1b for 30 s"),
    ],
)
def test_how_a_run_is(state: str, left: str, words: str) -> None:
    assert total(run(state), at(30), left) == words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("SUCCEEDED", "succeeded in 40.0 s"),
        ("FAILED", "failed after 40.0 s"),
        ("CANCELLED", "cancelled after 40.0 s"),
    ],
)
def test_how_a_run_ended(state: str, words: str) -> None:
    assert total(run(state, at(40)), at(99), "last seen") == words


def run(state: str, end: datetime | None = None) -> Activity:
    return Activity(
        job_id="sample-1",
        flow="sample",
        state=state,
        is_waiting=False,
        start=START,
        end=end,
        stages=(),
    )
