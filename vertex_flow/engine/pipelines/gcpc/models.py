"""The launchers that upload, get and delete models."""

from __future__ import annotations

import json
from typing import Any

from vertex_flow.engine.pipelines.gcpc.launch import Launch, snake_case, without_empty


async def upload(launch: Launch) -> None:
    """Upload a model, or a version of one, and give it as the artifact `model`."""
    payload = launch.labelled(launch.payload)
    model = without_empty(_with_container(launch, payload))
    metadata = payload.get("explanation_spec", {}).get("metadata")
    if metadata:  # empty inputs in it have a meaning: sklearn and XGBoost models have them
        model.setdefault("explanation_spec", {})["metadata"] = metadata
    body: dict[str, Any] = {"model": model}
    parent_model = launch.arguments.get("parent_model_name")
    if parent_model:
        body["parent_model"] = parent_model.rsplit("@", 1)[0]

    async def uploaded() -> dict[str, Any] | None:
        name, _, version = launch.made("versions").rpartition("/versions/")
        return {"model": name, "modelVersionId": version} if name else None

    path = f"{launch.parent}/models:upload"
    operation = await launch.operation("POST", path, body, result=uploaded)
    response = operation["response"]
    version = response.get("modelVersionId")
    launch.output("model", response["model"] + (f"@{version}" if version else ""))


async def get(launch: Launch) -> None:
    """Look a model up and give it as the artifact `model`."""
    name = f"{launch.parent}/models/{launch.arguments['model_name']}"
    model = await launch.work.tools.call("GET", f"/v1/{name}")
    launch.output("model", f"{model['name'].split('@', 1)[0]}@{model['versionId']}")


async def delete(launch: Launch) -> None:
    """Delete a model with all its versions."""
    name = without_empty(launch.payload)["model"]
    launch.named(name, "models")
    model = name.rsplit("@", 1)[0]
    await launch.operation("DELETE", model, result=lambda: launch.gone(model))


def _with_container(launch: Launch, payload: dict[str, Any]) -> dict[str, Any]:
    """Take container, schemata and files from the input `unmanaged_container_model`."""
    inputs = json.loads(launch.arguments["executor_input"]).get("inputs", {})
    found = inputs.get("artifacts", {}).get("unmanaged_container_model", {}).get("artifacts")
    if not found:
        return payload
    metadata = found[0].get("metadata", {})
    return {
        **payload,
        "predict_schemata": snake_case(metadata.get("predictSchemata", {})),
        "container_spec": snake_case(metadata.get("containerSpec", {})),
        "artifact_uri": found[0].get("uri"),
    }
