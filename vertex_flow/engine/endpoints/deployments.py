"""Deploying models to endpoints, and taking them away."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import already_exists, failed_precondition, invalid
from vertex_flow.engine.api.masks import checked_paths
from vertex_flow.engine.api.messages import raw, stamp
from vertex_flow.engine.api.rpc import Row
from vertex_flow.engine.endpoints.plans import ServerPlan, plan_server
from vertex_flow.engine.endpoints.records import EndpointRecords
from vertex_flow.engine.endpoints.servers import ModelServer, ModelServers
from vertex_flow.engine.endpoints.traffic import (
    NEW,
    check_split,
    split_after_deploy,
    split_after_undeploy,
)
from vertex_flow.engine.models.versions import Versions
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import ApiError

_log = logging.getLogger(__name__)

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
        self._deploying: dict[str, str] = {}  # the endpoint of each deployed model to come

    def rows(self, on: str) -> tuple[Row, ...]:
        """Give the methods of deployments; `on` is the path of an endpoint."""
        deploy, undeploy = types.DeployModelRequest, types.UndeployModelRequest
        mutate, changed = types.MutateDeployedModelRequest, f"{on}:mutateDeployedModel"
        return (
            ("deployModel", "POST", f"{on}:deployModel", deploy, "*", self.deploy),
            ("undeployModel", "POST", f"{on}:undeployModel", undeploy, "*", self.undeploy),
            ("mutateDeployedModel", "POST", changed, mutate, "*", self.mutate),
        )

    def server(self, endpoint: str, deployed: types.DeployedModel) -> ModelServer:
        """Give the server of a deployed model; starts it where it was given up, or never started.

        Args:
            endpoint: Resource name of the endpoint.
            deployed: The deployed model.

        Raises:
            ApiError: FAILED_PRECONDITION when this machine cannot serve it.
        """
        server = self._servers.find(_name(endpoint, deployed.id))
        if server is not None:
            return server
        model = self._versions.version(deployed.model, deployed.model_version_id)
        return self._servers.start(
            plan_server(self._home, endpoint=endpoint, deployed=deployed, model=model)
        )

    def shown(self, endpoint: types.Endpoint) -> types.Endpoint:
        """Give an endpoint as callers see it: with how the servers of its models are doing."""
        shown = types.Endpoint(endpoint)
        for deployed in shown.deployed_models:
            state = self._servers.state(_name(endpoint.name, deployed.id))
            if state is None:
                continue
            deployed.status = types.DeployedModel.Status(
                message=state.message,
                last_update_time=state.since,
                available_replica_count=int(state.phase == "serving"),
            )
        return shown

    def occupants(self, endpoint: types.Endpoint) -> list[str]:
        """Give the ids of what is deployed to an endpoint, or is just being deployed."""
        coming = [name for name, place in self._deploying.items() if place == endpoint.name]
        ids = [each.id for each in endpoint.deployed_models]
        return ids + [name.rpartition("/")[2] for name in coming]

    async def recover(self) -> None:
        """Start the servers of an earlier engine again, one after the other.

        A request to one that has not had its turn starts it at once.
        """
        for endpoint in self._records.all():
            for deployed in endpoint.deployed_models:
                await self._revive(endpoint.name, deployed.id)

    async def _revive(self, name: str, deployed_id: str) -> None:
        try:
            endpoint = self._records.get(name)  # it may have changed by now
            for deployed in endpoint.deployed_models:
                if deployed.id == deployed_id:
                    await self.server(name, deployed).ready()
        except ApiError as error:
            _log.warning("%s is not served: %s", _name(name, deployed_id), error.message)

    async def deploy(self, request: types.DeployModelRequest) -> Any:
        """Answer `endpoints.deployModel`: traffic moves once the new server is healthy."""
        endpoint = self._records.get(request.endpoint)
        model = self._versions.get(request.deployed_model.model)
        deployed = self._deployed(request.deployed_model, endpoint, model)
        present = [each.id for each in endpoint.deployed_models]
        check_split(request.traffic_split, [*present, NEW])
        plan = plan_server(self._home, endpoint=endpoint.name, deployed=deployed, model=model)
        operation = self._operations.start(
            endpoint.name,
            self._deploy(plan, deployed, dict(request.traffic_split)),
            types.DeployModelOperationMetadata(),
        )
        self._deploying[plan.name] = endpoint.name  # before the first step of `_deploy`
        return operation

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
        checked_paths(request.update_mask, _MUTABLE, kind="DeployedModel")
        deployed = _find(endpoint, request.deployed_model.id)
        before = types.MachineSpec(deployed.dedicated_resources.machine_spec)
        request.update_mask.MergeMessage(
            raw(request.deployed_model),
            raw(deployed),
            replace_message_field=True,
            replace_repeated_field=True,
        )
        _check_resources(deployed)
        if deployed.dedicated_resources.machine_spec != before:
            raise invalid(
                "update_mask: the machine_spec of a DeployedModel cannot be changed; deploy the "
                "Model again."
            )
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
        if asked.id in self.occupants(endpoint):
            raise already_exists(f'The DeployedModel "{asked.id}" already exists in this Endpoint.')
        _check_resources(asked)
        deployed = types.DeployedModel(asked)
        raw(deployed).ClearField("status")
        deployed.id = asked.id or self._new_id()
        deployed.model = model.name
        deployed.model_version_id = model.version_id
        deployed.display_name = asked.display_name or model.display_name
        return deployed

    async def _deploy(
        self, plan: ServerPlan, deployed: types.DeployedModel, split: dict[str, int]
    ) -> types.DeployModelResponse:
        endpoint = self._deploying[plan.name]
        try:
            await self._servers.start(plan).ready()
            self._commit(endpoint, deployed, split)
        except BaseException:
            await self._servers.stop(plan.name)
            raise
        finally:
            del self._deploying[plan.name]
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
        await self._servers.stop(_name(name, deployed_id))
        return types.UndeployModelResponse()


def _name(endpoint: str, deployed_id: str) -> str:
    return f"{endpoint}/deployedModels/{deployed_id}"


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
