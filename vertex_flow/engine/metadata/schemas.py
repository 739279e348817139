"""The collection `metadataSchemas`: what artifacts, executions and contexts can be."""

from __future__ import annotations

import re
import uuid
from typing import Any

import yaml
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import already_exists, invalid
from vertex_flow.engine.api.messages import stamp
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.api.texts import check_id
from vertex_flow.engine.metadata import built_in
from vertex_flow.engine.metadata.stores import Stores
from vertex_flow.engine.state.listing import page
from vertex_flow.engine.state.store import Store
from vertex_flow.errors import nearest

_STORE = "projects/*/locations/*/metadataStores/*"
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


class Schemas:
    """The schemas of metadata stores: the built-in ones, and those that users create.

    Args:
        store: Where they are kept.
        stores: The metadata stores that they are in.
    """

    def __init__(self, store: Store, stores: Stores) -> None:
        self._store = store
        self._stores = stores

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of the collection."""
        many = f"/v1/{{parent={_STORE}}}/metadataSchemas"
        one = f"/v1/{{name={_STORE}/metadataSchemas/*}}"
        create = types.CreateMetadataSchemaRequest
        rows: tuple[Row, ...] = (
            ("create", "POST", many, create, "metadata_schema", self.create),
            ("get", "GET", one, types.GetMetadataSchemaRequest, "", self.get),
            ("list", "GET", many, types.ListMetadataSchemasRequest, "", self.list),
        )
        return methods("metadataStores.metadataSchemas", rows)

    def check(self, node: Any, store: str) -> None:
        """Refuse an artifact, an execution or a context whose schema is not there.

        Args:
            node: The resource; one that names no schema passes.
            store: The metadata store that it is in.

        Raises:
            ApiError: INVALID_ARGUMENT.
        """
        if not node.schema_title:
            return
        versions = {**built_in.VERSIONS, **self._own(store)}
        if node.schema_title not in versions:
            raise invalid(
                f'There is no MetadataSchema with the title "{node.schema_title}". Create it '
                "first, or use one of the system's, such as system.Artifact."
                f"{nearest(node.schema_title, list(versions))}"
            )
        node.schema_version = node.schema_version or versions[node.schema_title]

    async def create(self, request: types.CreateMetadataSchemaRequest) -> types.MetadataSchema:
        """Answer `metadataSchemas.create`."""
        self._stores.ensure(request.parent)
        given = request.metadata_schema_id
        if given:
            check_id(given, field="metadata_schema_id")
        schema = types.MetadataSchema(request.metadata_schema)
        self._check_new(schema, request.parent)
        schema.name = f"{request.parent}/metadataSchemas/{given or uuid.uuid4()}"
        stamp(schema, "create_time")
        self._store.insert(schema)
        return schema

    async def get(self, request: types.GetMetadataSchemaRequest) -> types.MetadataSchema:
        """Answer `metadataSchemas.get`."""
        store = request.name.rsplit("/", 2)[0]
        self._stores.ensure(store)
        return self._store.get(types.MetadataSchema, request.name)

    async def list(
        self, request: types.ListMetadataSchemasRequest
    ) -> types.ListMetadataSchemasResponse:
        """Answer `metadataSchemas.list`."""
        self._stores.ensure(request.parent)
        found, token = page(self._store, types.MetadataSchema, request.parent, request)
        return types.ListMetadataSchemasResponse(metadata_schemas=found, next_page_token=token)

    def _own(self, store: str) -> dict[str, str]:
        """Give the latest version of each schema that users created, by title."""
        known = {schema.name for schema in built_in.schemas(store)}
        every = self._store.all(types.MetadataSchema)
        mine = [one for one in every if one.name.startswith(f"{store}/") and one.name not in known]
        return {_title(one): one.schema_version for one in sorted(mine, key=_numbers)}

    def _check_new(self, schema: types.MetadataSchema, store: str) -> None:
        if not _VERSION.fullmatch(schema.schema_version):
            raise invalid(
                f"schema_version {schema.schema_version!r} is invalid: expected three numbers "
                "with dots between them, such as 0.0.1."
            )
        title = _title(schema)
        if not title:
            raise invalid("schema must be the YAML text of an OpenAPI schema with a `title`.")
        if {**built_in.VERSIONS, **self._own(store)}.get(title) == schema.schema_version:
            raise already_exists(
                f'The MetadataSchema "{title}" of version {schema.schema_version} already exists.'
            )


def _title(schema: types.MetadataSchema) -> str:
    try:
        found = yaml.safe_load(schema.schema)
    except yaml.YAMLError as error:
        raise invalid(f"schema is not YAML: {error}") from error
    title = found.get("title") if isinstance(found, dict) else None
    return title if isinstance(title, str) else ""


def _numbers(schema: types.MetadataSchema) -> list[int]:
    return [int(part) for part in schema.schema_version.split(".")]
