"""When the runs of a schedule are due, from a cron expression."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import attrs
from cronsim import CronSim, CronSimError

from vertex_flow.engine.api.errors import invalid
from vertex_flow.errors import nearest

_ZONE = re.compile(r"(?:CRON_)?TZ=(\S+)\s+(.*)", re.DOTALL)
_FIELDS = "minute, hour, day of month, month, day of week"


@attrs.frozen
class Timetable:
    """When the runs of a schedule are due.

    A run at a fixed hour happens once a day, also on the days when clocks change.

    Attributes:
        expression: Five fields: minute, hour, day of month, month, day of week.
        zone: The time zone that they are meant in.
    """

    expression: str
    zone: ZoneInfo

    @classmethod
    def parse(cls, cron: str) -> Timetable:
        """Read a cron expression.

        Args:
            cron: Five fields, after `TZ=<zone>` or `CRON_TZ=<zone>` when they are not in UTC, for
                example `TZ=Europe/Berlin 30 8 * * 1-5`.

        Raises:
            ApiError: INVALID_ARGUMENT; the expression or the zone is none, or no time fits.
        """
        prefixed = _ZONE.fullmatch(cron.strip())
        zone, expression = prefixed.groups() if prefixed else ("UTC", cron.strip())
        if len(expression.split()) != 5:
            raise _refused(cron, "it does not have five fields")
        try:
            timetable = cls(" ".join(expression.split()), _zone(zone, cron))
            timetable.after(datetime.now(timezone.utc))
        except CronSimError as error:
            raise _refused(cron, str(error)) from error
        except StopIteration as error:
            raise _refused(cron, "no day is ever like that") from error
        return timetable

    def after(self, moment: datetime) -> datetime:
        """Give the first time that is later than a moment.

        Args:
            moment: With a time zone.

        Returns:
            A time in UTC.
        """
        due: datetime = next(CronSim(self.expression, moment.astimezone(self.zone)))
        return due.astimezone(timezone.utc)


def _zone(name: str, cron: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        hint = nearest(name, sorted(available_timezones()))
        raise invalid(
            f"Invalid cron {cron!r}: {name!r} is no time zone of the IANA database, such as "
            f"'Europe/Berlin'.{hint}"
        ) from error


def _refused(cron: str, reason: str) -> Exception:
    return invalid(
        f"Invalid cron {cron!r}: {reason}. Expected five fields, {_FIELDS}, for example "
        "'30 8 * * 1-5' or 'TZ=Europe/Berlin 30 8 * * 1-5'."
    )
