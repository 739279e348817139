"""What is not as it was when a task ran before: its code, its image, what goes in."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from vertex_flow.report.blueprint import CHANNEL, Constant, Given, Leaf, Made, Source
from vertex_flow.report.columns import CODE_IMAGE
from vertex_flow.report.nested import flatten, same, short
from vertex_flow.report.reason import Change, TaskReason
from vertex_flow.report.structs import mapping, plain_struct
from vertex_flow.report.taskruns import TaskRun

# Says why a task of a run gave something else than in another run.
Because = Callable[[TaskRun, TaskRun], "TaskReason | None"]


def changes(now: TaskRun, then: TaskRun, because: Because, *, by_id: bool) -> tuple[Change, ...]:
    """Compare a task with itself in another run, by what the cache looks at.

    Args:
        now: The task.
        then: The same task in the other run.
        because: Says why an upstream task gave something else.
        by_id: Whether an artifact is known by its id, as on Vertex AI, or by its URI, type and
            metadata, as on this machine.
    """
    key, old = own_key(now.leaf), own_key(then.leaf)
    if key != old:
        found = [Change(kind="setting", name="cache key", before=old or None, after=key or None)]
    elif key:
        found = list(_definition(now.leaf, then.leaf))  # the key stands for code and inputs
    else:
        found = [*_executor(now.leaf, then.leaf), *_definition(now.leaf, then.leaf)]
        found += _Inputs(now, then, because, by_id).changes()
    return tuple(_unique(_named(one, now) for one in found))


def own_key(leaf: Leaf) -> str:
    """Give the cache key that the pipeline's author set for a task, or the empty text."""
    return str(mapping(leaf.task.get("cachingOptions")).get("cacheKey", ""))


def source_of(container: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Give the source text of a lightweight Python component, and the rest of its command."""
    words = [str(one) for one in [*container.get("command", []), *container.get("args", [])]]
    source = next((one for one in words if "\ndef " in one), "")
    return source.strip(), [one.strip() for one in words if one != source]


def source_diff(before: str, after: str) -> tuple[str, ...]:
    """Give the lines of the unified diff of two texts."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return tuple(found)[2:]


def _named(change: Change, now: TaskRun) -> Change:
    return attrs.evolve(change, task=now.leaf.name, stage=now.leaf.stage)


def _unique(found: Iterator[Change]) -> list[Change]:
    unique: list[Change] = []
    for one in found:
        if one not in unique:
            unique.append(one)
    return unique


def _executor(now: Leaf, then: Leaf) -> Iterator[Change]:
    before, after = then.container, now.container
    if before.get("image") != after.get("image"):
        yield Change(
            kind="image", name="image", before=before.get("image"), after=after.get("image")
        )
    (old, old_words), (new, new_words) = source_of(before), source_of(after)
    if old != new:
        yield Change(kind="code", name="source", lines=source_diff(old, new))
    if old_words != new_words:
        yield Change(kind="setting", name="command", before=old_words, after=new_words)
    known = ("image", "command", "args")
    yield from _nested(
        {key: value for key, value in before.items() if key not in known},
        {key: value for key, value in after.items() if key not in known},
        "container",
        "setting",
    )
    yield from _nested(then.executor.get("importer"), now.executor.get("importer"), "importer")


def _definition(now: Leaf, then: Leaf) -> Iterator[Change]:
    yield from _nested(then.component, now.component, "component")


def _nested(before: Any, after: Any, name: str, kind: str = "setting") -> Iterator[Change]:
    """Compare nested values, path by path."""
    old, new = (dict(flatten(one, name)) if one != {} else {} for one in (before, after))
    for path in dict.fromkeys([*old, *new]):
        one, other = old.get(path), new.get(path)
        if not same([one, other]):
            yield Change(kind=kind, name=short(path), before=one, after=other)


class _Inputs:
    """What goes into a task, now and then."""

    def __init__(self, now: TaskRun, then: TaskRun, because: Because, by_id: bool) -> None:
        self._now = now
        self._then = then
        self._because = because
        self._by_id = by_id

    def changes(self) -> Iterator[Change]:
        new, old = self._now.sources, self._then.sources
        artifacts = {*self._now.artifacts, *self._then.artifacts}
        for name in dict.fromkeys([*new, *old]):
            if name in artifacts:
                yield from self._artifact(name, new.get(name), old.get(name))
            else:
                yield from self._parameter(name, new.get(name), old.get(name))

    def _parameter(self, name: str, new: Source | None, old: Source | None) -> Iterator[Change]:
        after = self._now.value(name, new) if new is not None else None
        before = self._then.value(name, old) if old is not None else None
        if same([before, after]):
            return
        shown = name.removeprefix(CHANNEL)
        if isinstance(new, Constant) and isinstance(old, Constant):
            yield from self._constants(shown, new, old)
        elif isinstance(new, Given) and new == old:
            yield _given(new.name, before, after)
        elif isinstance(new, Made) and new == old:
            yield self._made(shown, new, before, after)
        else:
            yield from _nested(before, after, shown, "constant")

    def _constants(self, name: str, new: Constant, old: Constant) -> Iterator[Change]:
        if not same([new.value, old.value]):
            yield from _nested(old.value, new.value, name, "constant")
        for used in new.uses:
            if used in old.uses:
                yield from self._parameter(used, new.uses[used], old.uses[used])

    def _artifact(self, name: str, new: Source | None, old: Source | None) -> Iterator[Change]:
        after, before = (self._ids(one, name) for one in (self._now, self._then))
        if after == before:
            return
        if isinstance(new, Made) and new == old:
            yield self._made(name, new, None, None)
        else:
            places = [[one[0] for one in ids] for ids in (before, after)]
            yield Change(kind="input", name=name, before=places[0], after=places[1])

    def _made(self, name: str, source: Made, before: Any, after: Any) -> Change:
        now, then = (one.peers.get(source.task) for one in (self._now, self._then))
        stages = self._now.run.blueprint.stages
        inside = (stage for stage, path in stages.items() if source.task[: len(path)] == path)
        return Change(
            kind="input",
            name=name,
            before=before,
            after=after,
            origin=next(inside, source.task[-1]),
            because=self._because(now, then) if now and then else None,
        )

    def _ids(self, task: TaskRun, name: str) -> list[Any]:
        """Give what the cache knows the artifacts of an input by."""
        found = task.artifacts.get(name, ())
        if self._by_id:
            return [[one.uri, one.name] for one in found]
        return [[one.uri, one.schema_title, plain_struct(one.metadata)] for one in found]


def _given(name: str, before: Any, after: Any) -> Change:
    """Word a parameter of the pipeline; that of the training image is the code, or its image."""
    texts: Sequence[Any] = (before, after)
    if all(isinstance(one, str) and CODE_IMAGE.fullmatch(one) for one in texts):
        return Change(kind="code", name=name, before=before, after=after)
    kind = "image" if name.endswith("image") else "parameter"
    return Change(kind=kind, name=name, before=before, after=after)
