"""One trial of a tuning job: a custom job with parameters, whose metrics are read while it runs."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import attrs
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.messages import stamp
from vertex_flow.engine.background import Background
from vertex_flow.engine.jobs.checks import pools
from vertex_flow.engine.jobs.replicas import Surroundings
from vertex_flow.engine.jobs.service import CustomJobs
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store
from vertex_flow.engine.tuning.measurements import (
    Goal,
    Measured,
    MetricFile,
    PastReport,
    Verdict,
    as_message,
    from_message,
    judge,
)
from vertex_flow.engine.tuning.search_space import Values, as_argument
from vertex_flow.engine.tuning.stopping import Stop
from vertex_flow.names import Resource, join_uri

# How often metrics are read, in seconds.
_PACE = 0.3


@attrs.frozen(kw_only=True)
class TrialTools:
    """What trials need of the engine.

    Attributes:
        home: Has their scratch files.
        store: Has their jobs.
        background: Runs their jobs.
        custom: Starts and stops them.
    """

    home: Home
    store: Store
    background: Background
    custom: CustomJobs


@attrs.frozen(kw_only=True)
class Watch:
    """What a trial tells its study, and asks of it.

    Attributes:
        show: Called when the trial's message has changed.
        verdict: Decides from its measurements whether to stop it early.
        over: Tells whether the whole study stops at once.
    """

    show: Callable[[], None]
    verdict: Callable[[Sequence[Measured]], Awaitable[Stop | None]]
    over: Callable[[], bool]


@attrs.define(kw_only=True)
class TrialRun:
    """One trial, under way or ended.

    Attributes:
        number: From 1.
        tuning: Resource name of the tuning job.
        values: Its parameters.
        goals: The metrics.
        best: Whether the best measurement counts, not the last.
        threads: Its share of the cores, or None.
        message: The trial as the API shows it.
        measured: What it measured so far.
        stopped: Whether it was stopped early.
    """

    number: int
    tuning: str
    values: Values
    goals: Sequence[Goal]
    best: bool
    threads: int | None
    message: types.Trial = attrs.Factory(types.Trial)
    measured: list[Measured] = attrs.Factory(list)
    stopped: bool = False

    def request(self) -> None:
        """Show the trial as one that begins, or begins again."""
        self.message = types.Trial(
            id=str(self.number),
            state=types.Trial.State.REQUESTED,
            parameters=[
                types.Trial.Parameter(parameter_id=name, value=value)
                for name, value in self.values.items()
            ],
        )
        stamp(self.message, "start_time")

    def restore(self, message: types.Trial, store: Store) -> Verdict | None:
        """Take up a trial of an engine that is gone.

        Args:
            message: The trial as it was stored.
            store: Has the job behind it.

        Returns:
            How it went, or None when it has to run again.
        """
        states = types.Trial.State
        self.message = message
        if message.state not in (states.SUCCEEDED, states.INFEASIBLE):
            return None
        self.measured = [from_message(item) for item in message.measurements]
        job = store.find(types.CustomJob, message.custom_job)
        state = job.state if job else types.JobState.JOB_STATE_UNSPECIFIED
        if message.state == states.SUCCEEDED:
            self.stopped = state == types.JobState.JOB_STATE_CANCELLED
            return Verdict(final=from_message(message.final_measurement))
        again = judge(message.id, PastReport(self.measured), self.goals, best=self.best)
        failed = state == types.JobState.JOB_STATE_FAILED or again.failed or bool(again.final)
        return Verdict(reason=message.infeasible_reason, failed=failed)

    async def run(self, job: types.CustomJob, tools: TrialTools, watch: Watch) -> Verdict:
        """Run the trial to its end.

        Args:
            job: The job that all trials share.
            tools: What it needs of the engine.
            watch: Its study.
        """
        self.request()
        scratch = tools.home.scratch(f"trial-{self.number}")
        try:
            verdict = await self._follow(self._job(job, scratch), scratch, tools, watch)
        except asyncio.CancelledError:
            self._end(Verdict(reason="The trial was cancelled."))
            raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self._end(verdict)
        return verdict

    async def _follow(
        self, job: types.CustomJob, scratch: Path, tools: TrialTools, watch: Watch
    ) -> Verdict:
        file = MetricFile(
            scratch / "metrics-0",
            metrics=[goal.metric for goal in self.goals],
            start=time.time(),
        )
        self.measured = file.measured
        name = Resource.parse(self.tuning)
        around = Surroundings(
            logs=("hyperparameterTuningJobs", name.id, f"trial-{self.number}"),
            threads=self.threads,
            trial=str(self.number),
            scratch=scratch,
        )
        started = tools.custom.submit(name.parent, job, around=around)
        self.message.custom_job = started.name
        self.message.state = types.Trial.State.ACTIVE
        watch.show()
        stop = None
        try:
            while stop is None and await _runs(tools.background, started.name):
                stop = await self._look(file, watch)
        finally:
            await tools.custom.stop(started.name)
        file.read()
        if stop is not None and stop.last is not None:
            file.measured.append(stop.last)
        self._measure()
        return self._verdict(tools.store.get(types.CustomJob, started.name), file)

    async def _look(self, file: MetricFile, watch: Watch) -> Stop | None:
        """Read what is new, and decide whether to stop."""
        new = file.read()
        stop = await watch.verdict(file.measured) if new else None
        if stop is None and watch.over():
            stop = Stop()
        if stop is not None:
            self.stopped = True
            self.message.state = types.Trial.State.STOPPING
        if new or stop is not None:
            self._measure()
            watch.show()
        return stop

    def _verdict(self, job: types.CustomJob, file: MetricFile) -> Verdict:
        if job.state != types.JobState.JOB_STATE_SUCCEEDED and not self.stopped:
            return Verdict(reason=f"Trial {self.number}: {job.error.message}", failed=True)
        if self.stopped and not file.reported:
            return Verdict(reason=f"Trial {self.number} was stopped before it reported a metric.")
        return judge(self.message.id, file, self.goals, best=self.best)

    def _measure(self) -> None:
        ordered = sorted(self.measured, key=lambda item: (item.step, item.seconds))
        self.message.measurements = [types.Measurement(as_message(item)) for item in ordered]

    def _end(self, verdict: Verdict) -> None:
        states = types.Trial.State
        self.message.state = states.SUCCEEDED if verdict.final else states.INFEASIBLE
        self.message.infeasible_reason = verdict.reason
        if verdict.final:
            self.message.final_measurement = types.Measurement(as_message(verdict.final))
        stamp(self.message, "end_time")

    def _job(self, job: types.CustomJob, scratch: Path) -> types.CustomJob:
        """Give the job with this trial's parameters, folder and variables."""
        own = types.CustomJob(job)
        own.display_name = f"{job.display_name[:110]}-trial-{self.number}"
        base = own.job_spec.base_output_directory.output_uri_prefix
        if base:
            uri = join_uri(base, str(self.number))
            own.job_spec.base_output_directory.output_uri_prefix = uri
        for number, pool in pools(own.job_spec):
            part = (
                pool.python_package_spec if "python_package_spec" in pool else pool.container_spec
            )
            part.args.extend(
                f"--{name}={as_argument(value)}" for name, value in self.values.items()
            )
            variables = {
                "CLOUD_ML_JOB_ID": Resource.parse(self.tuning).id,
                "CLOUD_ML_TRIAL_ID": str(self.number),
                "CLOUD_ML_HP_METRIC_FILE": str(scratch / f"metrics-{number}"),
            }
            part.env.extend(
                types.EnvVar(name=name, value=value) for name, value in variables.items()
            )
        return own


async def _runs(background: Background, name: str) -> bool:
    """Wait a moment; tell whether work still goes on."""
    waiting = asyncio.ensure_future(background.wait(name))
    done, _ = await asyncio.wait({waiting}, timeout=_PACE)
    waiting.cancel()
    return not done
