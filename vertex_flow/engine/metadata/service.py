"""The Metadata service: artifacts, executions, contexts and their lineage."""

from __future__ import annotations

from vertex_flow.engine.api.rpc import Handler, Rpc
from vertex_flow.engine.metadata.lineage import Lineage
from vertex_flow.engine.metadata.nodes import KINDS, Nodes
from vertex_flow.engine.metadata.queries import Queries
from vertex_flow.engine.metadata.schemas import Schemas
from vertex_flow.engine.metadata.stores import Stores
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.state.store import Store


class MetadataStores:
    """The Metadata service: artifacts, executions, contexts and their lineage.

    Args:
        store: Where they are kept.
        operations: Runs what Vertex AI answers with a long-running operation.
    """

    def __init__(self, store: Store, operations: Operations) -> None:
        lineage = Lineage(store)
        stores = Stores(store, lineage, operations)
        schemas = Schemas(store, stores)
        self._bindings = [*stores.bindings(), *schemas.bindings()]
        for kind in KINDS:
            nodes = Nodes(
                kind,
                store,
                stores=stores,
                schemas=schemas,
                lineage=lineage,
                operations=operations,
            )
            self._bindings += nodes.bindings()
        self._bindings += Queries(store, lineage).bindings()

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of metadata stores and of what is in them."""
        return list(self._bindings)

    def recover(self) -> None:
        """Leave all as it is: what was stored is whole."""
