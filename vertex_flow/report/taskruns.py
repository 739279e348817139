"""The tasks of a run with what went in, as the cache sees it, and what came out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from vertex_flow.report.blueprint import OWN_INPUT, Constant, Given, Leaf, Made, Source, TaskPath
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.report.structs import mapping, plain_struct, state_name

DONE = ("SUCCEEDED", "SKIPPED")


@attrs.frozen(eq=False)
class TaskRun:
    """A task of a run that runs code.

    Attributes:
        run: The run.
        names: Names of the tasks that it is in, and its own; rounds of loops are numbered.
        leaf: What its pipeline says of it.
        detail: What the run says of it: its `PipelineTaskDetail`.
        peers: The tasks of the run that run code, by their paths in the spec.
    """

    run: Snapshot
    names: TaskPath
    leaf: Leaf
    detail: Any
    peers: Mapping[TaskPath, TaskRun] = attrs.field(repr=False)

    @property
    def state(self) -> str:
        """`SUCCEEDED`, `SKIPPED` (from an earlier result), `FAILED` ..."""
        return state_name(self.detail.state)

    @property
    def begun(self) -> datetime | None:
        """When it was made, ready or not."""
        found: datetime | None = self.detail.create_time or self.detail.start_time or None
        return found

    @property
    def end(self) -> datetime | None:
        """When it ended, or None."""
        found: datetime | None = self.detail.end_time or None
        return found

    @property
    def is_kept(self) -> bool:
        """Whether its result is there for later runs, unless it is removed."""
        return self.state in DONE and self.leaf.is_cached and not self.leaf.is_importer

    @property
    def sources(self) -> Mapping[str, Source]:
        """Where its inputs come from."""
        return self.run.blueprint.sources(self.leaf)

    @property
    def artifacts(self) -> Mapping[str, tuple[Any, ...]]:
        """The artifacts that went in, as messages, by name."""
        return {name: tuple(one.artifacts) for name, one in self.detail.inputs.items()}

    @property
    def results(self) -> Mapping[str, tuple[Any, ...]]:
        """The artifacts that came out, as messages, by name."""
        return {name: tuple(one.artifacts) for name, one in self.detail.outputs.items()}

    def noted(self, side: str) -> dict[str, Any]:
        """Give the values that went in, or came out, by name.

        Args:
            side: `input` or `output`.
        """
        execution = self.detail.execution
        found = mapping(plain_struct(execution.metadata) if execution else None)
        marks = f"{side}:"
        return {
            name.removeprefix(marks): value
            for name, value in found.items()
            if name.startswith(marks)
        }

    def value(self, name: str, source: Source) -> Any:
        """Give a value that goes in, as the cache sees it.

        What stands for the run itself, such as its name, is still a placeholder, so that it is
        the same in every run.

        Args:
            name: Name of the input.
            source: Where it comes from.
        """
        if isinstance(source, Constant):
            used = {one: self.value(one, where) for one, where in source.uses.items()}
            return _filled(source.value, used)
        if isinstance(source, Given) and source.name in self.run.known_parameters:
            return self.run.known_parameters[source.name]
        noted = self.noted("input")
        if name in noted:
            return noted[name]
        if isinstance(source, Made) and source.task in self.peers:
            return self.peers[source.task].noted("output").get(source.key)
        return None


def task_runs(run: Snapshot) -> Mapping[TaskPath, TaskRun]:
    """Give the tasks of a run that run code, by their names; of a repeated one the last."""
    by_id = {one.task_id: one for one in run.details}
    plan = run.blueprint
    found: dict[TaskPath, TaskRun] = {}
    peers: dict[TaskPath, TaskRun] = {}
    for detail in run.details:
        names = _names(detail, by_id)
        while names and not plan.task(plan.path_of(names[:1])):
            names = names[1:]  # the pipeline itself, which Vertex AI lists too
        leaf = plan.leaves.get(plan.path_of(names))
        if leaf is not None:
            found[names] = peers[leaf.path] = TaskRun(run, names, leaf, detail, peers)
    return found


def _names(detail: Any, by_id: Mapping[int, Any]) -> TaskPath:
    names: list[str] = []
    seen: set[int] = set()
    while detail is not None and detail.task_id not in seen:
        seen.add(detail.task_id)
        names.insert(0, str(detail.task_name))
        detail = by_id.get(detail.parent_task_id) if detail.parent_task_id else None
    return tuple(names)


def _filled(value: Any, used: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return OWN_INPUT.sub(lambda match: str(used.get(match[1], match[0])), value)
    if isinstance(value, Mapping):
        return {name: _filled(item, used) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, used) for item in value]
    return value
