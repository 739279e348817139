"""When something that a run has made may go: lengths of time, and the label that says the end.

KFP copies these functions into components, so each imports what it needs and needs no other one
but `seconds`.
"""

from __future__ import annotations

from typing import Any


def seconds(lifetime: str) -> int:
    """Read a length of time.

    Args:
        lifetime: A whole number from 1 to 9999 and a unit, `m`, `h` or `d`: `"30m"`, `"8h"`.

    Raises:
        ValueError: It is none.
    """
    import re

    match = re.fullmatch(r"([1-9][0-9]{0,3})([mhd])", lifetime)
    if match is None:
        raise ValueError(
            f"{lifetime!r} is no length of time: expected a whole number and m, h or d, for "
            "example '30m', '8h' or '7d'."
        )
    return int(match[1]) * {"m": 60, "h": 3600, "d": 86400}[match[2]]


def expiry_label(lifetime: str, now: Any) -> str:
    """Write the moment at which a lifetime ends as the value of a label.

    Args:
        lifetime: For example `"8h"`.
        now: When it begins, a `datetime` in UTC.

    Returns:
        For example `2026-11-27t08-00-00z`: labels take lower-case letters, digits, `-` and `_`.
    """
    from datetime import timedelta

    end = now + timedelta(seconds=seconds(lifetime))
    return str(end.strftime("%Y-%m-%dt%H-%M-%Sz"))


def moment(label: str) -> Any:
    """Read the moment that a label says, a `datetime` in UTC; None when it says none."""
    from datetime import datetime, timezone

    try:
        return datetime.strptime(label, "%Y-%m-%dt%H-%M-%Sz").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
