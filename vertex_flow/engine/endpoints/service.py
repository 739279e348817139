"""Endpoints: create, list, change, delete; deploying and predicting are next door."""

from __future__ import annotations

import random
import re
from typing import Any

from google.cloud.aiplatform_v1 import types
from google.protobuf import empty_pb2

from vertex_flow.engine.api.errors import failed_precondition, invalid
from vertex_flow.engine.api.masks import checked_paths, copy_fields, masked
from vertex_flow.engine.api.rpc import Handler, Rpc
from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED, Level
from vertex_flow.engine.background import Background
from vertex_flow.engine.endpoints.deployments import Deployments
from vertex_flow.engine.endpoints.predictions import Predictions
from vertex_flow.engine.endpoints.records import EndpointRecords
from vertex_flow.engine.endpoints.servers import ModelServers, ServingLimits
from vertex_flow.engine.endpoints.traffic import check_split
from vertex_flow.engine.models.versions import Versions
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.processes import Launcher
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store

FIELDS: dict[str, Level] = {
    "DeployedModel.automatic_resources": REFUSED,
    "DeployedModel.checkpoint_id": REFUSED,
    "DeployedModel.dedicated_resources": SIMULATED,
    "DeployedModel.disable_container_logging": SIMULATED,
    "DeployedModel.disable_explanations": HONOURED,
    "DeployedModel.display_name": HONOURED,
    "DeployedModel.enable_access_logging": SIMULATED,
    "DeployedModel.explanation_spec": REFUSED,
    "DeployedModel.faster_deployment_config": SIMULATED,
    "DeployedModel.id": HONOURED,
    "DeployedModel.model": HONOURED,
    "DeployedModel.model_version_id": HONOURED,
    "DeployedModel.private_endpoints": REFUSED,
    "DeployedModel.service_account": SIMULATED,
    "DeployedModel.shared_resources": REFUSED,
    "DeployedModel.speculative_decoding_spec": REFUSED,
    "DeployedModel.status": HONOURED,
    "DeployedModel.system_labels": SIMULATED,
    "Endpoint.client_connection_config": HONOURED,
    "Endpoint.dedicated_endpoint_dns": REFUSED,
    "Endpoint.dedicated_endpoint_enabled": REFUSED,
    "Endpoint.deployed_models": HONOURED,
    "Endpoint.description": HONOURED,
    "Endpoint.display_name": HONOURED,
    "Endpoint.enable_private_service_connect": REFUSED,
    "Endpoint.encryption_spec": SIMULATED,
    "Endpoint.gen_ai_advanced_features_config": REFUSED,
    "Endpoint.labels": HONOURED,
    "Endpoint.model_deployment_monitoring_job": REFUSED,
    "Endpoint.network": REFUSED,
    "Endpoint.predict_request_response_logging_config": REFUSED,
    "Endpoint.private_model_server_enabled": REFUSED,
    "Endpoint.private_service_connect_config": REFUSED,
    "Endpoint.traffic_split": HONOURED,
}
NOTES: dict[str, str] = {
    "DeployedModel.automatic_resources": "As on Vertex AI, custom models take dedicated_resources.",
    "DeployedModel.dedicated_resources": "Required as on Vertex AI; one server process on this "
    "machine, whatever the machine type and the replica counts.",
    "Endpoint.deployed_models": "Set by deployModel and undeployModel; not read from requests.",
    "projects.locations.endpoints.explain": "Explanations are computed on Vertex AI only.",
}
REFUSED_METHODS = frozenset({"projects.locations.endpoints.explain"})

_LOCATION = "projects/*/locations/*"
_ENDPOINT = f"{_LOCATION}/endpoints/*"
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
            home,
            self._records,
            versions,
            servers,
            chance or random.Random(),  # noqa: S311 - shares requests out, guards nothing
        )

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of endpoints."""
        handlers: dict[str, Handler] = {
            "create": self.create,
            "get": self.get,
            "list": self.list,
            "patch": self.patch,
            "delete": self.delete,
            "deployModel": self._deployments.deploy,
            "undeployModel": self._deployments.undeploy,
            "mutateDeployedModel": self._deployments.mutate,
            "predict": self._predictions.predict,
            "rawPredict": self._predictions.raw_predict,
            "explain": self._predictions.explain,
        }
        return [(rpc, handlers[rpc.id.rpartition(".")[2]]) for rpc in _rpcs()]

    def recover(self) -> None:
        """Do nothing: the first request to a deployed model starts its server again."""

    async def create(self, request: types.CreateEndpointRequest) -> Any:
        """Answer `endpoints.create`."""
        endpoint = types.Endpoint(request.endpoint)
        _check_display_name(endpoint.display_name)
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
        endpoint = self._records.insert(endpoint)
        return await self._quick(
            endpoint.name, _give(endpoint), types.CreateEndpointOperationMetadata()
        )

    async def get(self, request: types.GetEndpointRequest) -> types.Endpoint:
        """Answer `endpoints.get`."""
        return self._records.get(request.name)

    async def list(self, request: types.ListEndpointsRequest) -> types.ListEndpointsResponse:
        """Answer `endpoints.list`."""
        found, token = self._store.list(
            types.Endpoint,
            request.parent,
            filter=request.filter,
            page_size=request.page_size,
            page_token=request.page_token,
            order_by=request.order_by,
        )
        shown = [masked(endpoint, request.read_mask) for endpoint in found]
        return types.ListEndpointsResponse(endpoints=shown, next_page_token=token)

    async def patch(self, request: types.UpdateEndpointRequest) -> types.Endpoint:
        """Answer `endpoints.patch`."""
        endpoint = self._records.get(request.endpoint.name)
        paths = checked_paths(request.update_mask, _MUTABLE, kind="Endpoint")
        if "display_name" in paths:
            _check_display_name(request.endpoint.display_name)
        if "traffic_split" in paths:
            ids = [each.id for each in endpoint.deployed_models]
            check_split(request.endpoint.traffic_split, ids)
        copy_fields(request.endpoint, endpoint, paths)
        return self._records.save(endpoint)

    async def delete(self, request: types.DeleteEndpointRequest) -> Any:
        """Answer `endpoints.delete`: refused while a model is deployed."""
        endpoint = self._records.get(request.name)
        ids = ", ".join(each.id for each in endpoint.deployed_models)
        if ids:
            raise failed_precondition(
                f'Endpoint "{request.name}" has deployed or being-deployed DeployedModel(s): '
                f"{ids}. Undeploy them first."
            )
        self._records.delete(request.name)
        return await self._quick(
            request.name, _give(empty_pb2.Empty()), types.DeleteOperationMetadata()
        )

    async def _quick(self, name: str, work: Any, metadata: Any) -> Any:
        return await self._operations.settle(self._operations.start(name, work, metadata))


def _rpcs() -> list[Rpc]:
    many, one = f"/v1/{{parent={_LOCATION}}}/endpoints", f"/v1/{{name={_ENDPOINT}}}"
    on, patched = f"/v1/{{endpoint={_ENDPOINT}}}", f"/v1/{{endpoint.name={_ENDPOINT}}}"
    mutate = f"{on}:mutateDeployedModel"
    # A prediction is passed on as it came: as a message, large instances would take long.
    rows: tuple[tuple[str, str, str, type[Any], str], ...] = (
        ("create", "POST", many, types.CreateEndpointRequest, "endpoint"),
        ("get", "GET", one, types.GetEndpointRequest, ""),
        ("list", "GET", many, types.ListEndpointsRequest, ""),
        ("patch", "PATCH", patched, types.UpdateEndpointRequest, "endpoint"),
        ("delete", "DELETE", one, types.DeleteEndpointRequest, ""),
        ("deployModel", "POST", f"{on}:deployModel", types.DeployModelRequest, "*"),
        ("undeployModel", "POST", f"{on}:undeployModel", types.UndeployModelRequest, "*"),
        ("mutateDeployedModel", "POST", mutate, types.MutateDeployedModelRequest, "*"),
        ("predict", "POST", f"{on}:predict", types.RawPredictRequest, ""),
        ("rawPredict", "POST", f"{on}:rawPredict", types.RawPredictRequest, ""),
        ("explain", "POST", f"{on}:explain", types.ExplainRequest, "*"),
    )
    return [
        Rpc(
            id=f"projects.locations.endpoints.{name}",
            verb=verb,
            path=path,
            request=kind,
            body=body,
        )
        for name, verb, path, kind, body in rows
    ]


def _check_display_name(name: str) -> None:
    if not name:
        raise invalid("display_name is required.")
    if len(name) > 128:
        raise invalid(f"display_name has {len(name)} characters; at most 128 are allowed.")


async def _give(message: Any) -> Any:
    return message
