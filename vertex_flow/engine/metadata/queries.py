"""The methods that change lineage and ask for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.api.texts import check_labels
from vertex_flow.engine.metadata.lineage import Lineage
from vertex_flow.engine.state.filters import matcher
from vertex_flow.engine.state.store import Store


class Queries:
    """The methods that change lineage and ask for it.

    Args:
        store: Where artifacts, executions and contexts are kept.
        lineage: The links between them.
    """

    def __init__(self, store: Store, lineage: Lineage) -> None:
        self._store = store
        self._lineage = lineage

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods."""
        attach = types.AddContextArtifactsAndExecutionsRequest
        children, orphans = types.AddContextChildrenRequest, types.RemoveContextChildrenRequest
        inputs = types.QueryExecutionInputsAndOutputsRequest
        around = types.QueryArtifactLineageSubgraphRequest
        subgraph = types.QueryContextLineageSubgraphRequest
        events = types.AddExecutionEventsRequest
        return [
            _post("context", "addContextArtifactsAndExecutions", attach, self.attach),
            _post("context", "addContextChildren", children, self.adopt),
            _post("context", "removeContextChildren", orphans, self.disown),
            _get("context", "queryContextLineageSubgraph", subgraph, self.of_context),
            _post("execution", "addExecutionEvents", events, self.add_events),
            _get("execution", "queryExecutionInputsAndOutputs", inputs, self.of_execution),
            _get("artifact", "queryArtifactLineageSubgraph", around, self.of_artifact),
        ]

    async def attach(
        self, request: types.AddContextArtifactsAndExecutionsRequest
    ) -> types.AddContextArtifactsAndExecutionsResponse:
        """Answer `contexts.addContextArtifactsAndExecutions`."""
        self._store.get(types.Context, request.context)
        self._check_all(types.Artifact, request.artifacts)
        self._check_all(types.Execution, request.executions)
        with self._store.transaction():
            self._lineage.attach(request.context, [*request.artifacts, *request.executions])
        return types.AddContextArtifactsAndExecutionsResponse()

    async def adopt(
        self, request: types.AddContextChildrenRequest
    ) -> types.AddContextChildrenResponse:
        """Answer `contexts.addContextChildren`."""
        self._store.get(types.Context, request.context)
        self._lineage.adopt(request.context, request.child_contexts)
        return types.AddContextChildrenResponse()

    async def disown(
        self, request: types.RemoveContextChildrenRequest
    ) -> types.RemoveContextChildrenResponse:
        """Answer `contexts.removeContextChildren`."""
        self._store.get(types.Context, request.context)
        self._check_all(types.Context, request.child_contexts)
        self._lineage.disown(request.context, request.child_contexts)
        return types.RemoveContextChildrenResponse()

    async def add_events(
        self, request: types.AddExecutionEventsRequest
    ) -> types.AddExecutionEventsResponse:
        """Answer `executions.addExecutionEvents`; an event that is there already is skipped."""
        self._store.get(types.Execution, request.execution)
        self._check_all(types.Artifact, (event.artifact for event in request.events))
        for event in request.events:
            check_labels(event.labels)
            if not event.type_:
                raise invalid(f'The event of "{event.artifact}" needs a type: INPUT or OUTPUT.')
        with self._store.transaction():
            self._lineage.record(request.execution, request.events)
        return types.AddExecutionEventsResponse()

    async def of_context(
        self, request: types.QueryContextLineageSubgraphRequest
    ) -> types.LineageSubgraph:
        """Answer `contexts.queryContextLineageSubgraph`."""
        self._store.get(types.Context, request.context)
        return self._lineage.of_context(request.context)

    async def of_execution(
        self, request: types.QueryExecutionInputsAndOutputsRequest
    ) -> types.LineageSubgraph:
        """Answer `executions.queryExecutionInputsAndOutputs`."""
        self._store.get(types.Execution, request.execution)
        return self._lineage.of_execution(request.execution)

    async def of_artifact(
        self, request: types.QueryArtifactLineageSubgraphRequest
    ) -> types.LineageSubgraph:
        """Answer `artifacts.queryArtifactLineageSubgraph`."""
        self._store.get(types.Artifact, request.artifact)
        if request.max_hops < 0:
            raise invalid(f"max_hops is {request.max_hops}; expected 0, for no limit, or more.")
        matches = matcher(request.filter, types.Artifact.pb().DESCRIPTOR)
        store = request.artifact.rpartition("/artifacts/")[0]
        shown = None
        if request.filter:
            every = self._store.all(types.Artifact)
            mine = (one for one in every if one.name.startswith(f"{store}/"))
            shown = frozenset(one.name for one in mine if matches(one))
        return self._lineage.of_artifact(request.artifact, hops=request.max_hops, shown=shown)

    def _check_all(self, kind: type[Any], names: Iterable[str]) -> None:
        for name in names:
            self._store.get(kind, name)


def _post(noun: str, method: str, request: type[Any], handler: Handler) -> tuple[Rpc, Handler]:
    return _method((method, "POST", _path(noun, method), request, "*", handler), noun)


def _get(noun: str, method: str, request: type[Any], handler: Handler) -> tuple[Rpc, Handler]:
    return _method((method, "GET", _path(noun, method), request, "", handler), noun)


def _method(row: Row, noun: str) -> tuple[Rpc, Handler]:
    (pair,) = methods(f"metadataStores.{noun}s", [row])
    return pair


def _path(noun: str, method: str) -> str:
    return f"/v1/{{{noun}=projects/*/locations/*/metadataStores/*/{noun}s/*}}:{method}"
