"""Reads everything that is shown of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from vertex_flow import prices
from vertex_flow.report.environment import cloud_environment, local_environment
from vertex_flow.report.facts import MachineTime, RunFacts, Sample, StageFacts, TaskFacts
from vertex_flow.report.lineage import lineage_of
from vertex_flow.report.record import endpoint_record, failure_record, model_record
from vertex_flow.report.scores import confusions_of, scores_of
from vertex_flow.report.structs import state_name
from vertex_flow.report.structure import Place, places
from vertex_flow.runs import curves, samples
from vertex_flow.runs.jobs import Jobs
from vertex_flow.texts import plain

if TYPE_CHECKING:
    from vertex_flow.client import Client
    from vertex_flow.place import Place as Where
    from vertex_flow.report.snapshot import Snapshot, StageRun
    from vertex_flow.runs.reading import Reading

T = TypeVar("T")


def gather(run: Reading, client: Client, where: Where | None) -> RunFacts:
    """Read everything that is shown of a run; what cannot be read is said in `notes`.

    Args:
        run: The run, over or not.
        client: Speaks to the endpoint.
        where: Where it is, for its files; None where that is not known.
    """
    snapshot = run.snapshot()
    seen = datetime.now(timezone.utc)
    notes = _Notes()
    found = notes.tried("its structure", lambda: places(snapshot.spec), {})
    stages = tuple(_stage(snapshot, one, found.get(one.name)) for one in snapshot.stages)
    jobs = Jobs(snapshot, client, notes.say, until=seen)
    parameters = notes.tried("its parameters", lambda: snapshot.known_parameters, {})
    facts = RunFacts(
        name=run.name,
        job_id=run.job_id,
        flow=snapshot.flow,
        state=snapshot.state,
        place=run.place,
        start=snapshot.start,
        end=snapshot.end,
        seen=seen,
        console_url=run.console_url,
        parameters=parameters,
        labels=snapshot.labels,
        stages=stages,
        searches=tuple(jobs.searches),
        curves=notes.tried(
            "the learning curves", lambda: curves.read(where, jobs.folders, notes.say), ()
        ),
        scores=notes.tried("the metrics", lambda: scores_of(snapshot), ()),
        confusions=notes.tried("the confusion matrices", lambda: confusions_of(snapshot), ()),
        samples=_samples(stages, where, notes),
        machine_times=tuple(jobs.machine_times),
        environment=local_environment() if run.is_local else cloud_environment(snapshot),
        **_outcome(run, snapshot, notes),
    )
    lineage = notes.tried(
        "the lineage", lambda: lineage_of(facts, snapshot.spec, found, jobs.images), ()
    )
    cost = "" if run.is_local else notes.tried("the prices", lambda: _cost(jobs.machine_times), "")
    return attrs.evolve(facts, lineage=lineage, cost=cost, notes=tuple(dict.fromkeys(notes.said)))


class _Notes:
    """Takes note of what could not be read.

    Attributes:
        said: A sentence each.
    """

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, note: str) -> None:
        """Take a note."""
        self.said.append(note)

    def tried(self, what: str, read: Callable[[], T], otherwise: Any) -> T:
        """Read something; where that fails, say so: no odd data may hide the rest of a run."""
        try:
            return read()
        except Exception as error:  # of whatever kind: a foreign pipeline holds anything
            line = plain(str(getattr(error, "message", error)).strip().partition("\n")[0][:300])
            self.say(f"{what} could not be read: {line or type(error).__name__}")
            nothing: T = otherwise
            return nothing


def _stage(snapshot: Snapshot, stage: StageRun, place: Place | None) -> StageFacts:
    return StageFacts(
        name=stage.name,
        state=stage.state,
        start=stage.start,
        end=stage.end,
        condition=place.condition if place else "",
        after=place.after if place else (),
        tasks=tuple(map(_task, snapshot.tasks(stage.name))),
        jobs=snapshot.jobs(stage.name),
        outputs=stage.outputs,
        artifacts=stage.artifacts,
        metrics=stage.metrics,
    )


def _task(detail: Any) -> TaskFacts:
    return TaskFacts(
        name=detail.task_name,
        state=state_name(detail.state),
        start=detail.start_time or None,
        end=detail.end_time or None,
        error=detail.error.message if detail.error else "",
    )


def _cost(times: Sequence[MachineTime]) -> str:
    """What machines cost, in words; the empty text where there are no prices."""
    found = prices.read()
    if found is None or not times:
        return ""
    total, missing = 0.0, set[str]()
    for one in times:
        price, unknown = found.an_hour(one.machine_type, one.accelerator, one.accelerators)
        total += price * one.hours
        missing |= set(unknown)
    without = f", without {', '.join(sorted(missing))}" if missing else ""
    return f"{total:.2f} {found.currency}{without}"


def _samples(
    stages: tuple[StageFacts, ...], where: Where | None, notes: _Notes
) -> tuple[Sample, ...]:
    """The samples of the last stage that has put out some."""
    for stage in reversed(stages):
        artifact = stage.artifacts.get("samples")
        if artifact is not None and artifact.schema_title == "system.Artifact" and artifact.uri:
            what = f"the sample predictions of {plain(stage.name)}"
            return notes.tried(what, partial(samples.read, where, artifact), ())
    return ()


def _outcome(run: Reading, snapshot: Snapshot, notes: _Notes) -> dict[str, Any]:
    """The model, the endpoint, the failure: what there is of them."""
    missed = len(notes.said)
    model = notes.tried("the registered model", lambda: run.model, None)
    if model is None and len(notes.said) == missed and snapshot.resource("google.VertexModel"):
        notes.say("the model was deleted since it was registered")
    endpoint = notes.tried("the endpoint", lambda: run.endpoint, None)
    failure = None
    if snapshot.state == "FAILED":
        failure = notes.tried(
            "the failure", lambda: failure_record(run.failure_of(snapshot, notes.say)), None
        )
    return {
        "model": model_record(model) if model else None,
        "endpoint": endpoint_record(endpoint) if endpoint else None,
        "failure": failure,
    }
