"""Starting the runs of a schedule when they are due."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

import attrs
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import reason
from vertex_flow.engine.api.messages import set_time, stamp
from vertex_flow.engine.background import Background
from vertex_flow.engine.pipelines import PipelineJobs
from vertex_flow.engine.schedules.clock import Clock, in_utc
from vertex_flow.engine.schedules.timetable import Timetable
from vertex_flow.engine.state.store import Store

_log = logging.getLogger(__name__)

_INSTANT = timedelta(microseconds=1)
# How often a run that waits for others to end looks again.
_PAUSE = timedelta(seconds=0.5)
_ID_SIZE = 80


def first_run(schedule: types.Schedule, now: datetime) -> datetime:
    """Give the time of a schedule's next run when nothing before `now` counts.

    Args:
        schedule: Has the cron expression and, maybe, a time before which nothing runs.
        now: The present moment.
    """
    start = in_utc(schedule.start_time) or now
    return Timetable.parse(schedule.cron).after(max(start - _INSTANT, now))


@attrs.frozen
class Runs:
    """Starts the runs of schedules.

    The queue of a schedule is its `next_run_time`: it stays in the past as long as a run that is
    due cannot start, and moves on by one run at a time. So what waits survives a kill.

    Attributes:
        store: Where schedules are kept.
        background: Where the pipeline jobs run.
        pipelines: Starts the pipeline jobs.
        clock: What time it is.
    """

    store: Store
    background: Background
    pipelines: PipelineJobs
    clock: Clock

    async def follow(self, name: str) -> None:
        """Start a schedule's runs, each when it is due, until the schedule is complete."""
        while True:
            await asyncio.sleep(0)  # a long queue starts without a wait in between
            schedule = self.store.get(types.Schedule, name)
            if self._complete(schedule):
                return
            due, end = in_utc(schedule.next_run_time), in_utc(schedule.end_time)
            await self.clock.until(min(due, end) if end else due)
            if end and due > end:
                continue
            if not self._full(schedule):
                self._start(schedule, due)
            elif schedule.allow_queueing or self._behind(schedule, due):
                await self.clock.until(self.clock.now() + _PAUSE)
            else:
                _log.info("%s: the run due at %s is left out: others still run", name, due)
                self._move_on(schedule, due)

    def leave_out_missed(self, schedule: types.Schedule) -> None:
        """Move a schedule on past what was due while nobody looked, but for a run that started."""
        due = in_utc(schedule.next_run_time)
        if self._started(schedule, due):
            self._start(schedule, due)  # counted, not started again
        if in_utc(schedule.next_run_time) < self.clock.now():
            set_time(schedule, "next_run_time", first_run(schedule, self.clock.now()))
            self.store.keep(schedule)

    def _complete(self, schedule: types.Schedule) -> bool:
        """Tell whether a schedule has no more runs; it is stored as such then."""
        count, end = schedule.max_run_count, in_utc(schedule.end_time)
        late = end is not None and end < in_utc(schedule.next_run_time) and end <= self.clock.now()
        if not late and not (count and schedule.started_run_count >= count):
            return False
        schedule.state = types.Schedule.State.COMPLETED
        types.Schedule.pb(schedule).ClearField("next_run_time")
        stamp(schedule, "update_time")
        self.store.keep(schedule)
        return True

    def _full(self, schedule: types.Schedule) -> bool:
        """Tell whether as many runs of a schedule are under way as may be."""
        limit = schedule.max_concurrent_active_run_count
        return bool(limit) and self._active(schedule) >= limit

    def _active(self, schedule: types.Schedule) -> int:
        """Count the runs under way: the schedule's number is in the names of its jobs."""
        return self.background.count(f"-{schedule.name.rpartition('/')[2]}-")

    def _behind(self, schedule: types.Schedule, due: datetime) -> bool:
        """Tell whether a run is one of those that a pause has delayed and that are made up for."""
        resumed = in_utc(schedule.last_resume_time)
        return bool(schedule.catch_up and resumed and due <= resumed)

    def _start(self, schedule: types.Schedule, due: datetime) -> None:
        """Start one run; its id comes from the time, so that a kill cannot start it twice."""
        request = types.CreatePipelineJobRequest(schedule.create_pipeline_job_request)
        job = self._job(schedule, due)
        request.pipeline_job_id = job.rpartition("/")[2]
        try:
            if not self._started(schedule, due):
                run_time = str(int(due.timestamp()))
                self.pipelines.submit(request, schedule=schedule.name, run_time=run_time)
            response = f"Created {job}."
        except Exception as error:  # a run that cannot start must not end its schedule
            _log.exception("%s: the run due at %s could not start", schedule.name, due)
            response = str(reason(error))
        schedule.last_scheduled_run_response = types.Schedule.RunResponse(
            scheduled_run_time=due, run_response=response
        )
        schedule.started_run_count += 1
        self._move_on(schedule, due)

    def _started(self, schedule: types.Schedule, due: datetime) -> bool:
        return self.store.find(types.PipelineJob, self._job(schedule, due)) is not None

    def _job(self, schedule: types.Schedule, due: datetime) -> str:
        """Name the job of a run."""
        request = schedule.create_pipeline_job_request
        number = schedule.name.rpartition("/")[2]
        spec = types.PipelineJob.pb(request.pipeline_job).pipeline_spec
        pipeline = spec["pipelineInfo"]["name"][:_ID_SIZE]
        return f"{request.parent}/pipelineJobs/{pipeline}-{number}-{due:%Y%m%d%H%M%S}"

    def _move_on(self, schedule: types.Schedule, due: datetime) -> None:
        set_time(schedule, "next_run_time", Timetable.parse(schedule.cron).after(due))
        stamp(schedule, "update_time")
        self.store.keep(schedule)
