"""GCPC tasks: what they ask of the API. No future annotations: KFP reads the real ones."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from google_cloud_pipeline_components.types import artifact_types
from google_cloud_pipeline_components.v1.custom_job import CustomTrainingJobOp
from google_cloud_pipeline_components.v1.endpoint import (
    EndpointCreateOp,
    EndpointDeleteOp,
    ModelDeployOp,
    ModelUndeployOp,
)
from google_cloud_pipeline_components.v1.hyperparameter_tuning_job import (
    HyperparameterTuningJobRunOp,
)
from google_cloud_pipeline_components.v1.model import ModelDeleteOp, ModelGetOp, ModelUploadOp
from kfp import dsl

from tests.engine.pipelines.bench import PARENT, Bench, artifact, details, outputs, states
from vertex_flow.engine.api.errors import invalid, not_found

CLOUD = "https://us-central1-aiplatform.googleapis.com/v1"
POOL = {
    "machine_spec": {"machine_type": "n1-standard-4"},
    "replica_count": 1,
    "container_spec": {"image_uri": "x", "command": ["true"], "args": ["--a={}", 'q"uote']},
}
MODEL = f"{PARENT}/models/5"
ENDPOINT = f"{PARENT}/endpoints/7"


class Api:
    """Answers as Vertex AI would, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.end: dict[str, Any] = {"state": "JOB_STATE_SUCCEEDED"}
        self.operation: dict[str, Any] = {"done": True, "response": {}}
        self.resources: dict[str, Any] = {}

    async def __call__(
        self, verb: str, path: str, query: Any = None, body: Any = None
    ) -> dict[str, Any]:
        self.asked.append((verb, path.removeprefix("/v1/"), body))
        if verb == "POST" and path.endswith("Jobs"):
            return self._job(path, body)
        if path.endswith(":cancel"):
            self.end = {"state": "JOB_STATE_CANCELLED"}
            return {}
        if verb == "GET":
            return self._get(path.removeprefix("/v1/"))
        return {"name": f"{path.removeprefix('/v1/')}/operations/1", **self.operation}

    def body(self, path: str) -> Any:
        return next(body for _, asked, body in self.asked if asked == path)

    def _job(self, path: str, body: Any) -> dict[str, Any]:
        if "display_name" not in body:
            raise invalid("display_name is required")
        name = f"{path.removeprefix('/v1/')}/{len(self.jobs) + 1}"
        self.jobs[name] = {"name": name, "state": "JOB_STATE_RUNNING"}
        return self.jobs[name]

    def _get(self, name: str) -> dict[str, Any]:
        if name in self.jobs:
            return {**self.jobs[name], **self.end}
        if name not in self.resources:
            raise not_found(name)
        found: dict[str, Any] = self.resources[name]
        return found


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def gcpc(tmp_path, api: Api) -> Iterator[Bench]:
    bench = Bench(tmp_path, api)
    yield bench
    bench.close()


@dsl.pipeline(name="custom")
def custom(pools: list, name: str = "train"):
    CustomTrainingJobOp(
        display_name=f"{dsl.PIPELINE_JOB_NAME_PLACEHOLDER}-{name}",
        worker_pool_specs=pools,
        base_output_directory=f"{dsl.PIPELINE_ROOT_PLACEHOLDER}/out",
        labels={"mine": "1"},
    )


def test_a_custom_job_is_asked_for_without_what_is_empty(gcpc: Bench, api: Api) -> None:
    job = gcpc.run(custom, {"pools": [POOL]}, gcsOutputDirectory="gs://b/root")

    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert api.body(f"{PARENT}/customJobs") == {
        "display_name": f"{job['name'].rpartition('/')[2]}-train",
        "job_spec": {
            "worker_pool_specs": [POOL],
            "scheduling": {"timeout": "604800s", "strategy": "STANDARD"},
            "base_output_directory": {"output_uri_prefix": "gs://b/root/out"},
        },
        "labels": {
            "vertex-ai-pipelines-run-billing-id": job["labels"][
                "vertex-ai-pipelines-run-billing-id"
            ],
            "mine": "1",
        },
    }


def test_a_job_is_named_in_gcp_resources(gcpc: Bench) -> None:
    job = gcpc.run(custom, {"pools": [POOL]})

    assert json.loads(outputs(job, "custom-training-job")["gcp_resources"]) == {
        "resources": [
            {"resourceType": "CustomJob", "resourceUri": f"{CLOUD}/{PARENT}/customJobs/1"}
        ]
    }


def test_a_failed_job_gives_its_own_reason(gcpc: Bench, api: Api) -> None:
    api.end = {"state": "JOB_STATE_FAILED", "error": {"code": 3, "message": "no such trainer"}}

    job = gcpc.run(custom, {"pools": [POOL]})

    assert details(job)["custom-training-job"]["error"] == {
        "code": 3,
        "message": f"{PARENT}/customJobs/1 failed: no such trainer",
    }


def test_a_job_that_was_cancelled_fails_the_task(gcpc: Bench, api: Api) -> None:
    api.end = {"state": "JOB_STATE_CANCELLED"}

    error = details(gcpc.run(custom, {"pools": [POOL]}))["custom-training-job"]["error"]

    assert error["message"] == f"{PARENT}/customJobs/1 was cancelled."


def test_a_refused_request_is_told(gcpc: Bench) -> None:
    @dsl.pipeline(name="refused")
    def pipeline():
        CustomTrainingJobOp(display_name="")

    error = details(gcpc.run(pipeline))["custom-training-job"]["error"]

    assert error["message"].startswith(
        "The request was refused: 400 INVALID_ARGUMENT: display_name is required\nLog: /"
    )


def test_cancelling_reaches_the_job(gcpc: Bench, api: Api) -> None:
    api.end = {"state": "JOB_STATE_RUNNING"}
    job = gcpc.create(custom, {"pools": [POOL]})
    gcpc.do(_until(lambda: api.jobs))

    gcpc.call("POST", f"/v1/{job['name']}:cancel", {})
    job = gcpc.finish(job["name"])

    assert ("POST", f"{PARENT}/customJobs/1:cancel", {}) in api.asked
    assert states(job) == {"custom-training-job": "CANCELLED"}


def test_a_running_job_is_shown(gcpc: Bench, api: Api) -> None:
    api.end = {"state": "JOB_STATE_RUNNING"}
    job = gcpc.create(custom, {"pools": [POOL]})
    gcpc.do(_until(lambda: api.jobs))

    assert "customJobs/1" in outputs(gcpc.get(job["name"]), "custom-training-job")["gcp_resources"]


def test_a_reused_job_must_still_be_there(gcpc: Bench, api: Api) -> None:
    gcpc.run(custom, {"pools": [POOL]})
    hit = gcpc.run(custom, {"pools": [POOL]})
    api.jobs.clear()
    miss = gcpc.run(custom, {"pools": [POOL]})

    assert states(hit) == {"custom-training-job": "SKIPPED"}
    assert states(miss) == {"custom-training-job": "SUCCEEDED"}


def test_a_tuning_job_is_asked_for(gcpc: Bench, api: Api) -> None:
    @dsl.pipeline(name="tune")
    def pipeline(pools: list):
        HyperparameterTuningJobRunOp(
            display_name="tune",
            worker_pool_specs=pools,
            study_spec_metrics=[{"metricId": "accuracy", "goal": "MAXIMIZE"}],
            study_spec_parameters=[{"parameterId": "x", "doubleValueSpec": {"minValue": 0.0}}],
            max_trial_count=4,
            parallel_trial_count=2,
            base_output_directory="gs://b/tune",
        )

    gcpc.run(pipeline, {"pools": [POOL]})
    body = api.body(f"{PARENT}/hyperparameterTuningJobs")

    assert (body["max_trial_count"], body["parallel_trial_count"]) == (4, 2)
    assert body["trial_job_spec"]["worker_pool_specs"] == [POOL]
    assert body["study_spec"]["metrics"] == [{"metricId": "accuracy", "goal": "MAXIMIZE"}]


def test_a_model_is_uploaded_with_its_container(gcpc: Bench, api: Api) -> None:
    api.operation["response"] = {"model": MODEL, "modelVersionId": "2"}

    @dsl.pipeline(name="upload")
    def pipeline(parent: str):
        old = dsl.importer(
            artifact_uri=f"{CLOUD}/{MODEL}",
            artifact_class=artifact_types.VertexModel,
            metadata={"resourceName": parent},
        )
        container = dsl.importer(
            artifact_uri="gs://b/model",
            artifact_class=artifact_types.UnmanagedContainerModel,
            metadata={"containerSpec": {"imageUri": "image", "env": [{"name": "A"}]}},
        )
        ModelUploadOp(
            display_name="m",
            parent_model=old.output,
            unmanaged_container_model=container.output,
            version_aliases=["best"],
        )

    job = gcpc.run(pipeline, {"parent": f"{MODEL}@1"})
    body = api.body(f"{PARENT}/models:upload")
    model = artifact(job, "model-upload", "model")

    assert body["parent_model"] == MODEL
    assert body["model"]["artifact_uri"] == "gs://b/model"
    assert body["model"]["container_spec"] == {"image_uri": "image", "env": [{"name": "A"}]}
    assert body["model"]["version_aliases"] == ["best"]
    assert model["uri"] == f"{CLOUD}/{MODEL}@2"
    assert model["metadata"] == {"resourceName": f"{MODEL}@2"}
    assert model["schemaTitle"] == "google.VertexModel"


def test_a_model_without_a_parent_is_new(gcpc: Bench, api: Api) -> None:
    api.operation["response"] = {"model": MODEL, "modelVersionId": "1"}

    @dsl.pipeline(name="upload")
    def pipeline():
        ModelUploadOp(display_name="m")

    gcpc.run(pipeline)

    assert "parent_model" not in api.body(f"{PARENT}/models:upload")


def test_a_model_is_deployed_to_a_new_endpoint(gcpc: Bench, api: Api) -> None:
    api.operation["response"] = {"model": MODEL, "modelVersionId": "1", "name": ENDPOINT}

    @dsl.pipeline(name="deploy")
    def pipeline():
        ModelDeployOp(
            model=ModelUploadOp(display_name="m").outputs["model"],
            endpoint=EndpointCreateOp(display_name="e").outputs["endpoint"],
            dedicated_resources_machine_type="n1-standard-2",
            dedicated_resources_min_replica_count=1,
            traffic_split={"0": 100},
        )

    job = gcpc.run(pipeline)
    endpoint = artifact(job, "endpoint-create", "endpoint")

    assert endpoint["metadata"] == {"resourceName": ENDPOINT}
    assert api.body(f"{ENDPOINT}:deployModel") == {
        "traffic_split": {"0": 100},
        "deployed_model": {
            "id": details(job)["model-deploy"]["taskId"],
            "model": f"{MODEL}@1",
            "dedicated_resources": {
                "machine_spec": {"machine_type": "n1-standard-2"},
                "min_replica_count": 1,
            },
        },
    }


def test_a_failed_operation_gives_its_reason(gcpc: Bench, api: Api) -> None:
    api.operation = {"done": True, "error": {"code": 9, "message": "no server came up"}}

    @dsl.pipeline(name="create")
    def pipeline():
        EndpointCreateOp(display_name="e")

    error = details(gcpc.run(pipeline))["endpoint-create"]["error"]

    assert error["message"] == f"{PARENT}/endpoints/operations/1 failed: no server came up"


def test_models_and_endpoints_are_taken_down(gcpc: Bench, api: Api) -> None:
    api.resources = {
        MODEL: {"name": MODEL, "versionId": "3"},
        f"{PARENT}/models/5@3": {},
        ENDPOINT: {
            "name": ENDPOINT,
            "deployedModels": [{"id": "9", "model": MODEL, "modelVersionId": "3"}],
        },
    }

    @dsl.pipeline(name="down")
    def pipeline():
        model = ModelGetOp(model_name="5").outputs["model"]
        endpoint = dsl.importer(
            artifact_uri=f"{CLOUD}/{ENDPOINT}",
            artifact_class=artifact_types.VertexEndpoint,
            metadata={"resourceName": ENDPOINT},
        ).output
        undeployed = ModelUndeployOp(model=model, endpoint=endpoint)
        EndpointDeleteOp(endpoint=endpoint).after(undeployed)
        ModelDeleteOp(model=model).after(undeployed)

    job = gcpc.run(pipeline)

    assert set(states(job).values()) == {"SUCCEEDED"}
    assert api.body(f"{ENDPOINT}:undeployModel") == {"deployed_model_id": "9"}
    assert ("DELETE", MODEL, None) in api.asked
    assert ("DELETE", ENDPOINT, None) in api.asked


async def _until(holds: Any) -> None:
    while not holds():
        await asyncio.sleep(0.02)
