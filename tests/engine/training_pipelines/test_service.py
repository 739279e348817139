from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google.cloud.aiplatform_v1 import types

from tests.engine.engine_bench import PARENT, SKLEARN, run_with_engine
from vertex_flow.engine.training_pipelines.uploads import _trial
from vertex_flow.errors import ApiError

DEFINITIONS = "gs://google-cloud-aiplatform/schema/trainingjob/definition/"
SAVE = """
import os, pathlib
pathlib.Path(os.environ["AIP_MODEL_DIR"], "model.joblib").write_text("weights")
"""
MANY = f"{PARENT}/trainingPipelines"


@pytest.fixture
def bench(tmp_path):
    return lambda body, **options: run_with_engine(tmp_path, body, **options)


def request(program: str = "pass", **fields: Any) -> dict[str, Any]:
    """Ask for a pipeline as `aiplatform.CustomContainerTrainingJob` does."""
    spec = {"imageUri": "gcr.io/acme/train", "command": ["python", "-c", program]}
    inputs = {
        "worker_pool_specs": [{"replica_count": 1, "containerSpec": spec}],
        "base_output_directory": {"output_uri_prefix": "gs://b/out"},
        "scheduling": {"timeout": None, "restart_job_on_worker_restart": False},
        **fields.pop("inputs", {}),
    }
    return {
        "displayName": "train",
        "trainingTaskDefinition": f"{DEFINITIONS}custom_task_1.0.0.yaml",
        "trainingTaskInputs": inputs,
        **fields,
    }


def model(**fields: Any) -> dict[str, Any]:
    return {"displayName": "iris", "containerSpec": {"imageUri": SKLEARN}, **fields}


def tuning(program: str, **fields: Any) -> dict[str, Any]:
    """Ask for a pipeline with a tuning job; the program gets `--x=` and reports it as `score`."""
    report = (
        "import hypertune, os, sys; x = float(sys.argv[-1].partition('=')[2]);"
        "hypertune.HyperTune().report_hyperparameter_tuning_metric('score', x);"
    )
    spec = {"imageUri": "gcr.io/acme/train", "command": ["python", "-c", report + program]}
    inputs = {
        "studySpec": {
            "algorithm": "GRID_SEARCH",
            "metrics": [{"metricId": "score", "goal": "MAXIMIZE"}],
            "parameters": [{"parameterId": "x", "discreteValueSpec": {"values": [1, 3, 2]}}],
        },
        "maxTrialCount": 3,
        "parallelTrialCount": 3,
        "trialJobSpec": {
            "workerPoolSpecs": [{"replicaCount": "1", "containerSpec": spec}],
            "baseOutputDirectory": {"outputUriPrefix": "gs://b/tuned"},
        },
    }
    definition = f"{DEFINITIONS}hyperparameter_tuning_task_1.0.0.yaml"
    return {
        "displayName": "tune",
        "trainingTaskDefinition": definition,
        "trainingTaskInputs": inputs,
        **fields,
    }


async def create(b: Any, body: dict[str, Any]) -> dict[str, Any]:
    return await b.call("POST", MANY, body)


async def run(b: Any, body: dict[str, Any]) -> dict[str, Any]:
    return await b.ended((await create(b, body))["name"])


def refused(bench: Any, body: dict[str, Any], status: str = "INVALID_ARGUMENT") -> str:
    with pytest.raises(ApiError) as caught:
        bench(lambda b: create(b, body))
    assert caught.value.status == status
    return caught.value.message


def test_a_pipeline_runs_a_custom_job(bench):
    async def body(b):
        pipeline = await run(b, request(labels={"team": "a"}))
        return pipeline, await b.call("GET", pipeline["trainingTaskMetadata"]["backingCustomJob"])

    pipeline, job = bench(body)
    assert pipeline["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert {"createTime", "startTime", "endTime", "updateTime"} <= pipeline.keys()
    assert (job["displayName"], job["state"]) == ("train-custom-job", "JOB_STATE_SUCCEEDED")
    assert job["labels"] == {"team": "a"}


def test_the_answer_to_create_is_a_pending_pipeline(bench):
    pipeline = bench(lambda b: create(b, request()))

    assert pipeline["state"] == "PIPELINE_STATE_PENDING"
    assert "error" not in pipeline


def test_the_model_is_in_the_registry_afterwards(bench):
    async def body(b):
        upload = model(versionAliases=["best"], labels={"a": "b"})
        pipeline = await run(b, request(SAVE, modelToUpload=upload, modelId="iris"))
        return pipeline, await b.call("GET", f"{PARENT}/models/iris@best")

    pipeline, found = bench(body)
    uploaded = pipeline["modelToUpload"]
    assert (uploaded["name"], uploaded["versionId"]) == (f"{PARENT}/models/iris", "1")
    assert uploaded["artifactUri"] == found["artifactUri"] == "gs://b/out/model"
    assert found["trainingPipeline"] == pipeline["name"]
    assert found["labels"] == {"a": "b"}
    assert found["supportedDeploymentResourcesTypes"] == ["DEDICATED_RESOURCES"]


def test_the_model_can_be_a_version_of_another(bench):
    async def body(b):
        await run(b, request(SAVE, modelToUpload=model(), modelId="iris"))
        upload = model(versionAliases=["default"])
        parent = f"{PARENT}/models/iris"
        return await run(b, request(SAVE, modelToUpload=upload, parentModel=parent))

    uploaded = bench(body)["modelToUpload"]
    assert (uploaded["name"], uploaded["versionId"]) == (f"{PARENT}/models/iris", "2")


def test_a_program_that_leaves_no_model_fails_the_pipeline(bench, tmp_path):
    async def body(b):
        return await run(b, request("pass", modelToUpload=model()))

    pipeline = bench(body)
    assert pipeline["state"] == "PIPELINE_STATE_FAILED"
    folder = tmp_path / "home/storage/b/out/model"
    assert pipeline["error"] == {
        "code": 9,
        "message": "The training succeeded, and its model could not be uploaded: There are no "
        f'files under "gs://b/out/model" to copy: {folder} is empty. The program writes the model '
        "to the folder that AIP_MODEL_DIR names.",
    }
    assert "name" not in pipeline["modelToUpload"]


def test_the_jobs_error_is_the_pipelines(bench):
    async def body(b):
        pipeline = await run(b, request("raise SystemExit('no data')", modelToUpload=model()))
        models = await b.call("GET", f"{PARENT}/models")
        return pipeline, models

    pipeline, models = bench(body)
    assert pipeline["state"] == "PIPELINE_STATE_FAILED"
    assert pipeline["error"]["code"] == 3
    assert "no data" in pipeline["error"]["message"]
    assert models == {}


def test_the_best_trial_is_uploaded(bench):
    async def body(b):
        pipeline = await run(b, tuning(SAVE.replace("\n", ";").strip(";"), modelToUpload=model()))
        name = pipeline["trainingTaskMetadata"]["backingHyperparameterTuningJob"]
        return pipeline, await b.call("GET", name)

    pipeline, job = bench(body)
    best = next(one["id"] for one in job["trials"] if one["parameters"][0]["value"] == 3)
    assert job["displayName"] == "tune-hyperparameter-tuning-job"
    assert pipeline["modelToUpload"]["artifactUri"] == f"gs://b/tuned/{best}/model"


class TestCancel:
    def test_reaches_the_job(self, bench):
        async def body(b):
            pipeline = await create(b, request("import time; time.sleep(600)"))
            while "trainingTaskMetadata" not in pipeline:
                await asyncio.sleep(0.02)
                pipeline = await b.call("GET", pipeline["name"])
            await b.call("POST", f"{pipeline['name']}:cancel", {})
            job = pipeline["trainingTaskMetadata"]["backingCustomJob"]
            return await b.call("GET", pipeline["name"]), await b.call("GET", job)

        pipeline, job = bench(body)
        assert (pipeline["state"], job["state"]) == (
            "PIPELINE_STATE_CANCELLED",
            "JOB_STATE_CANCELLED",
        )
        assert pipeline["error"] == {"code": 1, "message": "The training pipeline was cancelled."}

    def test_reaches_the_trials_of_a_tuning_job(self, bench):
        async def body(b):
            pipeline = await create(b, tuning("import time; time.sleep(600)"))
            while "trainingTaskMetadata" not in pipeline:
                await asyncio.sleep(0.02)
                pipeline = await b.call("GET", pipeline["name"])
            await b.call("POST", f"{pipeline['name']}:cancel", {})
            job = pipeline["trainingTaskMetadata"]["backingHyperparameterTuningJob"]
            return await b.call("GET", job)

        assert bench(body)["state"] == "JOB_STATE_CANCELLED"

    def test_before_it_began(self, bench):
        async def body(b):
            pipeline = await create(b, request())
            await b.call("POST", f"{pipeline['name']}:cancel", {})
            return await b.call("GET", pipeline["name"])

        assert bench(body)["state"] == "PIPELINE_STATE_CANCELLED"

    def test_of_the_job_cancels_the_pipeline(self, bench):
        async def body(b):
            pipeline = await create(b, request("import time; time.sleep(600)"))
            while "trainingTaskMetadata" not in pipeline:
                await asyncio.sleep(0.02)
                pipeline = await b.call("GET", pipeline["name"])
            await b.call("POST", f"{pipeline['trainingTaskMetadata']['backingCustomJob']}:cancel")
            return await b.ended(pipeline["name"])

        assert bench(body)["state"] == "PIPELINE_STATE_CANCELLED"

    def test_afterwards_changes_nothing(self, bench):
        async def body(b):
            pipeline = await run(b, request())
            await b.call("POST", f"{pipeline['name']}:cancel", {})
            return await b.call("GET", pipeline["name"])

        assert bench(body)["state"] == "PIPELINE_STATE_SUCCEEDED"


def test_list(bench):
    async def body(b):
        for name in ("a", "b", "c"):
            await run(b, request(displayName=name))
        succeeded = 'state="PIPELINE_STATE_SUCCEEDED" AND display_name!="b"'
        page = await b.call("GET", MANY, filter=succeeded, pageSize="1", readMask="displayName")
        rest = await b.call("GET", MANY, filter=succeeded, pageToken=page["nextPageToken"])
        return page["trainingPipelines"], [one["displayName"] for one in rest["trainingPipelines"]]

    assert bench(body) == ([{"displayName": "c"}], ["a"])


def test_delete(bench):
    async def body(b):
        pipeline = await run(b, request())
        operation = await b.call("DELETE", pipeline["name"])
        with pytest.raises(ApiError, match=r"The TrainingPipeline .* does not exist"):
            await b.call("GET", pipeline["name"])
        return operation, pipeline["name"]

    operation, name = bench(body)
    assert operation["done"] is True
    assert operation["name"].startswith(f"{name}/operations/")


def test_delete_of_a_running_pipeline(bench):
    async def body(b):
        pipeline = await create(b, request("import time; time.sleep(600)"))
        await b.call("DELETE", pipeline["name"])

    with pytest.raises(ApiError, match=r"is in state PIPELINE_STATE_PENDING: cancel it first\."):
        bench(body)


class TestRecover:
    """What an engine that was killed has left in the store."""

    NAME = f"{MANY}/1"

    def left(self, store: Any, job: types.JobState | None) -> None:
        pipeline = types.TrainingPipeline(
            name=self.NAME,
            display_name="train",
            state=types.PipelineState.PIPELINE_STATE_RUNNING,
            training_task_definition=f"{DEFINITIONS}custom_task_1.0.0.yaml",
            training_task_inputs=request()["trainingTaskInputs"],
            model_to_upload={"display_name": "iris", "container_spec": {"image_uri": SKLEARN}},
        )
        store.insert(pipeline)
        if job is None:
            return
        with store.made_for(self.NAME, "job"):
            store.insert(types.CustomJob(name=f"{PARENT}/customJobs/2", state=job))

    def recovered(self, bench: Any, tmp_path: Any, job: types.JobState | None) -> dict[str, Any]:
        folder = tmp_path / "home/storage/b/out/model"
        folder.mkdir(parents=True)
        (folder / "model.joblib").write_text("weights")
        return bench(lambda b: b.ended(self.NAME), before=lambda store: self.left(store, job))

    def test_no_job_yet(self, bench, tmp_path):
        pipeline = self.recovered(bench, tmp_path, None)

        assert pipeline["state"] == "PIPELINE_STATE_FAILED"
        assert pipeline["error"]["message"] == "The engine stopped before the job began."

    def test_a_job_that_ended_with_the_engine(self, bench, tmp_path):
        pipeline = self.recovered(bench, tmp_path, types.JobState.JOB_STATE_RUNNING)

        assert pipeline["state"] == "PIPELINE_STATE_FAILED"
        assert "The engine stopped" in pipeline["error"]["message"]

    def test_a_job_that_had_succeeded_gives_its_model(self, bench, tmp_path):
        pipeline = self.recovered(bench, tmp_path, types.JobState.JOB_STATE_SUCCEEDED)

        assert pipeline["state"] == "PIPELINE_STATE_SUCCEEDED"
        assert pipeline["modelToUpload"]["versionId"] == "1"


class TestRefusal:
    def test_display_name(self, bench):
        assert refused(bench, request(displayName="")) == "display_name is required."

    def test_labels(self, bench):
        assert refused(bench, request(labels={"Team": "a"})).startswith("labels: 'Team': 'a' is ")

    def test_a_tensorboard_that_is_not_there(self, bench):
        name = f"{PARENT}/tensorboards/1"
        assert refused(bench, request(inputs={"tensorboard": name}), "NOT_FOUND") == (
            f'training_task_inputs.tensorboard: the Tensorboard "{name}" does not exist.'
        )

    def test_no_definition(self, bench):
        assert refused(bench, request(trainingTaskDefinition="")) == (
            "training_task_definition is required, for example "
            f"{DEFINITIONS}custom_task_1.0.0.yaml."
        )

    def test_automl(self, bench):
        definition = f"{DEFINITIONS}automl_tabular_1.0.0.yaml"
        assert refused(bench, request(trainingTaskDefinition=definition), "UNIMPLEMENTED") == (
            "training_task_definition automl_tabular_1.0.0.yaml: AutoML trains with Google's own "
            "programs, which exist in the cloud alone. Train with a program of your own here "
            "(custom_task_1.0.0.yaml), or send the request to Vertex AI."
        )

    def test_unknown_definition(self, bench):
        definition = f"{DEFINITIONS}custom_tsk_1.0.0.yaml"
        assert refused(bench, request(trainingTaskDefinition=definition)) == (
            f"training_task_definition '{definition}' is unknown; the local engine runs "
            f"{DEFINITIONS}custom_task_1.0.0.yaml and "
            f"{DEFINITIONS}hyperparameter_tuning_task_1.0.0.yaml. Did you mean "
            f"'{DEFINITIONS}custom_task_1.0.0.yaml'?"
        )

    def test_no_inputs(self, bench):
        assert refused(bench, request(trainingTaskInputs="x")) == (
            "training_task_inputs is required: an object, of which the training_task_definition "
            "says what it holds."
        )

    def test_unknown_input(self, bench):
        assert refused(bench, request(inputs={"worker_pool_spec": []})) == (
            'Invalid JSON payload received. Unknown name "worker_pool_spec" at '
            "'training_task_inputs': Cannot find field. Did you mean 'workerPoolSpecs'?"
        )

    def test_unknown_input_of_a_tuning_job(self, bench):
        body = tuning("pass")
        body["trainingTaskInputs"]["state"] = 4
        assert refused(bench, body).startswith(
            'Invalid JSON payload received. Unknown name "state" at '
        )

    def test_wrong_type_in_the_inputs(self, bench):
        assert refused(bench, request(inputs={"service_account": 3})).startswith(
            "Invalid value at 'training_task_inputs.service_account': "
        )

    def test_what_a_custom_job_does_not_do_here(self, bench):
        assert "'persistent_resource_id'" in refused(
            bench, request(inputs={"persistent_resource_id": "mine"})
        )

    def test_a_job_that_cannot_run(self, bench):
        assert refused(bench, request(inputs={"worker_pool_specs": []})).startswith(
            "training_task_inputs.worker_pool_specs[0] must have"
        )

    def test_data_of_a_dataset(self, bench):
        assert "input_data_config'" in refused(bench, request(inputDataConfig={"datasetId": "1"}))

    def test_a_model_from_nowhere(self, bench):
        inputs = {"base_output_directory": None}
        assert refused(bench, request(modelToUpload=model(), inputs=inputs)) == (
            "training_task_inputs.base_output_directory is required with model_to_upload: the "
            "program writes the model to the folder model/ in it, which AIP_MODEL_DIR names."
        )

    @pytest.mark.parametrize("field", ["modelId", "parentModel"])
    def test_a_place_for_no_model(self, bench, field):
        assert refused(bench, request(**{field: "x"})).endswith(
            "is set, and there is no model_to_upload that it is for."
        )

    def test_a_model_that_the_registry_would_refuse(self, bench):
        assert "model_id 'No' is invalid" in refused(
            bench, request(modelToUpload=model(), modelId="No")
        )

    def test_a_parent_that_is_not_there(self, bench):
        name = f"{PARENT}/models/none"
        body = request(modelToUpload=model(), parentModel=name)
        assert refused(bench, body, "NOT_FOUND") == f'The Model "{name}" does not exist.'

    def test_a_model_of_two_metrics(self, bench):
        body = tuning("pass", modelToUpload=model())
        metrics = [{"metricId": "a", "goal": "MAXIMIZE"}, {"metricId": "b", "goal": "MINIMIZE"}]
        body["trainingTaskInputs"]["studySpec"]["metrics"] = metrics
        assert refused(bench, body).startswith(
            "model_to_upload needs one best trial, and training_task_inputs.study_spec has 2 "
        )


def test_a_tuning_job_without_a_result_has_no_model_to_upload():
    job = types.HyperparameterTuningJob(name="tuning", study_spec={"metrics": [{"metric_id": "a"}]})
    with pytest.raises(ApiError, match="No trial of tuning has a final a"):
        _trial(job)
