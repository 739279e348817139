"""Deploying models to endpoints, and taking them away."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import already_exists, failed_precondition, invalid
from vertex_flow.engine.api.masks import checked_paths, copy_fields
from vertex_flow.engine.api.messages import stamp
from vertex_flow.engine.endpoints.plans import plan_server
from vertex_flow.engine.endpoints.records import EndpointRecords
from vertex_flow.engine.endpoints.servers import ModelServers
from vertex_flow.engine.endpoints.traffic import (
    NEW,
    check_split,
    split_after_deploy,
    split_after_undeploy,
)
from vertex_flow.engine.models.versions import Versions
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.state.home import Home

_ID = re.compile(r"[0-9]{1,20}")
_MUTABLE = frozenset({"dedicated_resources", "disable_container_logging", "enable_access_logging"})


class Deployments:
    """Deploys models to endpoints.

    Args:
        home: Gives the servers' folders.
        records: The endpoints.
        versions: The models.
        servers: Runs what serves them.
        operations: Runs what Vertex AI answers with a long-running operation.
        new_id: Makes the ids of deployed models.
    """

    def __init__(  # noqa: PLR0913 - what a deployment touches
        self,
        *,
        home: Home,
        records: EndpointRecords,
        versions: Versions,
        servers: ModelServers,
        operations: Operations,
        new_id: Callable[[], str],
    ) -> None:
        self._home = home
        self._records = records
        self._versions = versions
        self._servers = servers
        self._operations = operations
        self._new_id = new_id

    async def deploy(self, request: types.DeployModelRequest) -> Any:
        """Answer `endpoints.deployModel`: traffic moves once the new server is healthy."""
        endpoint = self._records.get(request.endpoint)
        model = self._versions.get(request.deployed_model.model)
        deployed = self._deployed(request.deployed_model, endpoint, model)
        present = [each.id for each in endpoint.deployed_models]
        check_split(request.traffic_split, [*present, NEW])
        plan_server(self._home, endpoint=endpoint.name, deployed=deployed, model=model)
        return self._operations.start(
            endpoint.name,
            self._deploy(endpoint.name, deployed, dict(request.traffic_split)),
            types.DeployModelOperationMetadata(),
        )

    async def undeploy(self, request: types.UndeployModelRequest) -> Any:
        """Answer `endpoints.undeployModel`."""
        endpoint = self._records.get(request.endpoint)
        _find(endpoint, request.deployed_model_id)
        split = dict(request.traffic_split)
        _without(endpoint, request.deployed_model_id, split)
        work = self._undeploy(endpoint.name, request.deployed_model_id, split)
        return await self._operations.settle(
            self._operations.start(endpoint.name, work, types.UndeployModelOperationMetadata())
        )

    async def mutate(self, request: types.MutateDeployedModelRequest) -> Any:
        """Answer `endpoints.mutateDeployedModel`."""
        endpoint = self._records.get(request.endpoint)
        paths = checked_paths(request.update_mask, _MUTABLE, kind="DeployedModel")
        deployed = _find(endpoint, request.deployed_model.id)
        copy_fields(request.deployed_model, deployed, paths)
        _check_resources(deployed)
        self._records.save(endpoint)
        work = _mutated(deployed)
        return await self._operations.settle(
            self._operations.start(
                endpoint.name, work, types.MutateDeployedModelOperationMetadata()
            )
        )

    def _deployed(
        self, asked: types.DeployedModel, endpoint: types.Endpoint, model: types.Model
    ) -> types.DeployedModel:
        if asked.id and not _ID.fullmatch(asked.id):
            raise invalid(f"deployed_model.id {asked.id!r} is invalid: use digits only.")
        if any(each.id == asked.id for each in endpoint.deployed_models):
            raise already_exists(f'The DeployedModel "{asked.id}" already exists in this Endpoint.')
        _check_resources(asked)
        deployed = types.DeployedModel(asked)
        deployed.id = asked.id or self._new_id()
        deployed.model = model.name
        deployed.model_version_id = model.version_id
        deployed.display_name = asked.display_name or model.display_name
        return deployed

    async def _deploy(
        self, endpoint: str, deployed: types.DeployedModel, split: dict[str, int]
    ) -> types.DeployModelResponse:
        model = self._versions.get(f"{deployed.model}@{deployed.model_version_id}")
        plan = plan_server(self._home, endpoint=endpoint, deployed=deployed, model=model)
        server = self._servers.start(plan)
        try:
            await server.ready()
            self._commit(endpoint, deployed, split)
        except BaseException:
            await self._servers.stop(plan.name)
            raise
        return types.DeployModelResponse(deployed_model=deployed)

    def _commit(self, name: str, deployed: types.DeployedModel, split: dict[str, int]) -> None:
        """Give the new model its traffic, if what it was checked against still holds."""
        endpoint = self._records.get(name)
        self._versions.get(f"{deployed.model}@{deployed.model_version_id}")
        check_split(split, [NEW, *(each.id for each in endpoint.deployed_models)])
        stamp(deployed, "create_time")
        endpoint.deployed_models.append(deployed)
        endpoint.traffic_split = split_after_deploy(endpoint.traffic_split, split, deployed.id)
        self._records.save(endpoint)

    async def _undeploy(
        self, name: str, deployed_id: str, split: dict[str, int]
    ) -> types.UndeployModelResponse:
        endpoint = self._records.get(name)
        self._records.save(_without(endpoint, deployed_id, split))
        await self._servers.stop(f"{name}/deployedModels/{deployed_id}")
        return types.UndeployModelResponse()


def _without(endpoint: types.Endpoint, deployed_id: str, split: dict[str, int]) -> types.Endpoint:
    left = [each for each in endpoint.deployed_models if each.id != deployed_id]
    changed = types.Endpoint(endpoint)
    changed.deployed_models = left
    changed.traffic_split = split_after_undeploy(
        endpoint.traffic_split, split, gone=deployed_id, left=[each.id for each in left]
    )
    return changed


def _find(endpoint: types.Endpoint, deployed_id: str) -> types.DeployedModel:
    for deployed in endpoint.deployed_models:
        if deployed.id == deployed_id:
            return deployed
    there = ", ".join(each.id for each in endpoint.deployed_models) or "none"
    raise invalid(
        f'Endpoint "{endpoint.name}" has no DeployedModel {deployed_id!r}; deployed: {there}.'
    )


def _check_resources(deployed: types.DeployedModel) -> None:
    resources = deployed.dedicated_resources
    if "dedicated_resources" not in deployed:
        raise invalid(
            "deployed_model.dedicated_resources is required: set machine_spec.machine_type, for "
            "example n1-standard-2, and min_replica_count."
        )
    if not resources.machine_spec.machine_type:
        raise invalid(
            "deployed_model.dedicated_resources.machine_spec.machine_type is required, for "
            "example n1-standard-2."
        )
    if resources.min_replica_count < 1:
        raise invalid("deployed_model.dedicated_resources.min_replica_count has to be at least 1.")
    if 0 < resources.max_replica_count < resources.min_replica_count:
        raise failed_precondition(
            f"deployed_model.dedicated_resources.max_replica_count {resources.max_replica_count} "
            f"is below min_replica_count {resources.min_replica_count}."
        )


async def _mutated(deployed: types.DeployedModel) -> types.MutateDeployedModelResponse:
    return types.MutateDeployedModelResponse(deployed_model=deployed)
