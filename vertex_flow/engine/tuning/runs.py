"""Runs the trials of a tuning job, several at a time, and goes on where a killed engine was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import cast

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.jobs.replicas import cores
from vertex_flow.engine.jobs.runs import INVALID_ARGUMENT, Outcome
from vertex_flow.engine.tuning.budget import Progress, Scored, exhausted
from vertex_flow.engine.tuning.measurements import Goal, Measured, Verdict
from vertex_flow.engine.tuning.search_space import Values, as_values
from vertex_flow.engine.tuning.stopping import Finished, Stop, rule
from vertex_flow.engine.tuning.suggestions import SEED, SEED_LABEL, Search, search
from vertex_flow.engine.tuning.trials import TrialRun, TrialTools, Watch


class TuningRun:
    """A tuning job under way.

    Args:
        job: The job; its trials are kept up to date. Trials that it has already are taken up.
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
            Goal(metric.metric_id, metric.goal != goals.MINIMIZE)
            for metric in job.study_spec.metrics
        ]
        self._rule = rule(job.study_spec, self._goals[0])
        self._runs: list[TrialRun] = []
        self._verdicts: dict[int, Verdict] = {}
        self._again: list[TrialRun] = []
        self._tasks: dict[asyncio.Task[Verdict], TrialRun] = {}

    async def run(self) -> Outcome:
        """Run trials until there are enough, or too many have failed."""
        # Importing Optuna takes half a second, in which the engine goes on answering.
        chosen = await asyncio.to_thread(self._search)
        self._restore(chosen)
        try:
            while not self._given_up() and self._fill(chosen):
                done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._settle(task, chosen)
        finally:
            await self._stop()
        return self._outcome()

    def _search(self) -> Search:
        seed = int(self._job.labels.get(SEED_LABEL, SEED))
        return search(self._job.study_spec, self._job.max_trial_count, seed=seed)

    def _restore(self, chosen: Search) -> None:
        """Take up the trials of an engine that is gone; those that were active run again."""
        space = list(self._job.study_spec.parameters)
        for message in list(self._job.trials):
            given = {entry.parameter_id: entry.value for entry in message.parameters}
            trial = self._trial(int(message.id), as_values(space, given))
            verdict = trial.restore(types.Trial(message), self._tools.store)
            self._runs.append(trial)
            chosen.resume(trial.number, trial.values)
            if verdict is None:
                self._again.append(trial)
            else:
                self._learn(trial, verdict, chosen)

    def _fill(self, chosen: Search) -> bool:
        """Start trials as long as there is room; tell whether any is under way."""
        while len(self._tasks) < self._job.parallel_trial_count:
            trial = self._next(chosen)
            if trial is None:
                break
            trial.request()
            job = types.CustomJob(
                display_name=self._job.display_name, job_spec=self._job.trial_job_spec
            )
            watch = Watch(show=self._show, verdict=self._judge, over=self._over_at_once)
            self._tasks[asyncio.create_task(trial.run(job, self._tools, watch))] = trial
        self._show()
        return bool(self._tasks)

    def _next(self, chosen: Search) -> TrialRun | None:
        """Give the trial that is to run next, or None when there is none."""
        if self._again:
            return self._again.pop(0)
        if len(self._runs) >= self._job.max_trial_count or self._exhausted(len(self._runs)):
            return None
        number = len(self._runs) + 1
        values = chosen.suggest(number)
        if values is None:
            return None
        trial = self._trial(number, values)
        self._runs.append(trial)
        return trial

    def _trial(self, number: int, values: Values) -> TrialRun:
        selections = types.StudySpec.MeasurementSelectionType
        parallel = self._job.parallel_trial_count
        return TrialRun(
            number=number,
            tuning=self._job.name,
            values=values,
            goals=self._goals,
            best=self._job.study_spec.measurement_selection_type == selections.BEST_MEASUREMENT,
            threads=None if parallel == 1 else max(1, cores() // parallel),
        )

    def _settle(self, task: asyncio.Task[Verdict], chosen: Search) -> None:
        trial = self._tasks.pop(task)
        self._learn(trial, task.result(), chosen)
        self._show()

    def _learn(self, trial: TrialRun, verdict: Verdict, chosen: Search) -> None:
        self._verdicts[trial.number] = verdict
        final = verdict.final
        chosen.tell(
            trial.number,
            None if final is None else [final.values[goal.metric] for goal in self._goals],
        )

    async def _judge(self, measured: Sequence[Measured]) -> Stop | None:
        """Decide whether a trial with these measurements is stopped early."""
        if self._rule is None:
            return None
        metric = self._goals[0].metric
        finished = [
            Finished(
                measured=list(run.measured),
                stopped=run.stopped,
                value=verdict.final.values[metric],
            )
            for run in self._runs
            if (verdict := self._verdicts.get(run.number)) is not None and verdict.final is not None
        ]
        return await asyncio.to_thread(self._rule.judge, list(measured), finished)

    def _exhausted(self, trials: int) -> bool:
        """Tell whether the study stops by its own conditions, with so many trials."""
        if "study_stopping_config" not in self._job.study_spec:
            return False
        metric = self._goals[0].metric
        scored = [
            Scored(verdict.final.values[metric], cast(datetime, run.message.end_time))
            for run in self._runs
            if (verdict := self._verdicts.get(run.number)) is not None and verdict.final is not None
        ]
        scored.sort(key=lambda one: one.ended)
        progress = Progress(
            created=cast(datetime, self._job.create_time), trials=trials, scored=scored
        )
        return exhausted(self._job.study_spec.study_stopping_config, progress, self._goals[0])

    def _over_at_once(self) -> bool:
        """Tell whether trials under way are stopped as well."""
        config = self._job.study_spec.study_stopping_config
        return bool(config.should_stop_asap) and self._exhausted(len(self._verdicts))

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
        if not self._verdicts:
            return Outcome(code=INVALID_ARGUMENT, message="The study stopped before any trial.")
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
