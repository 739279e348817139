"""Serve a registered model behind an endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from google_cloud_pipeline_components.types.artifact_types import VertexEndpoint, VertexModel
from google_cloud_pipeline_components.v1.endpoint import ModelDeployOp

from vertex_flow.components import FindOrCreateEndpointOp, UndeployIdleModelsOp
from vertex_flow.contract import Inputs, Outputs, Stage, stage
from vertex_flow.errors import SettingError
from vertex_flow.expiry import seconds
from vertex_flow.machines import Known, MachineNeed
from vertex_flow.names import check_labels
from vertex_flow.ports import In, Out, Value
from vertex_flow.stages import _training
from vertex_flow.training import check_accelerator


def _check_traffic(_: Any, __: Any, percent: Any) -> None:
    if isinstance(percent, (int, float)) and (type(percent) is not int or not 1 <= percent <= 100):
        raise SettingError(
            f"Deploy(traffic_percent={percent!r}): expected a whole number from 1 to 100."
        )


def _check_labels(_: Any, __: Any, labels: Mapping[str, str]) -> None:
    check_labels("Deploy", labels)


def _check_expires(_: Any, __: Any, expires: Any) -> None:
    if not isinstance(expires, str) or not expires:
        return  # another type is the wiring's to refuse
    try:
        seconds(expires)
    except ValueError as error:
        raise SettingError(f"Deploy(expires={expires!r}): {error}") from error


def _check_shared(expires: Any, percent: Any) -> None:
    if isinstance(expires, str) and expires and isinstance(percent, int) and percent != 100:
        raise SettingError(
            f"Deploy(expires={expires!r}, traffic_percent={percent}): the whole endpoint is "
            "removed at the end of that time, also the models that get the rest of the requests. "
            "Give the new model an endpoint of its own: Deploy(endpoint_name=..., "
            f"expires={expires!r})."
        )


@stage
class Deploy(Stage):
    """Serve a registered model behind an endpoint.

    The endpoint of that display name is used, or created. Requests go to the new model only
    when its server is healthy; when it never is, the stage fails and the endpoint answers as
    before.

    Attributes:
        vertex_model: The registered model.
        endpoint_name: Display name of the endpoint; by default the flow's name.
        traffic_percent: Share of the requests for the new model, 1 to 100; the models that are
            there already keep the rest, in their proportions.
        replace: Whether models that get no requests any more are undeployed, so that they stop
            costing money.
        machine_type: Compute Engine machine type of each replica.
        min_replicas: Replicas that always run, 1 or more.
        max_replicas: Replicas under load, at least `min_replicas`.
        accelerator_type: Name as in Vertex AI's API; empty for none.
        accelerator_count: Accelerators a replica.
        service_account: Identity of the server; empty for the default.
        labels: Labels of a new endpoint.
        expires: How long the endpoint is needed, for example `"30m"`, `"8h"` or `"7d"`; empty
            for as long as nobody removes it. `GcpContext.clean` removes it afterwards, with
            every model on it. A later deployment to the endpoint says anew how long.
        endpoint: The endpoint.
    """

    vertex_model: In[VertexModel] = In()
    endpoint_name: Value[str] = ""
    traffic_percent: Value[int] = attrs.field(default=100, validator=_check_traffic)
    replace: bool = True
    machine_type: Value[str] = "n1-standard-2"
    min_replicas: Value[int] = 1
    max_replicas: Value[int] = 1
    accelerator_type: Value[str] = ""
    accelerator_count: Value[int] = 0
    service_account: Value[str] = ""
    labels: Mapping[str, str] = attrs.field(factory=dict, validator=_check_labels)
    expires: Value[str] = attrs.field(default="", validator=_check_expires)
    endpoint = Out(VertexEndpoint)

    def __attrs_post_init__(self) -> None:
        """Check what depends on more than one setting."""
        least, most = self.min_replicas, self.max_replicas
        if isinstance(least, int) and isinstance(most, int) and not 1 <= least <= most:
            raise SettingError(
                f"Deploy(min_replicas={least}, max_replicas={most}): expected "
                "1 <= min_replicas <= max_replicas."
            )
        check_accelerator("Deploy", self.accelerator_type, self.accelerator_count)
        _check_shared(self.expires, self.traffic_percent)

    def emit(self, io: Inputs) -> Outputs:
        """Find the endpoint, deploy to it, retire what gets no requests any more.

        Nothing here is cached: whether something is deployed is not known from the inputs.
        """
        found = FindOrCreateEndpointOp(
            display_name=io.endpoint_name or io.flow,
            project=_training.PROJECT,
            location=_training.LOCATION,
            traffic_percent=io.traffic_percent,
            labels=_training.labels(io, self.labels),
            expires=io.expires,
        ).set_caching_options(False)
        endpoint = found.outputs["endpoint"]
        deployed = ModelDeployOp(
            model=io.vertex_model,
            endpoint=endpoint,
            traffic_split=found.outputs["traffic_split"],
            dedicated_resources_machine_type=io.machine_type,
            dedicated_resources_min_replica_count=io.min_replicas,
            dedicated_resources_max_replica_count=io.max_replicas,
            dedicated_resources_accelerator_type=io.accelerator_type,
            dedicated_resources_accelerator_count=io.accelerator_count,
            service_account=io.service_account,
        ).set_caching_options(False)
        if self.replace:
            idle = UndeployIdleModelsOp(endpoint=endpoint).set_caching_options(False)
            idle.after(deployed)
        return {"endpoint": endpoint}

    def machines(self, known: Known) -> Sequence[MachineNeed]:
        """The most replicas that the model's server may have."""
        settings = {
            "machine_type": self.machine_type,
            "accelerator_type": self.accelerator_type,
            "accelerator_count": self.accelerator_count,
            "replicas": self.max_replicas,
            "lifetime": self.expires,
        }
        return (MachineNeed.of(self.name, "serving", known, settings),)
