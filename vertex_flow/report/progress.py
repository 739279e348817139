"""Progress of a run as lines of text: what changed since the last look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from vertex_flow.names import Resource
from vertex_flow.report.snapshot import Snapshot, StageRun
from vertex_flow.texts import describe_seconds, describe_value, plain

_WORDS = {
    "RUNNING": "running",
    "SUCCEEDED": "done",
    "REUSED": "reused: nothing it depends on has changed",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "NOT_TRIGGERED": "left out: its condition does not hold",
    "NOT_REACHED": "not reached",
}
_TOOK = {"SUCCEEDED": "in", "FAILED": "after", "CANCELLED": "after"}
_TRIAL_OVER = ("SUCCEEDED", "INFEASIBLE", "FAILED", "STOPPED")


class Progress:
    """Says what changed since the last look at a run.

    Args:
        say: Called with each line.
        tuning_job: Finds a hyperparameter tuning job by display name.
        queued: Whether runs wait for a while before they start, which is then said.
        page: Gives the page of a job in the console, which is then said; None for none.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        tuning_job: Callable[[str], Any],
        *,
        queued: bool = False,
        page: Callable[[str], str | None] | None = None,
    ) -> None:
        self._say = say
        self._queued = queued
        self._tuning_job = tuning_job
        self._page = page
        self._jobs: set[str] = set()
        self._states: dict[str, str] = {}
        self._trials: set[tuple[str, str]] = set()

    def update(self, snapshot: Snapshot) -> None:
        """Say what changed."""
        if self._queued and snapshot.is_waiting:
            self._queued = False
            self._line(snapshot, f"{len(snapshot.stages)} stages", 0, "pending")
        width = max((len(stage.name) for stage in snapshot.stages), default=0)
        for stage in snapshot.stages:
            if stage.state == "RUNNING":
                self._say_jobs(snapshot, stage, width)
                self._say_trials(snapshot, stage, width)
            if self._states.get(stage.name) == stage.state or stage.state == "PENDING":
                continue
            if stage.state == "SUCCEEDED" and stage.name in self._states:
                self._say_trials(snapshot, stage, width)
            self._states[stage.name] = stage.state
            self._line(snapshot, stage.name, width, _describe(stage))

    def _line(self, snapshot: Snapshot, stage: str, width: int, text: str) -> None:
        start = snapshot.start
        elapsed = (datetime.now(timezone.utc) - start).total_seconds() if start else 0.0
        minutes, seconds = divmod(max(int(elapsed), 0), 60)
        self._say(plain(f"{minutes:3d}:{seconds:02d}  {stage:<{width}}  {text}"))

    def _say_jobs(self, snapshot: Snapshot, stage: StageRun, width: int) -> None:
        """Say where the jobs of a running stage are to be seen, once."""
        if self._page is None or stage.name not in self._states:
            return
        for job in snapshot.jobs(stage.name):
            url = None if job in self._jobs else self._page(job)
            self._jobs.add(job)
            if url:
                self._line(snapshot, stage.name, width, url)

    def _say_trials(self, snapshot: Snapshot, stage: StageRun, width: int) -> None:
        if not snapshot.tunes(stage.name):
            return
        job = self._tuning_job(f"{Resource.parse(snapshot.name).id}-{stage.name}")
        if job is None:
            return
        for trial in job.trials:
            known = (stage.name, trial.id)
            if trial.state.name not in _TRIAL_OVER or known in self._trials:
                continue
            self._trials.add(known)
            text = f"trial {trial.id}/{job.max_trial_count}  {_describe_trial(trial)}"
            self._line(snapshot, stage.name, width, text)


def _describe(stage: StageRun) -> str:
    text = _WORDS.get(stage.state, stage.state.lower())
    if stage.state in _TOOK and stage.seconds is not None:
        text += f" {_TOOK[stage.state]} {describe_seconds(stage.seconds)}"
    return text


def _describe_trial(trial: Any) -> str:
    settings = " ".join(
        f"{parameter.parameter_id}={describe_value(parameter.value, digits=3)}"
        for parameter in trial.parameters
    )
    if trial.state.name != "SUCCEEDED" or not trial.final_measurement:
        return f"{trial.state.name.lower()}  {settings}"
    metrics = trial.final_measurement.metrics
    # One metric needs no name in each line, and lines stay within 80 columns.
    named = [
        f"{m.metric_id} {m.value:.4f}" if len(metrics) > 1 else f"{m.value:.4f}" for m in metrics
    ]
    return f"{' '.join(named)}  {settings}"
