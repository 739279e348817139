"""Cron expressions and time zones, checked before a service sees them."""

from __future__ import annotations

from typing import Any

import pytest

from vertex_flow.engine.schedules.timetable import Timetable
from vertex_flow.errors import SettingError
from vertex_flow.schedules.cron import crontab, time_zone

FIELDS = (
    "expected five fields, minute, hour, day of month, month, day of week, for example "
    "'30 8 * * 1-5'."
)


@pytest.mark.parametrize(
    ("cron", "zone", "expected"),
    [
        ("0 3 * * *", None, "TZ=UTC 0 3 * * *"),
        ("0 3 * * *", "Europe/Berlin", "TZ=Europe/Berlin 0 3 * * *"),
        ("  30  8 * *\t1-5 ", "UTC", "TZ=UTC 30 8 * * 1-5"),
        ("*/15 0,12 1 JAN MON-FRI", None, "TZ=UTC */15 0,12 1 JAN MON-FRI"),
        ("TZ=Asia/Tokyo 0 3 * * *", None, "TZ=Asia/Tokyo 0 3 * * *"),
        ("CRON_TZ=Asia/Tokyo 0 3 * * *", None, "TZ=Asia/Tokyo 0 3 * * *"),
    ],
)
def test_times_are_written_as_vertex_ai_takes_them(
    cron: str, zone: str | None, expected: str
) -> None:
    assert crontab(cron, zone) == expected
    Timetable.parse(expected)  # the engine reads it


@pytest.mark.parametrize(
    "cron",
    ["", "0 3 * *", "0 3 * * * *", "@daily", "0 3 L * *", "0 3 * * 5#2", "0 3 ? * *", "☃ 3 * * *"],
)
def test_what_is_no_expression(cron: str) -> None:
    with pytest.raises(SettingError) as caught:
        crontab(cron, None)
    assert str(caught.value) == f"schedule({cron!r}, ...): {FIELDS}"


@pytest.mark.parametrize("cron", [None, 5, b"0 3 * * *"])
def test_what_is_no_text(cron: Any) -> None:
    with pytest.raises(SettingError) as caught:
        crontab(cron, None)
    assert str(caught.value) == f"schedule({cron!r}, ...): {FIELDS}"


@pytest.mark.parametrize(
    ("cron", "reason"),
    [
        ("60 3 * * *", "bad minute"),
        ("0 24 * * *", "bad hour"),
        ("0 3 32 * *", "bad day-of-month"),
        ("0 3 30 2 *", "bad day-of-month"),
        ("0 3 * 13 *", "bad month"),
        ("0 3 * * 8", "bad day-of-week"),
        ("5-1 3 * * *", "bad minute"),
    ],
)
def test_a_field_out_of_range(cron: str, reason: str) -> None:
    with pytest.raises(SettingError) as caught:
        crontab(cron, None)
    assert str(caught.value) == f"schedule({cron!r}, ...): {reason}; {FIELDS}"


def test_two_time_zones() -> None:
    with pytest.raises(SettingError) as caught:
        crontab("TZ=Asia/Tokyo 0 3 * * *", "UTC")
    assert str(caught.value) == (
        "schedule('TZ=Asia/Tokyo 0 3 * * *', timezone='UTC'): the time zone is given twice. "
        "Leave one out."
    )


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("Europe/Berln", " Did you mean 'Europe/Berlin'?"),
        ("berlin", " Did you mean 'Europe/Berlin'?"),
        ("new york", " Did you mean 'America/New_York'?"),
        ("../etc/passwd", ""),
        ("", ""),
        ("☃\n", ""),
        (5, ""),
        ([], ""),
    ],
)
def test_a_time_zone_that_is_none(zone: Any, hint: str) -> None:
    with pytest.raises(SettingError) as caught:
        time_zone(zone)
    assert str(caught.value) == (
        f"schedule(timezone={zone!r}): there is no such time zone in the IANA database; expected "
        f"one such as 'Europe/Berlin' or 'UTC'.{hint}"
    )
