"""Lengths of time, and the labels that say when they are over."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from vertex_flow.expiry import expiry_label, moment, seconds
from vertex_flow.names import check_labels

NOON = datetime(2026, 11, 27, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("lifetime", "expected"), [("30m", 1800), ("8h", 28800), ("7d", 604800), ("9999m", 599940)]
)
def test_a_length_of_time(lifetime: str, expected: int) -> None:
    assert seconds(lifetime) == expected


@pytest.mark.parametrize(
    "lifetime", ["", "8", "h", "0h", "-1h", "08h", "8 h", "8H", "1.5h", "10000d", "8h\n", "٨h"]
)
def test_what_is_no_length_of_time(lifetime: str) -> None:
    with pytest.raises(ValueError, match="is no length of time") as caught:
        seconds(lifetime)
    assert str(caught.value) == (
        f"{lifetime!r} is no length of time: expected a whole number and m, h or d, for example "
        "'30m', '8h' or '7d'."
    )


def test_the_label_is_one_that_google_cloud_takes() -> None:
    label = expiry_label("8h", NOON)
    check_labels("test", {"vertex-flow-expires": label})
    assert label == "2026-11-27t20-00-00z"


def test_a_label_is_read_back() -> None:
    assert moment(expiry_label("8h", NOON)) == datetime(2026, 11, 27, 20, tzinfo=timezone.utc)


@pytest.mark.parametrize("label", ["", "never", "2026-13-01t00-00-00z", "2026-11-27"])
def test_what_is_no_moment(label: str) -> None:
    assert moment(label) is None
