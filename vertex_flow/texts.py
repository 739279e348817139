"""How values are worded for people, and kept from being obeyed by a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def describe_seconds(seconds: float) -> str:
    """Word how long something took: to a tenth of a second, from two minutes on in minutes."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def describe_span(start: datetime | None, end: datetime | None, now: datetime) -> str:
    """Word how long something took; what goes on in whole seconds, which go up one by one.

    Args:
        start: When it started; None where it has not, which is the empty text.
        end: When it ended; None while it goes on.
        now: The time until which that is.
    """
    if start is None:
        return ""
    if end is not None:
        return describe_seconds((end - start).total_seconds())
    seconds = max(0, int((now - start).total_seconds()))
    return f"{seconds} s" if seconds < 120 else describe_seconds(seconds)


def describe_value(value: Any, *, digits: int = 4) -> str:
    """Word a parameter's value: short, whole numbers without a point."""
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 2**53
        return str(int(value)) if whole else f"{value:.{digits}g}"
    return plain(str(value))


def counted(count: int, noun: str) -> str:
    """Word a number of things: `1 stage`, `2 stages`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def describe_time(moment: datetime | None) -> str:
    """Word when something was, in the time zone of this machine; nothing where it is not known."""
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def describe_minute(moment: datetime | None) -> str:
    """Word when something was, to the minute; nothing where it is not known."""
    return describe_time(moment)[:16]


def iso(moment: datetime | None) -> str | None:
    """Write a time for programs, as ISO 8601 has it."""
    return None if moment is None else moment.isoformat()


def plain(text: str) -> str:
    """Write control characters as their escapes, so that no terminal obeys them."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )
