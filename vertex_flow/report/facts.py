"""Everything that is shown of a run, as plain values: what pictures and pages are made from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from vertex_flow.report.snapshot import Artifact
from vertex_flow.report.states import is_over


@attrs.frozen(kw_only=True)
class TaskFacts:
    """A task inside a stage.

    Attributes:
        name: Name of the task.
        state: As Vertex AI says it: `SUCCEEDED`, `SKIPPED` (reused), `FAILED` ...
        start: When it started, or None.
        end: When it ended, or None.
        error: What it reported, or the empty text.
    """

    name: str
    state: str
    start: datetime | None = None
    end: datetime | None = None
    error: str = ""

    @property
    def seconds(self) -> float | None:
        """How long it took, or None while it has not ended."""
        return _between(self.start, self.end)


@attrs.frozen(kw_only=True)
class StageFacts:
    """A stage of a run.

    Attributes:
        name: Name of the stage.
        state: One of the states of `StageRun`.
        start: When it started, or None.
        end: When it ended, or None.
        condition: What it hangs on, in words, or the empty text.
        after: Names of the stages whose outputs it takes, that its condition hangs on, or that it
            is told to come after.
        tasks: Its tasks, in the order in which they started.
        jobs: Resource names of the custom and tuning jobs behind it.
        outputs: Parameters that it put out, by name.
        artifacts: Artifacts that it put out, by name.
        metrics: Numbers of its metrics artifacts, by name.
    """

    name: str
    state: str
    start: datetime | None = None
    end: datetime | None = None
    condition: str = ""
    after: tuple[str, ...] = ()
    tasks: tuple[TaskFacts, ...] = ()
    jobs: tuple[str, ...] = ()
    outputs: Mapping[str, Any] = attrs.field(factory=dict)
    artifacts: Mapping[str, Artifact] = attrs.field(factory=dict)
    metrics: Mapping[str, float] = attrs.field(factory=dict)

    @property
    def seconds(self) -> float | None:
        """How long it took, or None while it has not ended."""
        return _between(self.start, self.end)


@attrs.frozen(kw_only=True)
class TrialFacts:
    """A trial of a search.

    Attributes:
        id: Its id, `"1"` for the first.
        state: As Vertex AI says it: `ACTIVE`, `SUCCEEDED`, `INFEASIBLE` ...
        start: When it started, or None.
        end: When it ended, or None.
        parameters: The values that it tried, by name.
        metrics: Its final measurement, by metric; while it runs its last one. Always finite.
        reason: Why it is infeasible or was stopped, or the empty text.
    """

    id: str
    state: str
    start: datetime | None = None
    end: datetime | None = None
    parameters: Mapping[str, Any] = attrs.field(factory=dict)
    metrics: Mapping[str, float] = attrs.field(factory=dict)
    reason: str = ""

    @property
    def seconds(self) -> float | None:
        """How long it took, or None while it has not ended."""
        return _between(self.start, self.end)


@attrs.frozen(kw_only=True)
class Search:
    """A search for the best parameters.

    Attributes:
        stage: Name of the stage.
        metric: What is optimised; the first one, where there are several.
        goal: `MAXIMIZE` or `MINIMIZE`.
        trials: The trials, by id; those that still run included.
        planned: How many trials there are to be.
        log_scale: Names of the parameters that are searched on a logarithmic scale.
        best: Id of the best trial so far, or None.
        importance: Share of each parameter in what the metric varies, 0 to 1, the largest first;
            empty where the trials are too few to say.
    """

    stage: str
    metric: str
    goal: str
    trials: tuple[TrialFacts, ...] = ()
    planned: int = 0
    log_scale: tuple[str, ...] = ()
    best: str | None = None
    importance: Mapping[str, float] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Curve:
    """A number that changed in the course of training.

    Attributes:
        stage: Name of the stage.
        trial: Id of the trial, or the empty text.
        tag: What was measured: `accuracy`, `loss`.
        series: Where: `train`, `validation`.
        points: Step and value, in order.
    """

    stage: str
    tag: str
    series: str
    points: tuple[tuple[float, float], ...]
    trial: str = ""


@attrs.frozen(kw_only=True)
class Score:
    """A metric, and what was asked of it.

    Attributes:
        stage: Name of the stage.
        metric: Name of the metric.
        value: What was measured.
        least: Its threshold, or None.
    """

    stage: str
    metric: str
    value: float
    least: float | None = None

    @property
    def passed(self) -> bool | None:
        """Whether it reaches its threshold; None without one."""
        return None if self.least is None else self.value >= self.least


@attrs.frozen(kw_only=True)
class Confusion:
    """A confusion matrix.

    Attributes:
        stage: Name of the stage.
        labels: The classes.
        matrix: How many samples of each true class (row) were given each class (column).
    """

    stage: str
    labels: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]


@attrs.frozen(kw_only=True)
class Sample:
    """What the model says of one test sample.

    Attributes:
        predicted: The class that it gives.
        true: The class that is right.
        score: Its score for the class that it gives, 0 to 1, or None.
        image: Grey values from 0 to 255, rows of pixels; empty for what is no image.
        text: What stands for a sample that is no image.
    """

    predicted: str
    true: str
    score: float | None = None
    image: tuple[tuple[int, ...], ...] = ()
    text: str = ""


@attrs.frozen(kw_only=True)
class MachineTime:
    """What a job has used of machines.

    Attributes:
        stage: Name of the stage.
        job: Resource name of the job.
        machine: Machine type, with its accelerators: `n1-standard-8 + 1 NVIDIA_TESLA_T4`.
        hours: Machine-hours: replicas and trials times the time that they ran, in hours.
        machine_type: The machine type alone.
        accelerator: Type of the accelerators that are attached to each machine; empty for none.
        accelerators: How many of them.
    """

    stage: str
    job: str
    machine: str
    hours: float
    machine_type: str = ""
    accelerator: str = ""
    accelerators: int = 0


@attrs.frozen(kw_only=True)
class Origin:
    """One thing that a model version, or what the run made last, comes from.

    Attributes:
        kind: `data`, `code`, `image`, `parameters`, `stage`, `artifact`, `model` or `endpoint`.
        id: Unique in the run.
        label: A few words for people.
        detail: A URI, a digest, a value; may be empty.
        sources: Ids of what it was made from.
    """

    kind: str
    id: str
    label: str
    detail: str = ""
    sources: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class RunFacts:
    """Everything that is shown of a run.

    Attributes:
        name: Resource name.
        job_id: The last part of it.
        flow: Name of the flow.
        state: State of the run.
        place: Where it runs, in words: `this machine`, `project acme, us-central1`.
        start: When it started, or None.
        end: When it ended, or None.
        seen: When this was read.
        console_url: Its page in Google Cloud's console, or None.
        parameters: Values of its pipeline parameters, the defaults included.
        labels: Its labels.
        stages: Its stages, each after those it depends on.
        searches: Its hyperparameter searches.
        curves: Its learning curves.
        scores: Its metrics of all the data, with thresholds where there are any.
        confusions: Its confusion matrices.
        samples: Some predictions of its model for test data, the wrong ones first.
        machine_times: What its jobs have used.
        lineage: What its model version comes from, sources first.
        environment: Versions of packages, Python, the system: name → text.
        model: The registered model version: `name`, `version`, `display_name`, `aliases`, `uri`;
            None when none was registered.
        endpoint: `name` and `url` of the endpoint, or None.
        failure: `stage`, `task`, `reason`, `cause`, `fix`, `links`, `logs`, or None.
        cost: What the machine times cost, in words, such as `1.20 EUR`; empty without prices.
        notes: What could not be read, and why: a sentence each.
    """

    name: str
    job_id: str
    flow: str
    state: str
    place: str
    start: datetime | None
    end: datetime | None
    seen: datetime
    console_url: str | None = None
    parameters: Mapping[str, Any] = attrs.field(factory=dict)
    labels: Mapping[str, str] = attrs.field(factory=dict)
    stages: tuple[StageFacts, ...] = ()
    searches: tuple[Search, ...] = ()
    curves: tuple[Curve, ...] = ()
    scores: tuple[Score, ...] = ()
    confusions: tuple[Confusion, ...] = ()
    samples: tuple[Sample, ...] = ()
    machine_times: tuple[MachineTime, ...] = ()
    lineage: tuple[Origin, ...] = ()
    environment: Mapping[str, str] = attrs.field(factory=dict)
    model: Mapping[str, Any] | None = None
    endpoint: Mapping[str, Any] | None = None
    failure: Mapping[str, Any] | None = None
    cost: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return is_over(self.state)

    @property
    def is_final(self) -> bool:
        """Whether another look would find the same: the run has ended, and all could be read."""
        return self.is_over and not self.notes

    @property
    def seconds(self) -> float | None:
        """How long it took, or has taken so far; None where it has not started."""
        return _between(self.start, self.end or self.seen)


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds()
