"""The collection `metadataStores`."""

from __future__ import annotations

import uuid
from typing import Any

from google.cloud.aiplatform_v1 import types
from google.protobuf import empty_pb2

from vertex_flow.engine.api.errors import already_exists
from vertex_flow.engine.api.messages import stamp
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.api.texts import check_id
from vertex_flow.engine.metadata import built_in
from vertex_flow.engine.metadata.lineage import Lineage
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.state.listing import page
from vertex_flow.engine.state.store import Store

_LOCATION = "projects/*/locations/*"
_KINDS = (types.Artifact, types.Execution, types.Context, types.MetadataSchema)


class Stores:
    """Metadata stores. The one called `default` comes into being when it is asked for.

    Args:
        store: Where they are kept.
        lineage: The links between what is in them.
        operations: Runs what Vertex AI answers with a long-running operation.
    """

    def __init__(self, store: Store, lineage: Lineage, operations: Operations) -> None:
        self._store = store
        self._lineage = lineage
        self._operations = operations

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of the collection."""
        many = f"/v1/{{parent={_LOCATION}}}/metadataStores"
        one = f"/v1/{{name={_LOCATION}/metadataStores/*}}"
        create = types.CreateMetadataStoreRequest
        rows: tuple[Row, ...] = (
            ("create", "POST", many, create, "metadata_store", self.create),
            ("get", "GET", one, types.GetMetadataStoreRequest, "", self.get),
            ("list", "GET", many, types.ListMetadataStoresRequest, "", self.list),
            ("delete", "DELETE", one, types.DeleteMetadataStoreRequest, "", self.delete),
        )
        return methods("metadataStores", rows)

    def ensure(self, name: str) -> types.MetadataStore:
        """Give a metadata store.

        Raises:
            ApiError: NOT_FOUND; only the default one is made on demand.
        """
        return ensure(self._store, name)

    async def create(self, request: types.CreateMetadataStoreRequest) -> Any:
        """Answer `metadataStores.create`."""
        given = request.metadata_store_id
        if given:
            check_id(given, field="metadata_store_id")
        name = f"{request.parent}/metadataStores/{given or uuid.uuid4()}"
        if self._store.find(types.MetadataStore, name) is not None:
            raise already_exists(f'The MetadataStore "{name}" already exists.')
        draft = types.MetadataStore(request.metadata_store)
        draft.name = name
        started = self._operations.start(
            name, self._create(draft), types.CreateMetadataStoreOperationMetadata()
        )
        return await self._operations.settle(started)

    async def get(self, request: types.GetMetadataStoreRequest) -> types.MetadataStore:
        """Answer `metadataStores.get`."""
        return self.ensure(request.name)

    async def list(
        self, request: types.ListMetadataStoresRequest
    ) -> types.ListMetadataStoresResponse:
        """Answer `metadataStores.list`."""
        found, token = page(self._store, types.MetadataStore, request.parent, request)
        return types.ListMetadataStoresResponse(metadata_stores=found, next_page_token=token)

    async def delete(self, request: types.DeleteMetadataStoreRequest) -> Any:
        """Answer `metadataStores.delete`: the store goes with all that is in it."""
        name = self._store.get(types.MetadataStore, request.name).name
        started = self._operations.start(
            name, self._delete(name), types.DeleteMetadataStoreOperationMetadata()
        )
        return await self._operations.settle(started)

    async def _create(self, draft: types.MetadataStore) -> types.MetadataStore:
        return _make(self._store, draft)

    async def _delete(self, name: str) -> empty_pb2.Empty:
        with self._store.transaction():
            self._store.delete_below(name, *_KINDS)
            self._store.delete(name)
            self._lineage.sweep()
        return empty_pb2.Empty()


def ensure(store: Store, name: str) -> types.MetadataStore:
    """Give a metadata store.

    Args:
        store: Where it is kept.
        name: Its resource name.

    Raises:
        ApiError: NOT_FOUND; only the default one is made on demand.
    """
    found = store.find(types.MetadataStore, name)
    if found is None and name.endswith("/metadataStores/default"):
        return _make(store, types.MetadataStore(name=name))
    return found or store.get(types.MetadataStore, name)


def _make(store: Store, draft: types.MetadataStore) -> types.MetadataStore:
    stamp(draft, "create_time", "update_time")
    with store.transaction():
        store.insert(draft)
        for schema in built_in.schemas(draft.name):
            store.insert(schema)
    return draft
