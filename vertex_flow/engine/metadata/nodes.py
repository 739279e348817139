"""Artifacts, executions and contexts: what the three collections have in common."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from typing import Any

import attrs
from google.cloud.aiplatform_v1 import types
from google.protobuf import empty_pb2

from vertex_flow.engine.api.errors import aborted, failed_precondition, invalid, not_found
from vertex_flow.engine.api.masks import checked_paths, copy_fields
from vertex_flow.engine.api.messages import raw, to_json
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.api.texts import check_display_name, check_id, check_labels
from vertex_flow.engine.metadata.etags import renew
from vertex_flow.engine.metadata.lineage import Lineage
from vertex_flow.engine.metadata.schemas import Schemas
from vertex_flow.engine.metadata.stores import Stores
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.state.store import Store

_STORE = "projects/*/locations/*/metadataStores/*"
_CHANGING = ("description", "display_name", "labels", "metadata", "state", "uri")
_FIXED = ("schema_title", "schema_version")
_METADATA_SIZE = 200 * 1024  # bytes
_SAMPLE = 100
_JOBS = "_custom_jobs"


@attrs.frozen
class Kind:
    """One of the three collections.

    Attributes:
        noun: `Artifact`, `Execution` or `Context`.
    """

    noun: str

    @property
    def message(self) -> Any:
        """The class of its resources."""
        return getattr(types, self.noun)

    @property
    def field(self) -> str:
        """The field of requests that holds one, and the variable of paths: `artifact`."""
        return self.noun.lower()

    @property
    def collection(self) -> str:
        """The last part of the collection's path: `artifacts`."""
        return f"{self.field}s"

    @property
    def changing(self) -> tuple[str, ...]:
        """The fields that can change."""
        known = raw(self.message()).DESCRIPTOR.fields_by_name
        return tuple(name for name in _CHANGING if name in known)

    def type(self, verb: str, *, plural: bool = False, ending: str = "Request") -> Any:
        """Give a message class of a method, for example `ListArtifactsRequest`."""
        return getattr(types, f"{verb}{self.noun}{'s' if plural else ''}{ending}")


KINDS = (Kind("Artifact"), Kind("Execution"), Kind("Context"))


class Nodes:
    """The artifacts, the executions or the contexts of metadata stores.

    Args:
        kind: Which of them.
        store: Where they are kept.
        stores: The metadata stores that they are in.
        schemas: The schemas that they may have.
        lineage: The links between them.
        operations: Runs what Vertex AI answers with a long-running operation.
    """

    def __init__(  # noqa: PLR0913 - what the collection stands on
        self,
        kind: Kind,
        store: Store,
        *,
        stores: Stores,
        schemas: Schemas,
        lineage: Lineage,
        operations: Operations,
    ) -> None:
        self._kind = kind
        self._store = store
        self._stores = stores
        self._schemas = schemas
        self._lineage = lineage
        self._operations = operations

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of the collection."""
        kind = self._kind
        many = f"/v1/{{parent={_STORE}}}/{kind.collection}"
        one = f"/v1/{{name={_STORE}/{kind.collection}/*}}"
        patched = f"/v1/{{{kind.field}.name={_STORE}/{kind.collection}/*}}"
        purged = kind.type("Purge", plural=True)
        rows: tuple[Row, ...] = (
            ("create", "POST", many, kind.type("Create"), kind.field, self.create),
            ("get", "GET", one, kind.type("Get"), "", self.get),
            ("list", "GET", many, kind.type("List", plural=True), "", self.list),
            ("patch", "PATCH", patched, kind.type("Update"), kind.field, self.patch),
            ("delete", "DELETE", one, kind.type("Delete"), "", self.delete),
            ("purge", "POST", f"{many}:purge", purged, "*", self.purge),
        )
        return methods(f"metadataStores.{kind.collection}", rows)

    async def create(self, request: Any) -> Any:
        """Answer `create`; without an id the resource gets a random one."""
        given = getattr(request, f"{self._kind.field}_id")
        if given:
            check_id(given, field=f"{self._kind.field}_id")
        name = f"{request.parent}/{self._kind.collection}/{given or uuid.uuid4()}"
        return self._create(name, getattr(request, self._kind.field))

    async def get(self, request: Any) -> Any:
        """Answer `get`."""
        return self._store.get(self._kind.message, request.name)

    async def list(self, request: Any) -> Any:
        """Answer `list`."""
        self._stores.ensure(request.parent)
        found, token = self._store.list(
            self._kind.message,
            request.parent,
            filter=request.filter,
            page_size=request.page_size,
            page_token=request.page_token,
            order_by=request.order_by,
            relations=self._lineage.relations(self._kind.collection),
        )
        answer = self._kind.type("List", plural=True, ending="Response")
        return answer(**{self._kind.collection: found, "next_page_token": token})

    async def patch(self, request: Any) -> Any:
        """Answer `patch`; without a mask the fields that are set in the request change."""
        given = getattr(request, self._kind.field)
        node = self._store.find(self._kind.message, given.name)
        if node is None and request.allow_missing:
            check_id(given.name.rpartition("/")[2], field="name")
            return self._create(given.name, given)
        if node is None:
            raise not_found(f'The {self._kind.noun} "{given.name}" does not exist.')
        self._check_etag(given.etag, node, aborted)
        jobs = _jobs(node)
        copy_fields(given, node, self._paths(given, node, request.update_mask))
        _keep_jobs(node, jobs)
        _check(node)
        self._store.save(renew(node))
        return node

    async def delete(self, request: Any) -> Any:
        """Answer `delete`; the links of the resource go with it."""
        node = self._store.get(self._kind.message, request.name)
        self._check_etag(request.etag, node, failed_precondition)
        return await self._operations.remove(node.name, self._delete([node.name]))

    async def purge(self, request: Any) -> Any:
        """Answer `purge`: deletes what a filter lets pass or, without `force`, names it."""
        if not request.filter:
            raise invalid(
                f"filter is required: which {self._kind.collection} are purged, for example "
                'update_time <= "2026-01-31T00:00:00Z".'
            )
        self._stores.ensure(request.parent)
        names = list(self._matching(request.parent, request.filter))
        started = self._operations.start(
            request.parent,
            self._purge(names, force=request.force),
            self._kind.type("Purge", plural=True, ending="Metadata")(),
        )
        return await self._operations.settle(started)

    def _create(self, name: str, draft: Any) -> Any:
        store = name.rsplit("/", 2)[0]
        self._stores.ensure(store)
        node = self._kind.message(draft)
        node.name = name
        _check(node)
        self._schemas.check(node, store)
        plain = raw(node)
        for field in ("create_time", "parent_contexts"):
            if field in plain.DESCRIPTOR.fields_by_name:
                plain.ClearField(field)
        self._store.insert(renew(node))
        return node

    def _paths(self, given: Any, node: Any, update_mask: Any) -> Iterable[str]:
        kind = self._kind
        if update_mask.paths and "*" not in update_mask.paths:
            return checked_paths(update_mask, kind.changing, kind=kind.noun)
        for field in _FIXED:
            if getattr(given, field) not in ("", getattr(node, field)):
                raise invalid(
                    f"'{field}' of a {kind.noun} cannot be updated: it is "
                    f'"{getattr(node, field)}", and the request has "{getattr(given, field)}".'
                )
        if update_mask.paths:
            return kind.changing
        known = {field.name for field, _ in raw(given).ListFields()}
        return [field for field in kind.changing if field in known]

    def _check_etag(self, etag: str, node: Any, refuse: Any) -> None:
        if etag and etag != node.etag:
            # Google's client reads this sentence, and tries again with a fresh etag.
            raise refuse(
                f"Specified {self._kind.noun} `etag`: `{etag}` does not match server `etag`: "
                f"`{node.etag}`"
            )

    def _matching(self, parent: str, text: str) -> Iterable[str]:
        relations, token = self._lineage.relations(self._kind.collection), ""
        while True:
            found, token = self._store.list(
                self._kind.message,
                parent,
                filter=text,
                page_size=1000,
                page_token=token,
                relations=relations,
            )
            yield from (node.name for node in found)
            if not token:
                return

    async def _purge(self, names: Any, *, force: bool) -> Any:
        answer = self._kind.type("Purge", plural=True, ending="Response")
        if not force:
            return answer(purge_count=len(names), purge_sample=names[:_SAMPLE])
        await self._delete(names)
        return answer(purge_count=len(names))

    async def _delete(self, names: Any) -> empty_pb2.Empty:
        with self._store.transaction():
            for name in names:
                self._lineage.forget(name)
                self._store.delete(name)
        return empty_pb2.Empty()


def _jobs(node: Any) -> bytes:
    """Give what jobs have noted of themselves in the metadata of an experiment's run."""
    fields = raw(node).metadata.fields
    data: bytes = fields[_JOBS].SerializeToString() if _JOBS in fields else b""
    return data


def _keep_jobs(node: Any, jobs: bytes) -> None:
    """Keep the note of jobs in metadata that a client has read before they were submitted."""
    fields = raw(node).metadata.fields
    if jobs and _JOBS not in fields:
        fields[_JOBS].ParseFromString(jobs)


def _check(node: Any) -> None:
    """Refuse what Vertex AI refuses of an artifact, an execution or a context."""
    check_display_name(node.display_name)
    check_labels(node.labels)
    size = len(json.dumps(to_json(node).get("metadata", {})))
    if size > _METADATA_SIZE:
        raise invalid(f"metadata has {size} bytes; at most {_METADATA_SIZE} are allowed.")
