"""Finds out why the tasks of a stage were, or were not, served from the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice

import attrs

from vertex_flow.names import Resource
from vertex_flow.report.blueprint import TaskPath, texts
from vertex_flow.report.changes import changes, own_key
from vertex_flow.report.reason import Change, TaskReason
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.report.taskruns import DONE, TaskRun, task_runs
from vertex_flow.texts import describe_minute

_STATES = {
    "SKIPPED": "reused",
    "SUCCEEDED": "ran",
    "FAILED": "failed",
    "FAILING": "failed",
    "RUNNING": "running",
    "CANCELLED": "cancelled",
    "CANCELLING": "cancelled",
    "CANCEL_PENDING": "cancelled",
}
_MOST_COMPARED = 10  # earlier results, when a task has changed since the newest one
_ALWAYS = "an importer always runs: it only notes where the data is"
_UNKNOWN = {
    False: "nothing that is known of it has changed since run {run}. The result may have been "
    "removed, or a file that it reads may have been changed, in the meantime",
    True: "nothing that is known of it has changed since run {run}. Vertex AI does not say "
    "more: that result may have been deleted from Vertex ML Metadata in the meantime",
}


@attrs.frozen(kw_only=True)
class Witness:
    """What is asked of the world besides the runs.

    Attributes:
        by_id: Whether artifacts are known by their ids, as on Vertex AI.
        gone: Names a file or resource of a task's result that is not there any more; the empty
            text where all are there, or where that cannot be known.
        changed: Tells when the file or folder that a URI names was last changed, or None.
    """

    by_id: bool
    gone: Callable[[TaskRun], str]
    changed: Callable[[str], datetime | None]


class Explainer:
    """Explains the tasks of one run by the runs before it.

    Args:
        run: The run.
        earlier: Runs of the pipeline of its name, the newest first; it is read as far as it is
            needed, and more than once.
        witness: What else can be known.
    """

    def __init__(self, run: Snapshot, earlier: Iterable[Snapshot], witness: Witness) -> None:
        self._run = run
        self._earlier = earlier
        self._witness = witness
        self._known: dict[TaskPath, TaskReason] = {}
        self._tasks: dict[str, Mapping[TaskPath, TaskRun]] = {}
        self._compared: dict[tuple[TaskPath, str], tuple[Change, ...]] = {}

    def task(self, now: TaskRun) -> TaskReason:
        """Explain a task."""
        if now.names not in self._known:
            self._known[now.names] = self._explained(now)
        return self._known[now.names]

    def _explained(self, now: TaskRun) -> TaskReason:
        state = _STATES.get(now.state, "waiting")
        plain = TaskReason(stage=now.leaf.stage, task=now.leaf.name, state=state, cause="waiting")
        if state == "waiting":
            return attrs.evolve(plain, note="it has not started")
        if state == "reused":
            return self._reused(plain, now)
        if now.leaf.is_importer:
            return attrs.evolve(plain, cause="importer", note=_ALWAYS)
        if not now.leaf.is_cached:
            return attrs.evolve(plain, cause="caching off", note=_off(now))
        return self._ran(plain, now)

    def _ran(self, plain: TaskReason, now: TaskRun) -> TaskReason:
        kept = (one for one in self._past(now) if one.is_kept)
        compared = ((one, self._changes(now, one)) for one in islice(kept, _MOST_COMPARED))
        first, found = next(compared, (None, ()))
        if first is None:
            return self._no_result(plain, now)
        equal = first if not found else next((one for one, more in compared if not more), None)
        if equal is None:
            return attrs.evolve(plain, cause="changed", run=_id(first.run), changes=found)
        return self._lost(plain, now, equal)

    def _lost(self, plain: TaskReason, now: TaskRun, then: TaskRun) -> TaskReason:
        """Explain why the result of an equal task was not used."""
        run = _id(then.run)
        gone = self._witness.gone(then)
        if gone:
            note = f"the result of run {run} was removed: there is no {gone}"
            return attrs.evolve(plain, cause="removed", run=run, note=note)
        data = tuple(self._data(now, then))
        if data:
            return attrs.evolve(plain, cause="changed", run=run, changes=data)
        note = _UNKNOWN[self._witness.by_id].format(run=run)
        return attrs.evolve(plain, cause="unknown", run=run, note=note)

    def _no_result(self, plain: TaskReason, now: TaskRun) -> TaskReason:
        past = tuple(self._past(now))
        done = next((one for one in past if one.state in DONE), None)
        if done is not None:
            run = _id(done.run)
            note = f"caching was switched off for it in run {run}, so no result was kept"
            return attrs.evolve(plain, cause="not kept", run=run, note=note)
        failed = next((one for one in past if one.state == "FAILED"), None)
        if failed is not None:
            run = _id(failed.run)
            note = f"it failed in run {run}, and a failure is not kept"
            return attrs.evolve(plain, cause="failed before", run=run, note=note)
        pipeline = self._run.blueprint.pipeline
        count = sum(1 for _ in self._earlier)
        note = f"there is no earlier run of pipeline {pipeline}"
        if count:
            note = f"it has succeeded in none of the earlier runs looked at, {count} in all"
        return attrs.evolve(plain, cause="first", note=note)

    def _reused(self, plain: TaskReason, now: TaskRun) -> TaskReason:
        made = self._origin(now)
        if made is not None:
            return attrs.evolve(plain, cause="reused", run=_id(made.run), made=made.end)
        times = [one.create_time for found in now.results.values() for one in found]
        when = min((one for one in times if one), default=None)
        ago = f", made {describe_minute(when)}," if when else ""
        note = f"its result{ago} is of a run that was deleted, or is older than those looked at"
        return attrs.evolve(plain, cause="reused", made=when, note=note)

    def _origin(self, now: TaskRun) -> TaskRun | None:
        """Find the task that made a result which was reused; it may have had another name."""
        ids = _results(now)
        for run in self._earlier:
            tasks = self._of(run)
            for one in [*filter(None, [tasks.get(now.names)]), *tasks.values()]:
                if one.state != "SUCCEEDED" or not one.is_kept:
                    continue
                if ids and ids == _results(one):
                    return one
                if not ids and one.names == now.names and not self._changes(now, one):
                    return one
        return None

    def _of(self, run: Snapshot) -> Mapping[TaskPath, TaskRun]:
        """Give the tasks of an earlier run."""
        if run.name not in self._tasks:
            self._tasks[run.name] = task_runs(run)
        return self._tasks[run.name]

    def _past(self, now: TaskRun) -> Iterator[TaskRun]:
        """Give the task in earlier runs, the newest first, where it had ended before."""
        for run in self._earlier:
            found = self._of(run).get(now.names)
            if found is not None and found.end and (not now.begun or found.end <= now.begun):
                yield found

    def _changes(self, now: TaskRun, then: TaskRun) -> tuple[Change, ...]:
        """Compare two tasks, each pair once: graphs may have many ways from one to another."""
        pair = (now.names, then.run.name)
        if pair not in self._compared:
            by_id = self._witness.by_id
            self._compared[pair] = changes(now, then, self._because, by_id=by_id)
        return self._compared[pair]

    def _because(self, now: TaskRun, then: TaskRun) -> TaskReason:
        """Say why a task gave something else than in a certain run before."""
        found = self._changes(now, then)
        own = self.task(now)
        if not found:
            return own
        return attrs.evolve(
            own, cause="changed", run=_id(then.run), changes=found, note="", made=None
        )

    def _data(self, now: TaskRun, then: TaskRun) -> Iterator[Change]:
        """Give the files that went in, and were changed between two runs."""
        if then.end is None or own_key(now.leaf):
            return
        for uri in dict.fromkeys(_named(now)):
            when = self._witness.changed(uri)
            if when is not None and when > then.end:
                yield Change(kind="data", name=uri, task=now.leaf.name, stage=now.leaf.stage)


def _id(run: Snapshot) -> str:
    return Resource.parse(run.name).id


def _off(now: TaskRun) -> str:
    plan = now.run.blueprint
    if not any(one.is_cached for one in plan.leaves.values()):
        return "caching is switched off for the whole run"
    if not any(one.is_cached for one in plan.leaves_of(now.leaf.stage)):
        return "caching is switched off for the stage"
    return f"caching is switched off for the task {now.leaf.name}"


def _results(task: TaskRun) -> dict[str, list[str]]:
    return {name: [one.name for one in found] for name, found in task.results.items() if found}


def _named(task: TaskRun) -> Iterator[str]:
    """Give what may be a file among the inputs of a task."""
    for found in task.artifacts.values():
        yield from (one.uri for one in found)
    for text in texts(task.noted("input")):
        yield text.partition("=")[2] if text.startswith("--") else text
