"""Runs the trials of a tuning job, several at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.jobs.replicas import cores
from vertex_flow.engine.jobs.runs import INVALID_ARGUMENT, Outcome
from vertex_flow.engine.tuning.measurements import Goal, Measured, Verdict
from vertex_flow.engine.tuning.stopping import below_median
from vertex_flow.engine.tuning.suggestions import Search, search
from vertex_flow.engine.tuning.trials import TrialRun, TrialTools


class TuningRun:
    """A tuning job under way.

    Args:
        job: The job; its trials are kept up to date.
        tools: What trials need of the engine.
        save: Stores the job.
    """

    def __init__(
        self, job: types.HyperparameterTuningJob, tools: TrialTools, save: Callable[[], None]
    ) -> None:
        self._job = job
        self._tools = tools
        self._save = save
        goals = types.StudySpec.MetricSpec.GoalType
        self._goals = [
            Goal(metric.metric_id, metric.goal == goals.MAXIMIZE)
            for metric in job.study_spec.metrics
        ]
        self._runs: list[TrialRun] = []
        self._verdicts: dict[int, Verdict] = {}
        self._tasks: dict[asyncio.Task[Verdict], TrialRun] = {}

    async def run(self) -> Outcome:
        """Run trials until there are enough, or too many have failed."""
        # Importing Optuna takes half a second, in which the engine goes on answering.
        chosen = await asyncio.to_thread(search, self._job.study_spec, self._job.max_trial_count)
        try:
            while self._fill(chosen):
                done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._settle(task, chosen)
                if self._given_up():
                    break
        finally:
            await self._stop()
        return self._outcome()

    def _fill(self, chosen: Search) -> bool:
        """Start trials as long as there is room; tell whether any is under way."""
        job = self._job
        while len(self._tasks) < job.parallel_trial_count and len(self._runs) < job.max_trial_count:
            number = len(self._runs) + 1
            values = chosen.suggest(number)
            if values is None:
                break
            trial = TrialRun(
                number=number,
                tuning=job.name,
                values=values,
                goals=self._goals,
                best=job.study_spec.measurement_selection_type
                == types.StudySpec.MeasurementSelectionType.BEST_MEASUREMENT,
                threads=self._threads(),
            )
            self._runs.append(trial)
            work = trial.run(
                types.CustomJob(display_name=job.display_name, job_spec=job.trial_job_spec),
                self._tools,
                show=self._show,
                hopeless=self._hopeless,
            )
            self._tasks[asyncio.create_task(work)] = trial
        self._show()
        return bool(self._tasks)

    def _threads(self) -> int | None:
        parallel = self._job.parallel_trial_count
        return None if parallel == 1 else max(1, cores() // parallel)

    def _settle(self, task: asyncio.Task[Verdict], chosen: Search) -> None:
        trial = self._tasks.pop(task)
        verdict = task.result()
        self._verdicts[trial.number] = verdict
        final = verdict.final
        chosen.tell(
            trial.number,
            None if final is None else [final.values[goal.metric] for goal in self._goals],
        )
        self._show()

    def _hopeless(self, measured: Sequence[Measured]) -> bool:
        study = self._job.study_spec
        if "median_automated_stopping_spec" not in study:
            return False
        finished = [run.measured for run in self._runs if self._succeeded(run)]
        by_time = bool(study.median_automated_stopping_spec.use_elapsed_duration)
        return below_median(measured, finished, self._goals[0], by_time=by_time)

    def _succeeded(self, run: TrialRun) -> bool:
        verdict = self._verdicts.get(run.number)
        return verdict is not None and verdict.final is not None

    def _failures(self) -> list[int]:
        return sorted(number for number, verdict in self._verdicts.items() if verdict.failed)

    def _given_up(self) -> bool:
        """Tell whether to stop because of failures.

        When the request leaves the number to Vertex AI, the first trials decide: when as many as
        run at a time, and at least two, have all failed, then the program does not work.
        """
        failed = len(self._failures())
        if self._job.max_failed_trial_count:
            return failed >= int(self._job.max_failed_trial_count)
        first = min(max(2, self._job.parallel_trial_count), self._job.max_trial_count)
        return failed >= first and failed == len(self._verdicts)

    def _outcome(self) -> Outcome:
        failed = self._failures()
        succeeded = any(verdict.final for verdict in self._verdicts.values())
        if succeeded and not self._given_up():
            return Outcome()
        number = failed[0] if failed else min(self._verdicts)
        count = f"{len(failed)} of {len(self._verdicts)} trials failed."
        if not failed:
            count = "No trial gave a usable result."
        return Outcome(code=INVALID_ARGUMENT, message=f"{count} {self._verdicts[number].reason}")

    async def _stop(self) -> None:
        """End the trials that are still under way."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks.clear()
        self._show()

    def _show(self) -> None:
        self._job.trials = [run.message for run in self._runs]
        self._save()
