"""Finds the endpoint that a model is deployed to, and plans its traffic."""
# mypy: disallow-untyped-decorators=False
# ruff: noqa: B006, PLR0917 - KFP calls by name, and writes the defaults into what it compiles
# ruff: noqa: D417 - KFP reads the description of an output under Returns

from typing import Any, NamedTuple

from google_cloud_pipeline_components.types.artifact_types import VertexEndpoint
from kfp import dsl
from kfp.dsl import Output

from vertex_flow.components._images import GCPC_IMAGE
from vertex_flow.components._vertex import (
    newest_named,
    resource_uri,
    run_labels,
    vertex_access,
    vertex_client,
    wait_for,
)
from vertex_flow.expiry import expiry_label, seconds


def plan_traffic(current: dict[str, int], percent: int) -> dict[str, int]:
    """Give a new model its share of the traffic and scale the others down, 100 in all.

    Args:
        current: Traffic by id of deployed model, in percent.
        percent: Share of the new model, which goes by the id "0".
    """
    total = sum(current.values())
    if not total or percent == 100:
        return {"0": 100}
    rest = 100 - percent
    split = {key: share * rest // total for key, share in current.items()}
    # Whole percents are left over by rounding down: they go where most was cut off.
    by_loss = sorted(current, key=lambda key: (-(current[key] * rest % total), key))
    for key in by_loss[: rest - sum(split.values())]:
        split[key] += 1
    return {"0": percent} | {key: share for key, share in split.items() if share}


def renewed(labels: dict[str, str], expires: str, now: Any) -> dict[str, str]:
    """Give the labels of an endpoint from a deployment on that needs it for some time.

    Args:
        labels: Its labels so far.
        expires: For how long, as in "8h"; empty for without an end.
        now: When that time begins.
    """
    kept = {key: value for key, value in labels.items() if key != "vertex-flow-expires"}
    return kept | ({"vertex-flow-expires": expiry_label(expires, now)} if expires else {})


@dsl.component(
    base_image=GCPC_IMAGE,
    install_kfp_package=False,
    additional_funcs=[
        newest_named,
        resource_uri,
        run_labels,
        vertex_access,
        vertex_client,
        wait_for,
        seconds,
        expiry_label,
        renewed,
        plan_traffic,
    ],
)
def find_or_create_endpoint(
    display_name: str,
    project: str,
    location: str,
    endpoint: Output[VertexEndpoint],
    traffic_percent: int = 100,
    labels: dict[str, Any] = {},
    expires: str = "",
) -> NamedTuple("Outputs", [("traffic_split", dict)]):  # type: ignore[valid-type]  # KFP's form of it
    """Finds the newest endpoint with exactly this display name, or creates it.

    A new endpoint has the labels of the pipeline run besides its own, and so has what Google's
    components create. Its label vertex-flow-expires says when it may be removed, and is written
    anew whenever a run deploys to it.

    Do not cache this task: its answer changes with the endpoint.

    Args:
        display_name: Display name of the endpoint.
        project: Project of the endpoint, id or number.
        location: Region of the endpoint, for example us-central1.
        traffic_percent: Share of the traffic that the model to be deployed will get, 0 to 100. The
            models that are deployed share the rest as they do now; without any it gets all.
        labels: Labels of an endpoint that is created.
        expires: How long the endpoint is needed, for example 30m, 8h or 7d; empty for without an
            end.

    Returns:
        endpoint: The endpoint, for the input endpoint of ModelDeployOp.
        traffic_split: Traffic in percent by id of deployed model, 100 in all, for the input
            traffic_split of ModelDeployOp. The model to be deployed has the id 0.
    """
    import json
    from datetime import datetime, timezone

    from google.cloud.aiplatform_v1 import Endpoint

    if not 0 <= traffic_percent <= 100:
        raise ValueError(f"traffic_percent is {traffic_percent}: expected 0 to 100.")
    if expires and traffic_percent != 100:
        raise ValueError(
            f"expires is {expires!r} and traffic_percent {traffic_percent}: the models that keep "
            "the rest of the traffic would be removed with the endpoint. Expected 100."
        )
    now = datetime.now(timezone.utc)
    parent = f"projects/{project}/locations/{location}"
    client = vertex_client("EndpointServiceClient", location)
    filtered = f"display_name={json.dumps(display_name, ensure_ascii=False)}"
    endpoints = client.list_endpoints(request={"parent": parent, "filter": filtered})
    found = newest_named(endpoints, display_name)
    if found is None:
        wanted = renewed({**run_labels(), **labels}, expires, now)
        new = {"display_name": display_name, "labels": wanted}
        operation = client.create_endpoint(parent=parent, endpoint=new)
        found = wait_for(operation, Endpoint, location)
    elif (wanted := renewed(dict(found.labels), expires, now)) != dict(found.labels):
        if expires:
            wanted = {**labels, **wanted}
        change = {"endpoint": {"name": found.name, "labels": wanted}, "update_mask": "labels"}
        found = client.update_endpoint(request=change)
    endpoint.uri = resource_uri(found.name)
    endpoint.metadata["resourceName"] = found.name
    traffic_split = plan_traffic(dict(found.traffic_split), int(traffic_percent))
    print(f"{found.name}: traffic {traffic_split}")  # noqa: T201 - the task's log
    return (traffic_split,)


FindOrCreateEndpointOp = find_or_create_endpoint
