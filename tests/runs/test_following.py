"""How often a run is looked at, and what does not end the looking."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from vertex_flow.errors import ApiError, SettingError
from vertex_flow.runs.following import FAR, NEARBY, Outage, check_timeout, rest

AWAY = ApiError(503, "UNAVAILABLE", "later")


class GoneError(Exception):
    """What an outage ends with."""


def outage(longest: float = 60.0) -> Outage:
    return Outage(longest=longest, notice="away", gone=lambda error: GoneError(error.message))


def answers(*given: ApiError | str) -> Callable[[], str]:
    """Give or raise one after the other."""
    left = list(given)

    def ask() -> str:
        one = left.pop(0)
        if isinstance(one, ApiError):
            raise one
        return one

    return ask


def test_pauses_for_the_cloud_grow_to_a_quarter_of_a_minute() -> None:
    pauses = list(islice(FAR.pauses(), 20))
    assert (pauses[0], pauses[-1]) == (2.0, 15.0)
    assert pauses == sorted(pauses)


def test_pauses_for_this_machine_stay_short() -> None:
    assert set(islice(NEARBY.pauses(), 5)) == {0.25}


def test_an_outage_is_said_once_and_bridged() -> None:
    lines: list[str] = []
    pauses: list[float] = []
    ask = answers(AWAY, ApiError(429, "RESOURCE_EXHAUSTED", "slowly"), "there")
    found = outage().bridge(ask, lines.append, pause=3.0, sleep=pauses.append)
    assert (found, lines, pauses) == ("there", ["away"], [3.0, 3.0])


def test_nobody_has_to_listen() -> None:
    assert outage().bridge(answers(AWAY, "there"), None, pause=0.0) == "there"


def test_an_outage_that_lasts_ends_it() -> None:
    with pytest.raises(GoneError, match="later"):
        outage(0.0).bridge(answers(AWAY), None, pause=0.0)


def test_another_refusal_is_no_outage() -> None:
    with pytest.raises(ApiError, match="404 NOT_FOUND: gone"):
        outage().bridge(answers(ApiError(404, "NOT_FOUND", "gone")), None, pause=0.0)


@pytest.mark.parametrize(
    ("seconds", "slept"), [(0.25, [0.25]), (1.0, [1.0]), (2.5, [1, 1, 0.5]), (15.0, [1] * 15)]
)
def test_time_goes_by_between_two_looks(seconds: float, slept: list[float]) -> None:
    pauses: list[float] = []
    ticks: list[int] = []
    rest(seconds, lambda: ticks.append(len(pauses)), sleep=pauses.append)
    assert (pauses, ticks) == (slept, list(range(1, len(slept))))


def test_without_anybody_who_looks_it_is_slept_through() -> None:
    pauses: list[float] = []
    rest(15.0, None, sleep=pauses.append)
    assert pauses == [15.0]


@pytest.mark.parametrize("seconds", ["x", True, float("nan"), [60]])
def test_what_is_no_number_of_seconds_is_refused(seconds: Any) -> None:
    expected = (
        f"Run.wait(timeout={seconds!r}): expected a number of seconds, or None for as long as "
        "it takes."
    )
    with pytest.raises(SettingError, match=f"^{re.escape(expected)}$"):
        check_timeout(seconds)


@pytest.mark.parametrize("seconds", [None, -1, 0, 0.5, 60, float("inf")])
def test_a_number_of_seconds_is_a_limit(seconds: Any) -> None:
    check_timeout(seconds)
