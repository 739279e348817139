"""What must hold of a schedule before it is stored."""

from __future__ import annotations

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.api.texts import check_display_name
from vertex_flow.engine.schedules.clock import in_utc
from vertex_flow.engine.schedules.timetable import Timetable

_LIMITS = ("max_run_count", "max_concurrent_active_run_count")


def check(schedule: types.Schedule, parent: str) -> None:
    """Check the plain fields of a new or changed schedule.

    Args:
        schedule: The schedule.
        parent: The location it is in.

    Raises:
        ApiError: INVALID_ARGUMENT that names the field.
    """
    check_display_name(schedule.display_name, required=True, field="schedule.display_name")
    if not schedule.cron:
        raise invalid("schedule.cron is required, for example '30 8 * * 1-5'.")
    Timetable.parse(schedule.cron)
    _check_limits(schedule)
    _check_times(schedule)
    _check_parent(schedule, parent)


def _check_limits(schedule: types.Schedule) -> None:
    if schedule.max_concurrent_run_count < 1:
        raise invalid("schedule.max_concurrent_run_count is required: a number of 1 or more.")
    for field in _LIMITS:
        given = getattr(schedule, field)
        if given < 0:
            raise invalid(f"schedule.{field} is {given}: expected 0, for no limit, or more.")


def _check_times(schedule: types.Schedule) -> None:
    end = in_utc(schedule.end_time)
    start = in_utc(schedule.start_time) or in_utc(schedule.create_time)
    if end and start and end <= start:
        raise invalid(
            f"schedule.end_time {end:%Y-%m-%dT%H:%M:%SZ} is not later than its start, "
            f"{start:%Y-%m-%dT%H:%M:%SZ}."
        )


def _check_parent(schedule: types.Schedule, parent: str) -> None:
    pipeline = types.Schedule.pb(schedule).WhichOneof("request") == "create_pipeline_job_request"
    if not pipeline:
        raise invalid("schedule.create_pipeline_job_request is required: what each run starts.")
    given = schedule.create_pipeline_job_request.parent
    if given != parent:
        raise invalid(
            f"schedule.create_pipeline_job_request.parent is {given!r}: expected the schedule's "
            f"own, {parent!r}."
        )
    if schedule.create_pipeline_job_request.pipeline_job_id:
        raise invalid(
            "schedule.create_pipeline_job_request.pipeline_job_id must be empty: each run gets an "
            "id of its own."
        )
