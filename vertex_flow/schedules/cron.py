"""Cron expressions and time zones, checked before a service sees them."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from vertex_flow.errors import SettingError, nearest

_PREFIX = re.compile(r"(?:CRON_)?TZ=(\S+)\s+(.*)", re.DOTALL)
_PLAIN = re.compile(r"[0-9A-Za-z*/,\- ]+")
_WORDS = re.compile(r"[A-Za-z]+")
_DAYS = frozenset(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))
_MONTHS = frozenset(
    ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
)
_EXAMPLE = (
    "expected five fields, minute, hour, day of month, month, day of week, for example "
    "'30 8 * * 1-5'."
)


def crontab(cron: str, zone: str | None) -> str:
    """Write when a schedule runs as Vertex AI takes it: `TZ=Europe/Berlin 30 8 * * 1-5`.

    Args:
        cron: Five fields; they may stand after `TZ=ZONE`, when no zone is given besides.
        zone: Name in the IANA database; None for UTC.

    Raises:
        SettingError: The expression is none, no time is ever like it, or there is no such zone.
    """
    if not isinstance(cron, str):
        raise SettingError(f"schedule({cron!r}, ...): {_EXAMPLE}")
    prefixed = _PREFIX.fullmatch(cron.strip())
    if prefixed and zone is not None:
        raise SettingError(
            f"schedule({cron!r}, timezone={zone!r}): the time zone is given twice. Leave one out."
        )
    own, fields = prefixed.groups() if prefixed else ("UTC" if zone is None else zone, cron)
    expression = " ".join(fields.split())
    found = time_zone(own)
    _check(cron, expression, found)
    return f"TZ={found.key} {expression}"


def time_zone(name: str) -> ZoneInfo:
    """Find a time zone.

    Args:
        name: In the IANA database, for example `Europe/Berlin`.

    Raises:
        SettingError: There is none of that name; with the nearest one.
    """
    try:
        if name in available_timezones():
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, TypeError, ValueError):  # unhashable, or no name of a file
        pass
    names = sorted(available_timezones())
    cities = {one.rpartition("/")[2]: one for one in names}
    hint = nearest(str(name), names)
    if not hint and (city := cities.get(str(name).strip().replace(" ", "_").title())):
        hint = f" Did you mean {city!r}?"
    raise SettingError(
        f"schedule(timezone={name!r}): there is no such time zone in the IANA database; expected "
        f"one such as 'Europe/Berlin' or 'UTC'.{hint}"
    )


def _check(cron: str, expression: str, zone: ZoneInfo) -> None:
    from cronsim import CronSim, CronSimError

    where = f"schedule({cron!r}, ...)"
    words = {word.upper() for word in _WORDS.findall(expression)}
    if (
        not _PLAIN.fullmatch(expression)
        or len(expression.split(" ")) != 5
        or words - _DAYS - _MONTHS
    ):
        raise SettingError(f"{where}: {_EXAMPLE}")
    try:
        CronSim(expression, datetime.now(zone))
    except CronSimError as error:
        reason = str(error)[:1].lower() + str(error)[1:]
        raise SettingError(f"{where}: {reason}; {_EXAMPLE}") from error
