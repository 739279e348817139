"""Schedules: flows that run by the clock."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vertex_flow.errors import SettingError, nearest
from vertex_flow.runs.reaching import connect
from vertex_flow.runs.run import Run
from vertex_flow.schedules.messages import check_single, flow_of, is_complete

if TYPE_CHECKING:
    from vertex_flow.client import Client
    from vertex_flow.context import GcpContext


_NAME = re.compile(r"projects/[^/\s]+/locations/[^/\s]+/schedules/[^/\s]+")


class Schedule:
    """A flow that runs by the clock, on Vertex AI or on the standing engine of this machine.

    What it says is as of the last request: `refresh` asks again.

    Args:
        context: Where it is.
        client: Speaks to the endpoint.
        message: What the endpoint says of it.

    Example:
        ```python
        engine = StandingEngine.up(Path("nightly"))
        context = GcpContext.local("nightly")
        schedule = flow.schedule(context, "0 3 * * *", timezone="Europe/Berlin")
        print(schedule.next_run, schedule.state)
        schedule.delete()
        engine.down()
        ```
    """

    def __init__(self, context: GcpContext, client: Client, message: Any) -> None:
        self._context = context
        self._client = client
        self._message: Any = message

    @classmethod
    def attach(cls, context: GcpContext, name: str) -> Schedule:
        """Take up a schedule that was made elsewhere or earlier.

        Args:
            context: Where it is.
            name: Its display name or its resource name.

        Raises:
            SettingError: There is none of that display name, or more than one.
            ApiError: There is none of that resource name.
        """
        if not isinstance(name, str) or (
            name.startswith("projects/") and not _NAME.fullmatch(name)
        ):
            raise SettingError(
                f"Schedule.attach(context, {name!r}): expected the display name of a schedule, or "
                "projects/P/locations/L/schedules/ID."
            )
        client = context.vertex
        if _NAME.fullmatch(name):
            return cls(context, client, client.get_schedule(name))
        known = list(client.schedules())
        found = [one for one in known if one.display_name == name]
        live = [one for one in found if not is_complete(one)] or found[-1:]
        if not live:
            names = sorted({one.display_name for one in known})
            raise SettingError(
                f"there is no schedule {name!r} in {context.parent}; it has "
                f"{', '.join(names) or 'none'}.{nearest(name, names)}"
            )
        check_single(name, live)
        return cls(context, client, live[0])

    @classmethod
    def list(cls, context: GcpContext) -> tuple[Schedule, ...]:
        """Every schedule that a flow of this package runs by, the oldest first."""
        client = context.vertex
        return tuple(cls(context, client, one) for one in client.schedules() if flow_of(one))

    @property
    def name(self) -> str:
        """Resource name, `projects/P/locations/L/schedules/ID`."""
        return str(self._message.name)

    @property
    def display_name(self) -> str:
        """Name that it was made under."""
        return str(self._message.display_name)

    @property
    def flow(self) -> str:
        """Name of the flow that it runs; empty where the flow is none of this package."""
        return flow_of(self._message)

    @property
    def cron(self) -> str:
        """When it runs, with the time zone: `TZ=Europe/Berlin 30 8 * * 1-5`."""
        return str(self._message.cron)

    @property
    def state(self) -> str:
        """`ACTIVE`, `PAUSED`, or `COMPLETED` when it starts no more runs."""
        return str(self._message.state.name)

    @property
    def next_run(self) -> datetime | None:
        """When the next run is due; None when none is."""
        due: Any = self._message.next_run_time
        return None if self.state == "COMPLETED" else due

    @property
    def started(self) -> int:
        """How many runs it has started."""
        return int(self._message.started_run_count)

    @property
    def last_answer(self) -> str:
        """What came of the last start of a run, in the service's words; empty before the first."""
        return str(self._message.last_scheduled_run_response.run_response)

    def runs(self, count: int = 10) -> tuple[Run, ...]:
        """The runs that it has started, the newest first.

        Args:
            count: How many at most.
        """
        _, engine = connect(self._context)
        jobs = self._client.pipeline_jobs(f'schedule_name="{self.name}"', ("name",), count)
        return tuple(Run(self._client, job.name, engine, self._context) for job in jobs)

    def refresh(self) -> Schedule:
        """Ask what it is like now.

        Returns:
            This schedule.
        """
        self._message = self._client.get_schedule(self.name)
        return self

    def pause(self) -> Schedule:
        """Start no runs until `resume`; those that are under way go on."""
        if self.refresh().state != "PAUSED":
            self._client.pause_schedule(self.name)
        return self.refresh()

    def resume(self, *, catch_up: bool = False) -> Schedule:
        """Start runs again.

        Args:
            catch_up: Whether the runs that were due during the pause come first.
        """
        if self.refresh().state != "ACTIVE":
            self._client.resume_schedule(self.name, catch_up=catch_up)
        return self.refresh()

    def delete(self) -> None:
        """Delete it; the runs that it has started stay. It may be gone already."""
        self._client.delete_schedule(self.name)

    def __repr__(self) -> str:
        return f"Schedule({self.display_name!r}, {self.cron!r}, {self.state})"
