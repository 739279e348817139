"""The collection `schedules`."""

from __future__ import annotations

from google.cloud.aiplatform_v1 import types
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from vertex_flow.engine.api.errors import failed_precondition
from vertex_flow.engine.api.masks import checked_paths, copy_fields
from vertex_flow.engine.api.messages import set_time, stamp
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED, Level
from vertex_flow.engine.background import Background
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.pipelines import PipelineJobs
from vertex_flow.engine.pipelines import fields as pipeline_fields
from vertex_flow.engine.schedules.checks import check
from vertex_flow.engine.schedules.clock import Clock, WallClock
from vertex_flow.engine.schedules.runs import Runs, first_run
from vertex_flow.engine.state.listing import page
from vertex_flow.engine.state.store import Store

_JOB = "Schedule.create_pipeline_job_request.pipeline_job"
_OUTPUT_ONLY = (
    "started_run_count",
    "state",
    "create_time",
    "update_time",
    "next_run_time",
    "last_pause_time",
    "last_resume_time",
    "catch_up",
    "last_scheduled_run_response",
)
_SET = (
    "display_name",
    "cron",
    "start_time",
    "end_time",
    "max_run_count",
    "max_concurrent_active_run_count",
    "allow_queueing",
    "create_pipeline_job_request",
)
FIELDS: dict[str, Level] = {
    **{f"Schedule.{field}": HONOURED for field in _SET},
    "Schedule.max_concurrent_run_count": SIMULATED,
    "Schedule.create_notebook_execution_job_request": REFUSED,
    "Schedule.name": SIMULATED,
    **{f"Schedule.{field}": SIMULATED for field in _OUTPUT_ONLY},
    **{
        f"{_JOB}.{path.partition('.')[2]}": level
        for path, level in pipeline_fields.FIELDS.items()
        if path.startswith("PipelineJob.")
    },
}
NOTES: dict[str, str] = {
    "Schedule.cron": "Five fields. A run at a fixed hour starts once on days when clocks change. "
    "Runs that were due while the engine was down are left out, unless catch_up is set.",
    "Schedule.max_concurrent_run_count": "It limits how many runs are started at the same moment; "
    "here they are started one after the other. max_concurrent_active_run_count limits how many "
    "are under way.",
    **{
        f"Schedule.{field}": "Output only: what a request says of it does not count."
        for field in ("name", *_OUTPUT_ONLY)
    },
}

_PARENT = "/v1/{parent=projects/*/locations/*}/schedules"
_ONE = "/v1/{name=projects/*/locations/*/schedules/*}"
_PATCH = "/v1/{schedule.name=projects/*/locations/*/schedules/*}"


class Schedules:
    """The collection `schedules`: pipelines that start by the clock.

    Args:
        store: Where schedules are kept.
        background: Where they wait for their next run.
        operations: For the deletes.
        pipelines: Starts the pipeline jobs.
        clock: What time it is; the machine's own clock by default.
    """

    def __init__(
        self,
        store: Store,
        background: Background,
        operations: Operations,
        pipelines: PipelineJobs,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._store = store
        self._background = background
        self._operations = operations
        self._pipelines = pipelines
        self._clock = clock or WallClock()
        self._runs = Runs(store, background, pipelines, self._clock)

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of schedules."""
        rows: tuple[Row, ...] = (
            ("create", "POST", _PARENT, types.CreateScheduleRequest, "schedule", self.create),
            ("list", "GET", _PARENT, types.ListSchedulesRequest, "", self.list),
            ("get", "GET", _ONE, types.GetScheduleRequest, "", self.get),
            ("patch", "PATCH", _PATCH, types.UpdateScheduleRequest, "schedule", self.patch),
            ("pause", "POST", f"{_ONE}:pause", types.PauseScheduleRequest, "*", self.pause),
            ("resume", "POST", f"{_ONE}:resume", types.ResumeScheduleRequest, "*", self.resume),
            ("delete", "DELETE", _ONE, types.DeleteScheduleRequest, "", self.delete),
        )
        return methods("schedules", rows)

    def recover(self) -> None:
        """Follow the active schedules again; what was missed meanwhile is as after a pause."""
        for schedule in self._store.all(types.Schedule):
            if schedule.state != types.Schedule.State.ACTIVE:
                continue
            if not schedule.catch_up:
                self._runs.leave_out_missed(schedule)
            self._follow(schedule)

    async def create(self, request: types.CreateScheduleRequest) -> types.Schedule:
        """Answer `schedules.create`.

        Raises:
            ApiError: INVALID_ARGUMENT; the schedule, or the pipeline job that it would start.
        """
        schedule = types.Schedule(request.schedule)
        for field in _OUTPUT_ONLY:
            types.Schedule.pb(schedule).ClearField(field)
        stamp(schedule, "create_time", "update_time")
        check(schedule, request.parent)
        self._pipelines.check(schedule.create_pipeline_job_request)
        schedule.name = f"{request.parent}/schedules/{self._store.new_id()}"
        schedule.state = types.Schedule.State.ACTIVE
        schedule.start_time = schedule.start_time or schedule.create_time
        set_time(schedule, "next_run_time", first_run(schedule, self._clock.now()))
        self._store.insert(schedule)
        self._follow(schedule)
        return schedule

    async def get(self, request: types.GetScheduleRequest) -> types.Schedule:
        """Answer `schedules.get`."""
        return self._store.get(types.Schedule, request.name)

    async def list(self, request: types.ListSchedulesRequest) -> types.ListSchedulesResponse:
        """Answer `schedules.list`."""
        found, token = page(self._store, types.Schedule, request.parent, request)
        return types.ListSchedulesResponse(schedules=found, next_page_token=token)

    async def patch(self, request: types.UpdateScheduleRequest) -> types.Schedule:
        """Answer `schedules.patch`; runs that are due by now but not started are left out.

        Raises:
            ApiError: NOT_FOUND, INVALID_ARGUMENT, or FAILED_PRECONDITION when it is complete.
        """
        self._changed(request)
        await self._quiet(request.schedule.name)
        schedule = self._changed(request)  # a run may have started meanwhile
        set_time(schedule, "next_run_time", first_run(schedule, self._clock.now()))
        return self._saved(schedule)

    async def pause(self, request: types.PauseScheduleRequest) -> empty_pb2.Empty:
        """Answer `schedules.pause`; runs that are under way go on.

        Raises:
            ApiError: NOT_FOUND, or FAILED_PRECONDITION when it is complete.
        """
        self._changeable(request.name, "paused")
        await self._quiet(request.name)
        schedule = self._changeable(request.name, "paused")
        schedule.state = types.Schedule.State.PAUSED
        stamp(schedule, "last_pause_time")
        self._saved(schedule)
        return empty_pb2.Empty()

    async def resume(self, request: types.ResumeScheduleRequest) -> empty_pb2.Empty:
        """Answer `schedules.resume`: with `catch_up`, the runs that were missed come first.

        Raises:
            ApiError: NOT_FOUND, or FAILED_PRECONDITION when it is not paused.
        """
        schedule = self._changeable(request.name, "resumed")
        if schedule.state != types.Schedule.State.PAUSED:
            raise failed_precondition(
                f"The Schedule {schedule.name!r} is in state {schedule.state.name}: only a paused "
                "schedule can be resumed."
            )
        schedule.state = types.Schedule.State.ACTIVE
        schedule.catch_up = request.catch_up
        set_time(schedule, "last_resume_time", self._clock.now())
        if not request.catch_up:
            set_time(schedule, "next_run_time", first_run(schedule, self._clock.now()))
        self._saved(schedule)
        return empty_pb2.Empty()

    async def delete(self, request: types.DeleteScheduleRequest) -> operations_pb2.Operation:
        """Answer `schedules.delete`; the pipeline jobs that it has started stay."""
        schedule = self._store.get(types.Schedule, request.name)
        return await self._operations.remove(schedule.name, self._forget(schedule.name))

    async def _forget(self, name: str) -> empty_pb2.Empty:
        await self._quiet(name)
        self._store.delete(name)
        return empty_pb2.Empty()

    async def _quiet(self, name: str) -> None:
        """Stop following a schedule; another request may have it followed again meanwhile."""
        while self._background.running(name):
            await self._background.cancel(name)

    def _changed(self, request: types.UpdateScheduleRequest) -> types.Schedule:
        schedule = self._changeable(request.schedule.name, "updated")
        mask = types.UpdateScheduleRequest.pb(request).update_mask
        settable = (*_SET, "max_concurrent_run_count")
        copy_fields(request.schedule, schedule, checked_paths(mask, settable, kind="Schedule"))
        check(schedule, schedule.name.partition("/schedules/")[0])
        self._pipelines.check(schedule.create_pipeline_job_request)
        return schedule

    def _changeable(self, name: str, change: str) -> types.Schedule:
        schedule = self._store.get(types.Schedule, name)
        if schedule.state == types.Schedule.State.COMPLETED:
            raise failed_precondition(
                f"The Schedule {name!r} is complete and cannot be {change}: create a new one."
            )
        return schedule

    def _saved(self, schedule: types.Schedule) -> types.Schedule:
        stamp(schedule, "update_time")
        self._store.save(schedule)
        if schedule.state == types.Schedule.State.ACTIVE:
            self._follow(schedule)
        return schedule

    def _follow(self, schedule: types.Schedule) -> None:
        self._background.start(schedule.name, self._runs.follow(schedule.name))
