"""When a flow is to run, and how often."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import attrs

from vertex_flow.errors import SettingError
from vertex_flow.schedules.cron import crontab, time_zone

_MOST = 2**63 - 1
_HALF = re.compile("[\ud800-\udfff]")  # half a letter, which no message can hold


def _check_count(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    least = 1 if attribute.name == "max_concurrent" else 0
    if type(value) is not int or not least <= value <= _MOST:
        raise SettingError(
            f"schedule({attribute.name}={value!r}): expected a whole number of at least {least}."
        )


def _check_moment(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    # A year within those that Google's timestamps hold in each time zone.
    if value is not None and not (isinstance(value, datetime) and 1 < value.year < 9999):
        raise SettingError(
            f"schedule({attribute.name}={value!r}): expected a datetime, for example "
            "datetime(2030, 1, 31, 8)."
        )


def _check_name(_: Any, __: Any, name: Any) -> None:
    if not isinstance(name, str) or not 1 <= len(name) <= 128 or _HALF.search(name):
        raise SettingError(f"schedule(name={name!r}): expected 1 to 128 characters.")


@attrs.frozen(kw_only=True)
class Timing:
    """When a flow is to run, and how often.

    Attributes:
        name: Display name of the schedule, up to 128 characters.
        cron: Five fields: minute, hour, day of month, month, day of week.
        timezone: Time zone in the IANA database that they are meant in; None for UTC.
        max_concurrent: Runs at the same time, 1 or more. What is due beyond that is left out.
        max_runs: Runs in all; 0 for no limit.
        start: No run before; None for from now on. Without a time zone it is meant in that of
            the schedule, and so is the following one.
        end: No run after; None for no end.
    """

    name: str = attrs.field(validator=_check_name)
    cron: str
    timezone: str | None = None
    max_concurrent: int = attrs.field(default=1, validator=_check_count)
    max_runs: int = attrs.field(default=0, validator=_check_count)
    start: datetime | None = attrs.field(default=None, validator=_check_moment)
    end: datetime | None = attrs.field(default=None, validator=_check_moment)

    def __attrs_post_init__(self) -> None:
        """Check what depends on more than one setting."""
        text = self.crontab
        start, end = self.moment(self.start), self.moment(self.end)
        if start and end and end <= start:
            raise SettingError(
                f"schedule(start={self.start!r}, end={self.end!r}): the end is not later than "
                f"the start, in {text.partition(' ')[0][3:]}."
            )

    @property
    def crontab(self) -> str:
        """The times as Vertex AI takes them, `TZ=Europe/Berlin 30 8 * * 1-5`."""
        return crontab(self.cron, self.timezone)

    def moment(self, time: datetime | None) -> datetime | None:
        """Give a time with its time zone."""
        if time is None or time.tzinfo is not None:
            return time
        return time.replace(tzinfo=time_zone(self.crontab.partition(" ")[0].removeprefix("TZ=")))
