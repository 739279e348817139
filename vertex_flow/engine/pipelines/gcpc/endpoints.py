"""The launchers that create and delete endpoints, and deploy models to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vertex_flow.engine.pipelines.gcpc.launch import Launch, without_empty


async def create(launch: Launch) -> None:
    """Create an endpoint and give it as the artifact `endpoint`."""
    body = without_empty(launch.labelled(launch.payload))
    operation = await launch.operation("POST", f"{launch.parent}/endpoints", body)
    launch.output("endpoint", operation["response"]["name"])


async def delete(launch: Launch) -> None:
    """Delete an endpoint."""
    name = without_empty(launch.payload)["endpoint"]
    launch.named(name, "endpoints")
    await launch.operation("DELETE", name)


async def deploy(launch: Launch) -> None:
    """Deploy a model to an endpoint."""
    body = without_empty(launch.payload)
    endpoint = body.pop("endpoint")
    launch.named(endpoint, "endpoints")
    await launch.operation("POST", f"{endpoint}:deployModel", body)


async def undeploy(launch: Launch) -> None:
    """Take a model off an endpoint."""
    payload = without_empty(launch.payload)
    endpoint = payload["endpoint"]
    launch.named(endpoint, "endpoints")
    found = await launch.work.tools.call("GET", f"/v1/{endpoint}")
    body = {"deployed_model_id": _deployed(found, payload["model"])}
    if "traffic_split" in payload:
        body["traffic_split"] = payload["traffic_split"]
    await launch.operation("POST", f"{endpoint}:undeployModel", body)


def _deployed(endpoint: Mapping[str, Any], model: str) -> Any:
    """Find the deployed model of a model; without a version any of its versions will do."""
    name, _, version = model.partition("@")
    for deployed in endpoint.get("deployedModels", []):
        same = deployed["model"].split("@")[0] == name
        if same and version in ("", deployed.get("modelVersionId", "")):
            return deployed["id"]
    raise ValueError(f"Model {model} not found at endpoint {endpoint['name']}.")
