"""The Metadata service: artifacts, executions, contexts and their lineage."""

from __future__ import annotations

from vertex_flow.engine.api.rpc import Handler, Rpc
from vertex_flow.engine.api.support import Level
from vertex_flow.engine.state.store import Store

FIELDS: dict[str, Level] = {}
NOTES: dict[str, str] = {}


class MetadataStores:
    """The Metadata service: artifacts, executions, contexts and their lineage.

    Args:
        store: Where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of this collection."""
        return []

    def recover(self) -> None:
        """Set right what a killed engine left running."""
