"""GCPC tasks with the real services behind them. KFP reads the real annotations."""

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from google_cloud_pipeline_components.v1.custom_job import CustomTrainingJobOp
from google_cloud_pipeline_components.v1.endpoint import EndpointCreateOp
from google_cloud_pipeline_components.v1.hyperparameter_tuning_job import (
    HyperparameterTuningJobRunOp,
)
from google_cloud_pipeline_components.v1.model import ModelUploadOp
from kfp import dsl

from tests.engine.pipelines.bench import Bench, artifact, details, outputs, states
from vertex_flow.engine import honesty
from vertex_flow.engine.api.rpc import Router
from vertex_flow.engine.endpoints.service import Endpoints
from vertex_flow.engine.jobs.service import CustomJobs
from vertex_flow.engine.models.service import Models
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.tuning.service import TuningJobs


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("full"))
    shared = (bench.home, bench.store, bench.launcher, bench.background)
    operations = Operations(bench.store, bench.background)
    jobs = CustomJobs(*shared)
    services = [
        operations,
        jobs,
        TuningJobs(bench.home, bench.store, bench.background, jobs),
        Models(bench.home, bench.store, operations),
        Endpoints(*shared, operations),
        bench.service,
    ]
    bindings = [pair for service in services for pair in service.bindings()]
    bench.router = Router(bindings, honesty.fields())
    yield bench
    bench.close()


def _pools(source: str) -> list[dict[str, Any]]:
    container = {"image_uri": "trainer", "command": ["python", "-c", source]}
    return [{"machine_spec": {}, "replica_count": 1, "container_spec": container}]


@dsl.pipeline(name="train")
def train(pools: list):
    CustomTrainingJobOp(
        display_name="train",
        worker_pool_specs=pools,
        base_output_directory=f"{dsl.PIPELINE_ROOT_PLACEHOLDER}/{dsl.PIPELINE_JOB_NAME_PLACEHOLDER}",
    ).set_caching_options(False)


def test_a_custom_job_really_runs(full: Bench) -> None:
    source = "import os; open(os.environ['AIP_MODEL_DIR'] + 'model', 'w').write('trained')"

    job = full.run(train, {"pools": _pools(source)}, gcsOutputDirectory="gs://bucket/r")

    assert states(job) == {"custom-training-job": "SUCCEEDED"}
    identifier = job["name"].rpartition("/")[2]
    model = full.home.path(f"gs://bucket/r/{identifier}/model/model")
    assert model.read_text() == "trained"


def test_its_labels_point_to_the_run(full: Bench) -> None:
    job = full.run(train, {"pools": _pools("pass")})
    text = outputs(job, "custom-training-job")["gcp_resources"]
    name = json.loads(text)["resources"][0]["resourceUri"].partition("/v1/")[2]

    label = "vertex-ai-pipelines-run-billing-id"
    assert full.get(name)["labels"] == {label: job["labels"][label]}


def test_the_failure_of_the_job_is_that_of_the_task(full: Bench) -> None:
    job = full.run(train, {"pools": _pools("raise ValueError('diverged')")})
    message = details(job)["custom-training-job"]["error"]["message"]

    assert "ValueError: diverged" in message
    assert f"[custom-training-job].\ncustom-training-job: {message}" in job["error"]["message"]


def test_cancelling_ends_the_process_of_the_job(full: Bench, tmp_path, processes) -> None:
    mark = tmp_path / "mark"
    source = f"import time; open('{mark}', 'w'); time.sleep(300)"
    job = full.create(train, {"pools": _pools(source)})
    full.do(_until_exists(mark))

    full.call("POST", f"/v1/{job['name']}:cancel", {})
    job = full.finish(job["name"])

    assert job["state"] == "PIPELINE_STATE_CANCELLED"
    assert not processes(tmp_path)


def test_a_tuning_job_really_runs(full: Bench) -> None:
    source = (
        "import sys, hypertune; x = float(sys.argv[1].partition('=')[2]); "
        "hypertune.HyperTune().report_hyperparameter_tuning_metric('accuracy', x, 1)"
    )

    @dsl.pipeline(name="tune")
    def tune(pools: list):
        HyperparameterTuningJobRunOp(
            display_name="tune",
            worker_pool_specs=pools,
            study_spec_metrics=[{"metric_id": "accuracy", "goal": "MAXIMIZE"}],
            study_spec_parameters=[
                {
                    "parameter_id": "x",
                    "double_value_spec": {"min_value": 0.1, "max_value": 0.9},
                    "scale_type": "UNIT_LINEAR_SCALE",
                }
            ],
            max_trial_count=2,
            parallel_trial_count=2,
            base_output_directory=f"{dsl.PIPELINE_ROOT_PLACEHOLDER}/tune",
        )

    job = full.run(tune, {"pools": _pools(source)})
    text = outputs(job, "hyperparameter-tuning-job")["gcp_resources"]
    name = json.loads(text)["resources"][0]["resourceUri"].partition("/v1/")[2]

    assert [trial["state"] for trial in full.get(name)["trials"]] == ["SUCCEEDED", "SUCCEEDED"]


def test_models_and_endpoints_are_really_there(full: Bench) -> None:
    @dsl.pipeline(name="register")
    def register():
        ModelUploadOp(display_name="m", unmanaged_container_model=_container().output)
        EndpointCreateOp(display_name="e")

    folder = full.home.path("gs://bucket/served")
    folder.mkdir(parents=True)
    (folder / "model").write_text("trained")
    job = full.run(register)
    model = artifact(job, "model-upload", "model")["metadata"]["resourceName"]
    endpoint = artifact(job, "endpoint-create", "endpoint")["metadata"]["resourceName"]

    assert full.get(model)["versionId"] == "1"
    assert full.get(endpoint)["displayName"] == "e"


def _container() -> Any:
    from google_cloud_pipeline_components.types.artifact_types import UnmanagedContainerModel

    return dsl.importer(
        artifact_uri="gs://bucket/served",
        artifact_class=UnmanagedContainerModel,
        metadata={"containerSpec": {"imageUri": "local", "command": [sys.executable]}},
    )


async def _until_exists(path) -> None:
    while not path.exists():
        await asyncio.sleep(0.02)
