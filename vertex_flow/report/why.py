"""Why a stage of a run was, or was not, served from the cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs

from vertex_flow.names import Resource
from vertex_flow.report.blueprint import CHANNEL, OPERAND, Given, Made, TaskPath, condition_of
from vertex_flow.report.columns import word
from vertex_flow.report.explaining import Explainer, Witness
from vertex_flow.report.reason import Change, Reason, TaskReason, listing
from vertex_flow.report.snapshot import Snapshot, StageRun
from vertex_flow.report.structs import state_name
from vertex_flow.report.taskruns import task_runs
from vertex_flow.texts import describe_minute


def explain(
    run: Snapshot, stage: StageRun, earlier: Iterable[Snapshot], witness: Witness
) -> Reason:
    """Explain why a stage was, or was not, served from the cache.

    Args:
        run: The run.
        stage: Its stage.
        earlier: Runs of the pipeline of its name, the newest first, which may be read lazily.
        witness: What else can be known.
    """
    explainer = Explainer(run, earlier, witness)
    known = task_runs(run)
    mine = [one for one in known.values() if one.leaf.stage == stage.name]
    tasks = tuple(explainer.task(one) for one in mine)
    found = tuple(_outer(tasks, stage.name))
    return Reason(
        stage=stage.name,
        run=Resource.parse(run.name).id,
        state=stage.state,
        summary=_summary(run, stage, tasks, found),
        tasks=tasks,
        changes=found,
    )


def _summary(
    run: Snapshot, stage: StageRun, tasks: Sequence[TaskReason], found: Sequence[Change]
) -> str:
    start = f"{stage.name} {{}} in run {Resource.parse(run.name).id}"
    if stage.state in ("NOT_TRIGGERED", "NOT_REACHED", "PENDING"):
        return _absent(run, stage, start)
    active = [one for one in tasks if one.state != "reused" and one.cause != "importer"]
    if not active and any(one.cause == "importer" for one in tasks):
        active = [one for one in tasks if one.cause == "importer"]
    if not active:
        return _reused(tasks, start)
    return _active(stage, tasks, active, found, start)


def _active(
    stage: StageRun,
    tasks: Sequence[TaskReason],
    active: Sequence[TaskReason],
    found: Sequence[Change],
    start: str,
) -> str:
    did = {"FAILED": "failed", "RUNNING": "is running", "CANCELLED": "was cancelled"}
    again = "ran again" if any(one.run for one in active) else "ran"
    verb = did.get(stage.state, again)
    if len(active) < len(tasks) and any(one.state == "reused" for one in tasks):
        verb += ", in part,"
    reasons = [listing(found)] if found else []
    reasons += dict.fromkeys(one.note for one in active if one.note and one.cause != "waiting")
    compared = dict.fromkeys(one.run for one in active if one.cause == "changed" and one.run)
    text = f"{start.format(verb)}: {'. '.join(reasons) or 'it has just begun'}."
    return f"{text} Compared with run {', '.join(compared)}." if compared else text


def _reused(tasks: Sequence[TaskReason], start: str) -> str:
    known: dict[str, Any] = {}
    for one in tasks:
        if one.run:
            known[one.run] = max(filter(None, [known.get(one.run), one.made]), default=None)
    notes = list(dict.fromkeys(one.note for one in tasks if one.note))
    made = [
        f"run {run}" + (f", which made it {describe_minute(when)}" if when else "")
        for run, when in known.items()
    ]
    if not tasks:
        return f"{start.format('was reused')}."
    parts = [f"its result is from {' and '.join(made)}"] if made else []
    return f"{start.format('was reused')}: {'; '.join([*parts, *notes])}."


def _outer(tasks: Sequence[TaskReason], stage: str) -> Iterator[Change]:
    """Give the changes that come from outside a stage, each once."""
    seen: list[Change] = []
    for change in _unfolded([one for task in tasks for one in task.changes], stage):
        bare = attrs.evolve(change, task="")
        if bare not in seen:
            seen.append(bare)
            yield change


def _unfolded(changes: Iterable[Change], stage: str) -> Iterator[Change]:
    for change in changes:
        if change.origin == stage and change.because and change.because.changes:
            yield from _unfolded(change.because.changes, stage)
        else:
            yield change


def _absent(run: Snapshot, stage: StageRun, start: str) -> str:
    if stage.state == "PENDING":
        return f"{start.format('has not started')}."
    if stage.state == "NOT_REACHED":
        failure = run.first_failure()
        if failure is not None:
            where = failure.stage or failure.task
            return f"{start.format('was not reached')}: the run failed before, in {where}."
        return f"{start.format('was not reached')}: the run was cancelled before."
    path = run.blueprint.stages[stage.name]
    for depth in range(1, len(path)):
        told = _condition(run, path[:depth])
        if told:
            return f"{start.format('was left out')}: its condition did not hold: {told}."
    return f"{start.format('was left out')}: what it waits for was left out too."


def _condition(run: Snapshot, path: TaskPath) -> str:
    """Word a condition that did not hold, with the values that it looked at."""
    written = condition_of(run.blueprint.task(path))
    state = next((state_name(one.state) for one in run.details if one.task_name == path[-1]), "")
    if state not in ("", "NOT_TRIGGERED", "SKIPPED"):
        return ""
    values = _looked_at(run, path, written)
    text = OPERAND.sub(lambda match: match[1].removeprefix(CHANNEL), written)
    known = ", ".join(f"{name} is {value}" for name, value in values.items())
    return f"{text}, and {known}" if known else text


def _looked_at(run: Snapshot, path: TaskPath, written: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    known = {one.leaf.path: one for one in task_runs(run).values()}
    for name in OPERAND.findall(written):
        source, value = run.blueprint.source(path, "parameters", name), None
        if isinstance(source, Given):
            value = run.known_parameters.get(source.name)
        elif isinstance(source, Made) and source.task in known:
            value = known[source.task].noted("output").get(source.key)
        if value is not None:
            found[name.removeprefix(CHANNEL)] = word(value)
    return found
