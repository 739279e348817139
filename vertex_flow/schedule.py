"""Schedules: flows that run by the clock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import attrs

from vertex_flow.cron import crontab, time_zone
from vertex_flow.errors import ApiError, SettingError, nearest
from vertex_flow.names import FLOW_LABEL
from vertex_flow.options import Settled, settle
from vertex_flow.reaching import connect
from vertex_flow.run import Run

if TYPE_CHECKING:
    from vertex_flow.client import Client
    from vertex_flow.context import GcpContext
    from vertex_flow.graph import Graph

_DIGEST_LABEL = "vertex-flow-digest"
_JOB = "create_pipeline_job_request"


def _check_count(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    least = 1 if attribute.name == "max_concurrent" else 0
    if type(value) is not int or value < least:
        raise SettingError(
            f"schedule({attribute.name}={value!r}): expected a whole number of at least {least}."
        )


def _check_moment(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and not isinstance(value, datetime):
        raise SettingError(
            f"schedule({attribute.name}={value!r}): expected a datetime, for example "
            "datetime(2030, 1, 31, 8)."
        )


def _check_name(_: Any, __: Any, name: Any) -> None:
    if not isinstance(name, str) or not 1 <= len(name) <= 128:
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
        client = context.vertex
        if name.startswith("projects/"):
            return cls(context, client, client.get_schedule(name))
        known = list(client.schedules())
        found = [one for one in known if one.display_name == name]
        live = [one for one in found if not _is_complete(one)] or found[-1:]
        if not live:
            names = sorted({one.display_name for one in known})
            raise SettingError(
                f"there is no schedule {name!r} in {context.parent}; it has "
                f"{', '.join(names) or 'none'}.{nearest(name, names)}"
            )
        _check_single(name, live)
        return cls(context, client, live[0])

    @classmethod
    def list(cls, context: GcpContext) -> tuple[Schedule, ...]:
        """Every schedule that a flow of this package runs by, the oldest first."""
        client = context.vertex
        return tuple(cls(context, client, one) for one in client.schedules() if _flow_of(one))

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
        return _flow_of(self._message)

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
        jobs = self._client.pipeline_jobs(f'schedule_name="{self.name}"')
        return tuple(
            Run(self._client, job.name, engine, self._context) for job in islice(jobs, count)
        )

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
        try:
            self._client.delete_schedule(self.name)
        except ApiError as error:
            if error.code != 404:
                raise

    def __repr__(self) -> str:
        return f"Schedule({self.display_name!r}, {self.cron!r}, {self.state})"


def put(  # noqa: PLR0913 - the options of Flow.schedule, passed on
    graph: Graph,
    context: GcpContext,
    timing: Timing,
    *,
    params: Mapping[str, Any],
    enable_caching: bool | None,
    options: Mapping[str, Any],
) -> Schedule:
    """Make the schedule of a name, or change the one that is there where it differs.

    The API gives schedules names of its own, so that two programs at once may both make one. Each
    looks again afterwards, and the oldest stays: whoever made another one deletes it.

    Args:
        graph: The wired stages.
        context: Where it runs.
        timing: When it runs.
        params: Values for pipeline parameters, by name.
        enable_caching: Whether earlier results are reused; None for as it was compiled.
        options: Further options of its runs, those of `RunOptions`.

    Raises:
        SettingError: Two schedules have the name, or a change is one that Vertex AI refuses.
        PreflightError: Vertex AI would refuse its runs; with every fault.
    """
    from vertex_flow import preflight, submission

    settled = _settled(context, options)
    values = submission.parameter_values(graph, context, params, settled)
    client = context.vertex
    job = submission.pipeline_job(
        graph, context, values, options=settled, enable_caching=enable_caching
    )
    preflight.check(graph.name, job, context, settled)
    job.labels[_DIGEST_LABEL] = _digest(job)
    wanted = _message(client.parent, timing, job)
    found = _live(client, timing.name)
    if not found:
        return Schedule(context, client, _created(client, wanted))
    _check_single(timing.name, found)
    return Schedule(context, client, _updated(client, found[0], wanted))


def _settled(context: GcpContext, options: Mapping[str, Any]) -> Settled:
    """Fill up the options of a schedule's runs, which start without this program."""
    for name in ("job_id", "experiment", "max_cost", "hours"):
        if options.get(name) is not None:
            raise SettingError(
                f"Flow.schedule({name}={options[name]!r}): that is for one run that a program "
                "starts, Flow.run."
            )
    return settle(context, options)


def _message(parent: str, timing: Timing, job: Any) -> Any:
    from google.cloud.aiplatform_v1 import CreatePipelineJobRequest, Schedule

    return Schedule(
        display_name=timing.name,
        cron=timing.crontab,
        start_time=timing.moment(timing.start),
        end_time=timing.moment(timing.end),
        max_run_count=timing.max_runs,
        # The first limits how many are started at once, the second how many are under way.
        max_concurrent_run_count=timing.max_concurrent,
        max_concurrent_active_run_count=timing.max_concurrent,
        create_pipeline_job_request=CreatePipelineJobRequest(parent=parent, pipeline_job=job),
    )


def _digest(job: Any) -> str:
    """A text that tells jobs apart, as the service may write a job in another way than we do."""
    from google.protobuf import json_format

    plain = json_format.MessageToDict(type(job).pb(job))
    text = json.dumps(plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _live(client: Client, name: str) -> list[Any]:
    """The schedules of a display name that still start runs, the oldest first."""
    from vertex_flow.client import named

    found = [one for one in client.schedules(named(name)) if one.display_name == name]
    return sorted((one for one in found if not _is_complete(one)), key=_age)


def _age(schedule: Any) -> tuple[datetime, str]:
    return schedule.create_time, schedule.name


def _created(client: Client, wanted: Any) -> Any:
    made = client.create_schedule(wanted)
    oldest = next(iter(_live(client, wanted.display_name)), made)
    if oldest.name == made.name:
        return made
    client.delete_schedule(made.name)
    return _updated(client, oldest, wanted)


def _updated(client: Client, found: Any, wanted: Any) -> Any:
    changed = list(_changes(found, wanted))
    if not changed:
        return found
    wanted.name = found.name
    return client.update_schedule(wanted, changed)


def _changes(found: Any, wanted: Any) -> Iterator[str]:
    """Name the fields in which two schedules differ."""
    if _digest_of(found) != _digest_of(wanted):
        yield _JOB
    for field in ("cron", "max_concurrent_run_count", "max_concurrent_active_run_count"):
        if getattr(found, field) != getattr(wanted, field):
            yield field
    if wanted.start_time and not _same(found.start_time, wanted.start_time):
        yield "start_time"
    for field, setting in (("end_time", "end"), ("max_run_count", "max_runs")):
        before, after = getattr(found, field), getattr(wanted, field)
        if before and not after:
            raise SettingError(
                f"schedule {found.display_name!r} has {setting}={_shown(before)}, and Vertex AI "
                f"takes no such limit away again. Give {setting}, or delete the schedule first: "
                f"Schedule.attach(context, {found.display_name!r}).delete()."
            )
        if after and not (before and _same(before, after)):
            yield field


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, datetime) and isinstance(other, datetime):
        return abs(one - other) < timedelta(seconds=1)
    return bool(one == other)


def _shown(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M %Z}" if isinstance(value, datetime) else str(value)


def _labels(schedule: Any) -> Mapping[str, str]:
    labels: Mapping[str, str] = schedule.create_pipeline_job_request.pipeline_job.labels
    return labels


def _flow_of(schedule: Any) -> str:
    return _labels(schedule).get(FLOW_LABEL, "")


def _digest_of(schedule: Any) -> str:
    return _labels(schedule).get(_DIGEST_LABEL, "")


def _is_complete(schedule: Any) -> bool:
    return bool(schedule.state.name == "COMPLETED")


def _check_single(name: str, found: list[Any]) -> None:
    if len(found) > 1:
        listed = "\n".join(f"  {one.name}" for one in found)
        raise SettingError(
            f"{len(found)} schedules have the name {name!r}:\n{listed}\n"
            "Delete all but one: Schedule.attach(context, '<one of these>').delete()."
        )
