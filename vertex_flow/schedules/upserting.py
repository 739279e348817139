"""The schedule of a name is made, or changed where it differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from vertex_flow.calls import if_there
from vertex_flow.errors import SettingError
from vertex_flow.runs.options import Settled, settle
from vertex_flow.schedules.messages import DIGEST_LABEL, check_single, digest_of, is_complete
from vertex_flow.schedules.schedule import Schedule
from vertex_flow.schedules.timing import Timing

if TYPE_CHECKING:
    from vertex_flow.client import Client
    from vertex_flow.context import GcpContext
    from vertex_flow.graph import Graph

_JOB = "create_pipeline_job_request"


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
    looks again afterwards, and the oldest stays: whoever made another one deletes it. So does a
    program that has sent the same twice, since an answer was lost.

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
    from vertex_flow.runs import preflight, submission

    settled = _settled(context, options)
    values = submission.parameter_values(graph, context, params, settled)
    client = context.vertex
    job = submission.pipeline_job(
        graph, context, values, options=settled, enable_caching=enable_caching
    )
    preflight.check(graph.name, job, context, settled)
    job.labels[DIGEST_LABEL] = _digest(job)
    wanted = _message(client.parent, timing, job)
    found = _live(client, timing.name)
    if not found:
        return Schedule(context, client, _created(client, wanted))
    check_single(timing.name, found)
    updated = if_there(lambda: _updated(client, found[0], wanted))
    if updated is None:
        wanted.name = ""  # somebody has deleted it since it was looked for
        updated = _created(client, wanted)
    return Schedule(context, client, updated)


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
    return sorted((one for one in found if not is_complete(one)), key=_age)


def _age(schedule: Any) -> tuple[datetime, str]:
    return schedule.create_time, schedule.name


def _created(client: Client, wanted: Any) -> Any:
    made = client.create_schedule(wanted)
    oldest, *others = _live(client, wanted.display_name) or [made]
    for one in others:
        if one.name == made.name or digest_of(one) == digest_of(wanted):
            client.delete_schedule(one.name)
    return made if oldest.name == made.name else _updated(client, oldest, wanted)


def _updated(client: Client, found: Any, wanted: Any) -> Any:
    changed = list(_changes(found, wanted))
    if not changed:
        return found
    wanted.name = found.name
    return client.update_schedule(wanted, changed)


def _changes(found: Any, wanted: Any) -> Iterator[str]:
    """Name the fields in which two schedules differ."""
    if digest_of(found) != digest_of(wanted):
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
