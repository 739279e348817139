"""The launchers that create and delete endpoints, and deploy models to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vertex_flow.engine.pipelines.gcpc.launch import Launch, without_empty


async def create(launch: Launch) -> None:
    """Create an endpoint and give it as the artifact `endpoint`."""
    body = without_empty(launch.labelled(launch.payload))

    async def created() -> dict[str, Any] | None:
        name = launch.made("endpoints")
        return {"name": name} if name else None

    operation = await launch.operation("POST", f"{launch.parent}/endpoints", body, result=created)
    launch.output("endpoint", operation["response"]["name"])


async def delete(launch: Launch) -> None:
    """Delete an endpoint."""
    name = without_empty(launch.payload)["endpoint"]
    launch.named(name, "endpoints")
    await launch.operation("DELETE", name, result=lambda: launch.gone(name))


async def deploy(launch: Launch) -> None:
    """Deploy a model to an endpoint."""
    body = without_empty(launch.payload)
    endpoint = body.pop("endpoint")
    launch.named(endpoint, "endpoints")
    # An id that is known beforehand tells after a restart whether the model was deployed.
    deployed = body.setdefault("deployed_model", {}).setdefault("id", str(launch.work.record.id))

    async def found() -> dict[str, Any] | None:
        there = await _deployed_models(launch, endpoint)
        return {} if any(one["id"] == deployed for one in there) else None

    await launch.operation("POST", f"{endpoint}:deployModel", body, result=found)


async def undeploy(launch: Launch) -> None:
    """Take a model off an endpoint."""
    payload = without_empty(launch.payload)
    endpoint, model = payload["endpoint"], payload["model"]
    launch.named(endpoint, "endpoints")
    deployed = _deployed(await _deployed_models(launch, endpoint), model)
    if not deployed and not launch.made("operations"):
        raise ValueError(f"Model {model} not found at endpoint {endpoint}.")
    body = {"deployed_model_id": deployed}
    if "traffic_split" in payload:
        body["traffic_split"] = payload["traffic_split"]

    async def gone() -> dict[str, Any] | None:
        return None if deployed else {}

    await launch.operation("POST", f"{endpoint}:undeployModel", body, result=gone)


async def _deployed_models(launch: Launch, endpoint: str) -> list[dict[str, Any]]:
    found = await launch.work.tools.call("GET", f"/v1/{endpoint}")
    deployed: list[dict[str, Any]] = found.get("deployedModels", [])
    return deployed


def _deployed(there: Iterable[Mapping[str, Any]], model: str) -> str:
    """Find the deployed model of a model; without a version any of its versions will do."""
    name, _, version = model.partition("@")
    for deployed in there:
        same = deployed["model"].split("@")[0] == name
        if same and version in ("", deployed.get("modelVersionId", "")):
            return str(deployed["id"])
    return ""
