"""The launcher of batch prediction jobs."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from vertex_flow.engine.pipelines.gcpc.launch import Launch, snake_case, without_empty
from vertex_flow.names import Resource, api_endpoint

_MODEL = "unmanaged_container_model"


async def batch_prediction_job(launch: Launch) -> None:
    """Run a batch prediction job, and give it and its output folder as artifacts."""
    body = without_empty(launch.labelled(_with_model(launch, launch.payload)))
    job = await launch.job("batchPredictionJobs", body)
    name, folder = job["name"], job["outputInfo"]["gcsOutputDirectory"]
    facts = {
        "resourceName": name,
        "bigqueryOutputTable": "",
        "bigqueryOutputDataset": "",
        "gcsOutputDirectory": folder,
    }
    uri = f"{api_endpoint(Resource.parse(name).location)}/v1/{name}"
    _output(
        launch,
        SimpleNamespace(name="batchpredictionjob", uri=uri, metadata=facts),
        SimpleNamespace(name="gcs_output_directory", uri=folder, metadata={}),
    )


def _output(launch: Launch, *artifacts: SimpleNamespace) -> None:
    from google_cloud_pipeline_components.container.utils import artifact_utils

    artifact_utils.update_output_artifacts(launch.arguments["executor_input"], list(artifacts))


def _with_model(launch: Launch, payload: dict[str, Any]) -> dict[str, Any]:
    """Take the model from the input `unmanaged_container_model`, when there is one."""
    inputs = json.loads(launch.arguments["executor_input"]).get("inputs", {})
    found = inputs.get("artifacts", {}).get(_MODEL, {}).get("artifacts")
    if not found:
        return payload
    model = snake_case(found[0].get("metadata", {}))
    return {**payload, _MODEL: {**model, "artifact_uri": found[0].get("uri")}}
