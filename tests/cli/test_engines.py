"""How an engine is described."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from vertex_flow.cli.engines import duration, seconds_since, table


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3600 + 60, "1 h 1 min"),
        (86400 * 3 + 3600 * 2 + 59, "3 d 2 h"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_how_long_ago_a_time_was() -> None:
    then = datetime.now(timezone.utc) - timedelta(seconds=90)
    assert 90 <= seconds_since(then.isoformat()) < 150


def test_a_clock_that_was_set_back_gives_no_negative_time() -> None:
    later = datetime.now(timezone.utc) + timedelta(hours=1)
    assert seconds_since(later.isoformat()) == 0


def test_a_table_is_aligned() -> None:
    assert [line.split() for line in table({"a": 1, "long": "x"}).splitlines()] == [
        ["\x1b[2ma", "\x1b[0m", "1"],
        ["\x1b[2mlong\x1b[0m", "x"],
    ]
