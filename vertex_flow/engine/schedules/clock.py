"""What time it is, and waiting for a time."""

from __future__ import annotations

import asyncio
from datetime import datetime, timezone
from typing import Any, Protocol

# A machine that was asleep wakes up with the wait as long as it was before: look again often.
_LOOK = 20.0


class Clock(Protocol):
    """What schedules know of time; this docstring is the source of truth for its contract.

    `now` gives the moment, in UTC. `until` returns when a moment has come, at once when it is
    past.
    """

    def now(self) -> datetime:
        """Give the moment, in UTC."""
        ...

    async def until(self, moment: datetime) -> None:
        """Return when a moment has come."""
        ...


class WallClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Give the moment, in UTC."""
        return datetime.now(timezone.utc)

    async def until(self, moment: datetime) -> None:
        """Return when a moment has come, also when the machine sleeps meanwhile."""
        while (seconds := (moment - self.now()).total_seconds()) > 0:
            await asyncio.sleep(min(seconds, _LOOK))


def in_utc(field: Any) -> Any:
    """Give a timestamp field in UTC, or None when it is not set."""
    return field.astimezone(timezone.utc) if field else None
