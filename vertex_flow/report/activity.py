"""What a run is doing at one moment: worked out once, shown as lines, as a table and as a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import attrs

from vertex_flow.names import Resource, job_display_name
from vertex_flow.report.doing import doing, readable
from vertex_flow.report.metrics import is_overall
from vertex_flow.report.snapshot import Snapshot, StageRun
from vertex_flow.report.states import is_over
from vertex_flow.report.tracebacks import last_exception
from vertex_flow.texts import counted, describe_value, plain

_TRIAL_OVER = ("SUCCEEDED", "INFEASIBLE", "FAILED", "STOPPED")
_CLASSES = 4  # metrics that a stage's line has room for


@attrs.frozen(kw_only=True)
class StageActivity:
    """What a stage is doing.

    Attributes:
        name: Name of the stage.
        state: One of the states of `StageRun`.
        start: When it started, or None.
        end: When it ended, or None.
        doing: What it is doing, or what came out of it, in a few words; may be empty.
        notes: What is worth a line of its own, in order: pages of its jobs, trials that are over.
        log: The last lines that it has printed, while it runs.
    """

    name: str
    state: str
    start: datetime | None = None
    end: datetime | None = None
    doing: str = ""
    notes: tuple[str, ...] = ()
    log: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Activity:
    """What a run is doing.

    Attributes:
        job_id: Id of the run.
        flow: Name of the flow.
        state: State of the run.
        is_waiting: Whether it waits in a queue for its first task.
        start: When it started, or was created while it has not.
        end: When it ended, or None.
        stages: Its stages, each after those it depends on.
    """

    job_id: str
    flow: str
    state: str
    is_waiting: bool
    start: datetime | None
    end: datetime | None
    stages: tuple[StageActivity, ...]

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return is_over(self.state)

    @property
    def active(self) -> StageActivity | None:
        """The stage whose log is shown: of those that have printed something, the youngest."""
        talking = [one for one in self.stages if one.state == "RUNNING" and one.log and one.start]
        return max(talking, key=lambda one: one.start or datetime.min, default=None)


class Watch:
    """Works out what a run is doing, look after look.

    Args:
        tuning_job: Finds a hyperparameter tuning job by display name.
        queued: Whether runs wait for a while before they start.
        page: Gives the page of a job in the console; None for none.
        read_log: Reads the end of what a running stage has printed, as it stands there; None for
            not reading logs.
    """

    def __init__(
        self,
        tuning_job: Callable[[str], Any],
        *,
        queued: bool = False,
        page: Callable[[str], str | None] | None = None,
        read_log: Callable[[Snapshot, str], str] | None = None,
    ) -> None:
        self._tuning_job = tuning_job
        self._queued = queued
        self._page = page
        self._read_log = read_log
        self._running: set[str] = set()
        self._seen: dict[str, tuple[str, ...]] = {}

    def look(self, snapshot: Snapshot) -> Activity:
        """Work out what a run is doing now."""
        failure = snapshot.first_failure() if snapshot.state != "SUCCEEDED" else None
        reasons = {failure.stage: failure.reason} if failure else {}
        return Activity(
            job_id=Resource.parse(snapshot.name).id,
            flow=snapshot.flow,
            state=snapshot.state,
            is_waiting=self._queued and snapshot.is_waiting,
            start=snapshot.start,
            end=snapshot.end,
            stages=tuple(
                self._stage(snapshot, one, reasons.get(one.name, "")) for one in snapshot.stages
            ),
        )

    def _stage(self, snapshot: Snapshot, stage: StageRun, reason: str) -> StageActivity:
        log: tuple[str, ...] = ()
        words = _outcome(stage, reason)
        was_running = stage.name in self._running
        if stage.state == "RUNNING" or was_running:
            # One more look when it has ended: trials end between two looks.
            tuning = self._tuning(snapshot, stage)
            notes = [*self._pages(snapshot, stage), *map(plain, _trial_notes(tuning))]
            self._seen[stage.name] = tuple(dict.fromkeys([*self._known(stage), *notes]))
            self._running.discard(stage.name)
            if stage.state == "RUNNING":
                self._running.add(stage.name)
                log = self._log(snapshot, stage)
                words = _search(tuning) or doing(log)
        return StageActivity(
            name=stage.name,
            state=stage.state,
            start=stage.start,
            end=stage.end,
            doing=words,
            notes=self._known(stage),
            log=log,
        )

    def _known(self, stage: StageRun) -> tuple[str, ...]:
        return self._seen.get(stage.name, ())

    def _tuning(self, snapshot: Snapshot, stage: StageRun) -> Any:
        if not snapshot.tunes(stage.name):
            return None
        return self._tuning_job(job_display_name(Resource.parse(snapshot.name).id, stage.name))

    def _pages(self, snapshot: Snapshot, stage: StageRun) -> Iterator[str]:
        """Where the jobs of a stage are to be seen."""
        page = self._page
        if page is not None and stage.state == "RUNNING":
            yield from filter(None, map(page, snapshot.jobs(stage.name)))

    def _log(self, snapshot: Snapshot, stage: StageRun) -> tuple[str, ...]:
        return readable(self._read_log(snapshot, stage.name)) if self._read_log else ()


def _trial_notes(job: Any) -> Iterator[str]:
    """A line for each trial that is over."""
    if job is None:
        return
    for trial in job.trials:
        if trial.state.name in _TRIAL_OVER:
            yield f"trial {trial.id}/{job.max_trial_count}  {_trial(trial)}"


def _trial(trial: Any) -> str:
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


def _search(job: Any) -> str:
    """How far a search is: `trial 3/6 best 0.981`."""
    if job is None or not job.trials:
        return ""
    text = f"trial {len(job.trials)}/{job.max_trial_count}"
    best = _best(job)
    return text if best is None else f"{text} best {describe_value(best)}"


def _best(job: Any) -> float | None:
    """The best value of the metric that is optimised, of the trials that are over."""
    objectives = job.study_spec.metrics
    values = [
        float(metric.value)
        for trial in job.trials
        if trial.state.name == "SUCCEEDED"
        for metric in trial.final_measurement.metrics
        if not objectives or metric.metric_id == objectives[0].metric_id
    ]
    values = [value for value in values if value == value]  # noqa: PLR0124 - without NaN
    smallest = bool(objectives) and objectives[0].goal.name == "MINIMIZE"
    return (min if smallest else max)(values, default=None)


def _outcome(stage: StageRun, reason: str) -> str:
    """What came out of a stage, in a few words."""
    if stage.state == "FAILED":
        return _first(reason)
    if stage.state == "NOT_TRIGGERED":
        return "its condition does not hold"
    if stage.state not in ("SUCCEEDED", "REUSED"):
        return ""
    return _searched(stage.outputs) or _measured(stage.metrics) or _made(stage)


def _first(reason: str) -> str:
    raised = last_exception(reason)
    lines = [raised.line] if raised else [line for line in reason.splitlines() if line.strip()]
    return plain(lines[0].strip()) if lines else ""


def _searched(outputs: Mapping[str, Any]) -> str:
    trials, best = outputs.get("trials"), outputs.get("best_parameters")
    if not isinstance(trials, list) or not isinstance(best, Mapping):
        return ""
    value = describe_value(outputs.get("best_metric", ""))
    return f"{counted(len(trials), 'trial')}, best {value}: {pairs(best)}"


def _measured(metrics: Mapping[str, float]) -> str:
    overall = {name: value for name, value in metrics.items() if is_overall(name)}
    return pairs(dict(list(overall.items())[:_CLASSES]))


def _made(stage: StageRun) -> str:
    """The resource of Vertex AI that a stage has made."""
    for artifact in stage.artifacts.values():
        name = str(artifact.metadata.get("resourceName", ""))
        if artifact.schema_title in ("google.VertexModel", "google.VertexEndpoint") and name:
            collection, _, found = name.rpartition("/")
            found, _, version = found.partition("@")
            what = collection.rpartition("/")[2].removesuffix("s")
            return plain(f"{what} {found}" + (f", version {version}" if version else ""))
    return ""


def pairs(values: Mapping[str, Any]) -> str:
    """Word names and values: `accuracy 0.98, f1 0.97`."""
    return ", ".join(
        f"{plain(str(name))} {describe_value(value)}" for name, value in values.items()
    )
