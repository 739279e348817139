"""Lineage: which artifacts go into an execution and come out, and what belongs to a context."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import failed_precondition, invalid
from vertex_flow.engine.api.messages import decode, encode, raw
from vertex_flow.engine.state.filters import Relation
from vertex_flow.engine.state.links import Link, Links
from vertex_flow.engine.state.store import Store

_MEMBER = "member"  # from a context to an artifact or an execution in it
_CHILD = "child"  # from a context to a context in it
_EVENTS = {"input": types.Event.Type.INPUT, "output": types.Event.Type.OUTPUT}
_KINDS = (_MEMBER, _CHILD, *_EVENTS)
_MOST = 1000  # artifacts, executions, or events in an answer
_MOST_PARENTS = 10


class Lineage:
    """The links between artifacts, executions and contexts.

    Args:
        store: Where all of them are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._links = Links(store)

    def relations(self, collection: str) -> Mapping[str, Relation]:
        """Give what the relations in the filters of a collection stand for.

        Args:
            collection: `artifacts`, `executions` or `contexts`.
        """
        if collection == "contexts":
            return {
                "parent_contexts": lambda name: self._links.targets(_CHILD, name),
                "child_contexts": lambda name: self._links.sources(_CHILD, name),
            }
        return {"in_context": lambda name: self._links.targets(_MEMBER, name)}

    def attach(self, context: str, members: Iterable[str]) -> None:
        """Put artifacts and executions into a context; those that are in it stay there."""
        for member in members:
            self._links.add(Link(_MEMBER, context, member))

    def adopt(self, parent: str, children: Sequence[str]) -> None:
        """Make contexts children of another one.

        Raises:
            ApiError: NOT_FOUND, or INVALID_ARGUMENT when a context would be above itself or have
                more than ten parents.
        """
        found = [self._store.get(types.Context, name) for name in children]
        above = self._above(parent)
        for child in found:
            self._check_child(parent, child, above)
        with self._store.transaction():
            for child in found:
                self._links.add(Link(_CHILD, parent, child.name))
                self._show_parents(child)

    def disown(self, parent: str, children: Sequence[str]) -> None:
        """Make contexts children of another one no longer."""
        with self._store.transaction():
            for name in children:
                self._links.remove(_CHILD, parent, name)
                self._show_parents(self._store.get(types.Context, name))

    def record(self, execution: str, events: Iterable[types.Event]) -> None:
        """Store events of an execution; an artifact that has one of a type keeps it."""
        names = {int(kind): name for name, kind in _EVENTS.items()}
        for event in map(raw, events):
            kept = types.Event.pb()(labels=event.labels)
            kept.event_time.GetCurrentTime()
            link = Link(names[event.type_], execution, event.artifact, encode(kept))
            self._links.add(link)

    def forget(self, node: str) -> None:
        """Forget the links of an artifact, an execution or a context."""
        children = self._links.targets(_CHILD, node)
        self._links.forget(_KINDS, node)
        for child in children:
            context = self._store.find(types.Context, child)
            if context is not None:
                self._show_parents(context)

    def sweep(self) -> None:
        """Forget the links of what is gone."""
        self._links.sweep()

    def of_context(self, context: str) -> types.LineageSubgraph:
        """Give what is in a context, and the events between the members."""
        members = self._links.targets(_MEMBER, context)
        events = [event for name in members for event in self._events(name)]
        inside = [one for one in events if {one.artifact, one.execution} <= members]
        return self._graph(members, inside)

    def of_execution(self, execution: str) -> types.LineageSubgraph:
        """Give an execution with its events and the artifacts that they name."""
        events = self._events(execution)
        return self._graph({execution, *(event.artifact for event in events)}, events)

    def of_artifact(
        self, artifact: str, *, hops: int, shown: frozenset[str] | None
    ) -> types.LineageSubgraph:
        """Give what an artifact was made from and what was made from it.

        Args:
            artifact: Where to start.
            hops: The most events on the way to an artifact or execution; 0 for any number.
            shown: The artifacts that may be in the answer besides the first; None for all.
        """
        seen, edge, events, left = {artifact}, {artifact}, {}, hops or _MOST
        while edge and left and len(seen) <= _MOST:
            found = [event for name in edge for event in self._events(name)]
            fresh = [one for one in found if _shown(one.artifact, artifact, shown)]
            events.update({(one.execution, one.artifact, one.type_): one for one in fresh})
            edge = {name for one in fresh for name in (one.execution, one.artifact)} - seen
            seen |= edge
            left -= 1
        return self._graph(seen, list(events.values()))

    def _events(self, node: str) -> list[types.Event]:
        return [_event(link) for link in self._links.of(_EVENTS, node)]

    def _graph(self, names: Iterable[str], events: Sequence[types.Event]) -> types.LineageSubgraph:
        graph = types.LineageSubgraph(events=_distinct(events))
        for name in sorted(names):
            self._add(graph, name)
        if max(len(graph.artifacts), len(graph.executions), len(graph.events)) > _MOST:
            raise failed_precondition(
                f"The lineage has more than {_MOST} artifacts, executions or events: ask for less "
                "with max_hops or filter."
            )
        return graph

    def _add(self, graph: types.LineageSubgraph, name: str) -> None:
        is_artifact = name.rpartition("/")[0].endswith("/artifacts")
        kind: type[Any] = types.Artifact if is_artifact else types.Execution
        nodes: Any = graph.artifacts if is_artifact else graph.executions
        node = self._store.find(kind, name)
        if node is not None:
            nodes.append(node)

    def _above(self, context: str) -> set[str]:
        """Give a context with all contexts that it is in."""
        found, edge = {context}, {context}
        while edge:
            edge = {name for one in edge for name in self._links.sources(_CHILD, one)} - found
            found |= edge
        return found

    def _check_child(self, parent: str, child: Any, above: set[str]) -> None:
        if child.name in above:
            raise invalid(
                f'The Context "{child.name}" is "{parent}" itself or above it: as its child it '
                "would make a cycle."
            )
        parents = self._links.sources(_CHILD, child.name) | {parent}
        if len(parents) > _MOST_PARENTS:
            raise invalid(
                f'The Context "{child.name}" would have {len(parents)} parents; at most '
                f"{_MOST_PARENTS} are allowed."
            )

    def _show_parents(self, context: types.Context) -> None:
        """Show a context's parents; its etag stays, as who holds the context may update it."""
        plain = raw(context)
        del plain.parent_contexts[:]
        plain.parent_contexts.extend(sorted(self._links.sources(_CHILD, context.name)))
        self._store.save(context)


def _event(link: Link) -> types.Event:
    event = decode(types.Event, link.data)
    event.execution, event.artifact = link.source, link.target
    event.type_ = _EVENTS[link.kind]
    return event


def _shown(name: str, first: str, shown: frozenset[str] | None) -> bool:
    return shown is None or name == first or name in shown


def _distinct(events: Iterable[types.Event]) -> list[types.Event]:
    """Give each event once, oldest first."""
    found = {(event.execution, event.artifact, event.type_): event for event in events}
    return sorted(found.values(), key=lambda event: raw(event).event_time.ToNanoseconds())
