from __future__ import annotations

from datetime import datetime, timezone

import pytest

from vertex_flow.engine.schedules.timetable import Timetable
from vertex_flow.errors import ApiError

_EXPECTED = (
    "Expected five fields, minute, hour, day of month, month, day of week, for example "
    "'30 8 * * 1-5' or 'TZ=Europe/Berlin 30 8 * * 1-5'."
)


def _times(cron: str, after: str, count: int) -> list[str]:
    timetable, moment = Timetable.parse(cron), datetime.fromisoformat(after)
    found = []
    for _ in range(count):
        moment = timetable.after(moment)
        assert moment.tzinfo is timezone.utc
        found.append(f"{moment:%m-%d %H:%M}")
    return found


def test_times_are_in_utc_unless_a_zone_is_named() -> None:
    assert _times("30 8 * * *", "2026-07-01T08:30:00+00:00", 1) == ["07-02 08:30"]


@pytest.mark.parametrize("prefix", ["TZ", "CRON_TZ"])
def test_times_are_in_the_zone_that_is_named(prefix: str) -> None:
    found = _times(f"{prefix}=Europe/Berlin 30 8 * * *", "2026-07-01T00:00:00+00:00", 1)

    assert found == ["07-01 06:30"]


def test_a_daily_run_happens_once_when_the_clock_goes_back() -> None:
    found = _times("TZ=America/New_York 30 1 * * *", "2026-10-31T12:00:00+00:00", 2)

    assert found == ["11-01 05:30", "11-02 06:30"]


def test_a_daily_run_happens_when_the_clock_leaps_over_it() -> None:
    found = _times("TZ=America/New_York 30 2 * * *", "2026-03-08T00:00:00+00:00", 2)

    assert found == ["03-08 07:00", "03-09 06:30"]


def test_runs_that_come_all_the_time_go_on_when_the_clock_goes_back() -> None:
    found = _times("TZ=America/New_York 0 * * * *", "2026-11-01T04:30:00+00:00", 3)

    assert found == ["11-01 05:00", "11-01 06:00", "11-01 07:00"]


@pytest.mark.parametrize(
    ("cron", "reason"),
    [
        ("", "it does not have five fields"),
        ("* * * *", "it does not have five fields"),
        ("0 * * * * *", "it does not have five fields"),
        ("@daily", "it does not have five fields"),
        ("61 * * * *", "Bad minute"),
        ("5-2 * * * *", "Bad minute"),
        ("*/0 * * * *", "Bad minute"),
        ("0 0 30 2 *", "Bad day-of-month"),
        ("0 0 * * never", "Bad day-of-week"),
    ],
)
def test_what_is_no_cron_expression_is_refused(cron: str, reason: str) -> None:
    with pytest.raises(ApiError) as error:
        Timetable.parse(cron)

    assert str(error.value) == (
        f"400 INVALID_ARGUMENT: Invalid cron {cron!r}: {reason}. {_EXPECTED}"
    )


def test_the_nearest_time_zone_is_named() -> None:
    with pytest.raises(ApiError) as error:
        Timetable.parse("TZ=Europe/Berln 0 0 * * *")

    assert "'Europe/Berln' is no time zone of the IANA database" in error.value.message
    assert error.value.message.endswith("Did you mean 'Europe/Berlin'?")


@pytest.mark.parametrize("zone", ["../../etc/passwd", "/etc/passwd", "."])
def test_a_path_is_no_time_zone(zone: str) -> None:
    with pytest.raises(ApiError, match="is no time zone"):
        Timetable.parse(f"TZ={zone} 0 0 * * *")
