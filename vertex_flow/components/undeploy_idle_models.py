"""Removes the models of an endpoint that get no traffic any more."""
# mypy: disallow-untyped-decorators=False

from typing import NamedTuple

from google_cloud_pipeline_components.types.artifact_types import VertexEndpoint
from kfp import dsl
from kfp.dsl import Input

from vertex_flow.components._images import GCPC_IMAGE
from vertex_flow.components._vertex import vertex_access, vertex_client, wait_for


@dsl.component(
    base_image=GCPC_IMAGE,
    install_kfp_package=False,
    additional_funcs=[vertex_access, vertex_client, wait_for],
)
def undeploy_idle_models(
    endpoint: Input[VertexEndpoint],
    keep: int = 0,
) -> NamedTuple("Outputs", [("undeployed", list)]):  # type: ignore[valid-type]  # KFP's form of it
    """Undeploys the models of an endpoint that get no traffic, as after a replacement.

    While no deployed model gets traffic nothing is undeployed. Running it again changes nothing.
    Do not cache this task, and let it run after the deployment.

    Args:
        endpoint: The endpoint.
        keep: How many of the newest idle models stay deployed, ready for a roll back.

    Returns:
        undeployed: Ids of the deployed models that were removed.
    """
    from google.api_core.exceptions import NotFound
    from google.cloud.aiplatform_v1 import UndeployModelResponse

    if keep < 0:
        raise ValueError(f"keep is {keep}: expected 0 or more.")
    name = endpoint.metadata["resourceName"]
    location = name.split("/")[3]
    client = vertex_client("EndpointServiceClient", location)
    current = client.get_endpoint(name=name)
    busy = {key for key, share in current.traffic_split.items() if share}
    idle = [deployed for deployed in current.deployed_models if deployed.id not in busy]
    idle.sort(key=lambda item: item.create_time.timestamp() if item.create_time else 0.0)
    undeployed = [item.id for item in idle[: len(idle) - int(keep)]] if busy else []
    for deployed_id in undeployed:
        try:
            operation = client.undeploy_model(endpoint=name, deployed_model_id=deployed_id)
            wait_for(operation, UndeployModelResponse, location)
        except NotFound:  # somebody else was faster
            continue
    print(f"{name}: undeployed {', '.join(undeployed) or 'nothing'}")  # noqa: T201 - the task's log
    return (undeployed,)


UndeployIdleModelsOp = undeploy_idle_models
