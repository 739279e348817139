"""Endpoints: create, list, change, delete; deploying and predicting are next door."""

from __future__ import annotations

import random
import re
from typing import Any

from google.cloud.aiplatform_v1 import types
from google.protobuf import empty_pb2

from vertex_flow.engine.api.errors import failed_precondition, invalid
from vertex_flow.engine.api.masks import checked_paths, copy_fields
from vertex_flow.engine.api.messages import raw
from vertex_flow.engine.api.refused import refused_rows
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.api.texts import check_display_name, check_labels
from vertex_flow.engine.background import Background
from vertex_flow.engine.endpoints.deployments import Deployments
from vertex_flow.engine.endpoints.fields import REFUSED_CALLS
from vertex_flow.engine.endpoints.predictions import Predictions
from vertex_flow.engine.endpoints.records import EndpointRecords
from vertex_flow.engine.endpoints.servers import ModelServers, ServingLimits
from vertex_flow.engine.endpoints.traffic import check_split
from vertex_flow.engine.models.versions import Versions
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.processes import Launcher
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.listing import page
from vertex_flow.engine.state.store import Store

_LOCATION = "projects/*/locations/*"
_ENDPOINT = f"{_LOCATION}/endpoints/*"
_CONNECTION = "client_connection_config"
_MUTABLE = frozenset({"description", "display_name", "labels", "traffic_split"})
_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?|[1-9][0-9]{0,9}")


class Endpoints:
    """Endpoints and what is deployed to them.

    Args:
        home: Gives the servers' folders.
        store: Where endpoints are kept.
        launcher: Starts model servers.
        background: Watches model servers.
        operations: Runs what Vertex AI answers with a long-running operation.
        limits: How long model servers may take, and how often they are started again.
        chance: Shares an endpoint's requests out; one with a seed makes that repeatable.
    """

    def __init__(  # noqa: PLR0913 - the engine's parts
        self,
        home: Home,
        store: Store,
        launcher: Launcher,
        background: Background,
        operations: Operations,
        *,
        limits: ServingLimits | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self._store = store
        self._background = background
        self._operations = operations
        self._records = EndpointRecords(store)
        versions = Versions(store)
        servers = ModelServers(home, launcher, background, limits or ServingLimits())
        self._deployments = Deployments(
            home=home,
            records=self._records,
            versions=versions,
            servers=servers,
            operations=operations,
            new_id=store.new_id,
        )
        self._predictions = Predictions(
            self._records,
            versions,
            self._deployments,
            chance or random.Random(),  # noqa: S311 - shares requests out, guards nothing
        )

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of endpoints."""
        many, one = f"/v1/{{parent={_LOCATION}}}/endpoints", f"/v1/{{name={_ENDPOINT}}}"
        on, patched = f"/v1/{{endpoint={_ENDPOINT}}}", f"/v1/{{endpoint.name={_ENDPOINT}}}"
        update = types.UpdateEndpointLongRunningRequest
        rows: tuple[Row, ...] = (
            ("create", "POST", many, types.CreateEndpointRequest, "endpoint", self.create),
            ("get", "GET", one, types.GetEndpointRequest, "", self.get),
            ("list", "GET", many, types.ListEndpointsRequest, "", self.list),
            ("patch", "PATCH", patched, types.UpdateEndpointRequest, "endpoint", self.patch),
            ("update", "POST", f"{patched}:update", update, "*", self.update),
            ("delete", "DELETE", one, types.DeleteEndpointRequest, "", self.delete),
            *self._deployments.rows(on),
            *self._predictions.rows(on),
            *refused_rows("endpoints", on, REFUSED_CALLS),
        )
        return methods("endpoints", rows)

    def counts(self) -> dict[str, Any]:
        """Give the numbers of predictions that were asked for."""
        return self._predictions.counts.as_json()

    def recover(self) -> None:
        """Start the servers of what is deployed again, in the background."""
        self._background.start("endpoints", self._deployments.recover())

    async def create(self, request: types.CreateEndpointRequest) -> Any:
        """Answer `endpoints.create`."""
        endpoint = types.Endpoint(request.endpoint)
        check_display_name(endpoint.display_name, required=True)
        check_labels(endpoint.labels)
        if request.endpoint_id and not _ID.fullmatch(request.endpoint_id):
            raise invalid(
                f"endpoint_id {request.endpoint_id!r} is invalid: use up to 63 lower-case letters, "
                "digits and hyphens with a letter first and no hyphen last, or up to 10 digits."
            )
        if endpoint.deployed_models or endpoint.traffic_split:
            raise invalid(
                "A new Endpoint has neither deployed_models nor a traffic_split: deploy a model "
                "with deployModel."
            )
        endpoint.name = f"{request.parent}/endpoints/{request.endpoint_id or self._store.new_id()}"
        with self._store.transaction():
            endpoint = self._records.insert(endpoint)
            operation = self._operations.start(
                endpoint.name, _give(endpoint), types.CreateEndpointOperationMetadata()
            )
        return await self._operations.settle(operation)

    async def get(self, request: types.GetEndpointRequest) -> types.Endpoint:
        """Answer `endpoints.get`."""
        return self._deployments.shown(self._records.get(request.name))

    async def list(self, request: types.ListEndpointsRequest) -> types.ListEndpointsResponse:
        """Answer `endpoints.list`."""
        shown, token = page(
            self._store, types.Endpoint, request.parent, request, shown=self._deployments.shown
        )
        return types.ListEndpointsResponse(endpoints=shown, next_page_token=token)

    async def patch(self, request: types.UpdateEndpointRequest) -> types.Endpoint:
        """Answer `endpoints.patch`."""
        endpoint = self._records.get(request.endpoint.name)
        paths = checked_paths(request.update_mask, _MUTABLE, kind="Endpoint")
        if "display_name" in paths:
            check_display_name(request.endpoint.display_name, required=True)
        check_labels(request.endpoint.labels)
        if "traffic_split" in paths:
            ids = [each.id for each in endpoint.deployed_models]
            check_split(request.endpoint.traffic_split, ids)
        copy_fields(request.endpoint, endpoint, paths)
        return self._deployments.shown(self._records.save(endpoint))

    async def update(self, request: types.UpdateEndpointLongRunningRequest) -> Any:
        """Answer `endpoints.update`, which changes how clients are connected, and nothing else."""
        endpoint = self._records.get(request.endpoint.name)
        given = [field.name for field, _ in raw(request.endpoint).ListFields()]
        others = sorted({*given} - {"name", "etag", _CONNECTION})
        if others:
            raise invalid(
                f"endpoints.update changes {_CONNECTION} only, and not {', '.join(others)}: "
                "change those with endpoints.patch."
            )
        copy_fields(request.endpoint, endpoint, [_CONNECTION])
        with self._store.transaction():
            saved = self._deployments.shown(self._records.save(endpoint))
            operation = self._operations.start(
                endpoint.name, _give(saved), types.UpdateEndpointOperationMetadata()
            )
        return await self._operations.settle(operation)

    async def delete(self, request: types.DeleteEndpointRequest) -> Any:
        """Answer `endpoints.delete`: refused while a model is deployed."""
        endpoint = self._records.get(request.name)
        ids = ", ".join(self._deployments.occupants(endpoint))
        if ids:
            raise failed_precondition(
                f'Endpoint "{request.name}" has deployed or being-deployed DeployedModel(s): '
                f"{ids}. Undeploy them first."
            )
        with self._store.transaction():
            self._records.delete(request.name)
            operation = self._operations.start(
                request.name, _give(empty_pb2.Empty()), types.DeleteOperationMetadata()
            )
        return await self._operations.settle(operation)


async def _give(message: Any) -> Any:
    return message
