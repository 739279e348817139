"""`aiplatform`'s training jobs, as they are in Google's own client, against the engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from google.api_core import exceptions
from google.cloud import aiplatform
from google.cloud.aiplatform import training_jobs

from tests.official.conftest import Official

SKLEARN = "us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:latest"
TRAINING = "us-docker.pkg.dev/vertex-ai/training/sklearn-cpu.1-6:latest"
# It learns nothing: what a model is to the registry is a folder with files.
TRAINER = """
import json, os, sys
with open(os.path.join(os.environ["AIP_MODEL_DIR"], "model.json"), "w") as file:
    json.dump({"args": sys.argv[1:], "who": os.environ["WHO"]}, file)
"""
TRAIN = {
    "model_display_name": "words",
    "args": ["--epochs=2"],
    "environment_variables": {"WHO": "me"},
    "machine_type": "n1-standard-4",
    "replica_count": 1,
}


@pytest.fixture(scope="module", autouse=True)
def pace() -> Iterator[None]:
    """Google's client looks every five seconds; here training is over before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_jobs, "_JOB_WAIT_TIME", 0.2)
        yield


def container(display_name: str, program: str, **settings: object) -> object:
    return aiplatform.CustomContainerTrainingJob(
        display_name=display_name,
        container_uri="europe-docker.pkg.dev/acme/train/words:1",
        command=["python", "-c", program],
        **settings,
    )


@pytest.fixture(scope="module")
def trained(sdk: Official) -> tuple[object, aiplatform.Model]:
    """A job of a container, and its model."""
    job = container(
        "container",
        TRAINER,
        model_serving_container_image_uri=SKLEARN,
        model_description="words of a kind",
        labels={"team": "a"},
    )
    model = job.run(**TRAIN, model_id="words", model_version_aliases=["best"], timeout=600)
    return job, model


def saved(sdk: Official, model: aiplatform.Model) -> str:
    return (sdk.path(model.uri) / "model.json").read_text()


def test_a_container_leaves_its_model_in_the_registry(sdk, trained):
    _, model = trained

    assert model.resource_name == f"{sdk.parent}/models/words"
    assert model.display_name == "words"
    assert model.description == "words of a kind"
    assert (model.version_id, model.version_aliases) == ("1", ["best", "default"])
    assert model.labels == {"team": "a"}
    assert saved(sdk, model) == '{"args": ["--epochs=2"], "who": "me"}'


def test_the_model_knows_its_training(trained):
    job, model = trained

    assert model.gca_resource.training_pipeline == job.resource_name
    assert isinstance(model.training_job, aiplatform.CustomTrainingJob)
    assert model.supported_deployment_resources_types == [
        aiplatform.gapic.Model.DeploymentResourcesType.DEDICATED_RESOURCES
    ]
    assert "jsonl" in model.supported_input_storage_formats


def test_a_job_is_found_again(trained):
    job, model = trained

    again = aiplatform.CustomContainerTrainingJob.get(job.resource_name)
    assert again.state.name == "PIPELINE_STATE_SUCCEEDED"
    assert again.get_model().resource_name == model.resource_name
    listed = aiplatform.CustomContainerTrainingJob.list(
        filter='display_name="container"', order_by="create_time desc"
    )
    assert [one.resource_name for one in listed] == [job.resource_name]


def test_a_script_is_packaged_staged_and_run(sdk: Official, tmp_path: Path, trained: object):
    script = tmp_path / "train.py"
    script.write_text(TRAINER)
    job = aiplatform.CustomTrainingJob(
        display_name="script",
        script_path=str(script),
        container_uri=TRAINING,
        model_serving_container_image_uri=SKLEARN,
    )
    model = job.run(**TRAIN, parent_model="words", is_default_version=False)

    assert (model.resource_name, model.version_id) == (f"{sdk.parent}/models/words", "2")
    assert "default" not in model.version_aliases
    assert saved(sdk, model) == '{"args": ["--epochs=2"], "who": "me"}'
    # A package of its own runs as well: the one that was just staged.
    [package] = sdk.path(sdk.bucket).glob("aiplatform-*.tar.gz")
    packaged = aiplatform.CustomPythonPackageTrainingJob(
        display_name="package",
        python_package_gcs_uri=f"{sdk.bucket}/{package.name}",
        python_module_name="aiplatform_custom_trainer_script.task",
        container_uri=TRAINING,
        model_serving_container_image_uri=SKLEARN,
    )
    own = packaged.run(**TRAIN, base_output_dir=f"{sdk.bucket}/own")
    assert own.uri == f"{sdk.bucket}/own/model"
    assert saved(sdk, own) == '{"args": ["--epochs=2"], "who": "me"}'


def test_a_job_without_a_model(sdk: Official) -> None:
    job = container("no model", "print('trained')")

    assert job.run(sync=True) is None
    assert job.state.name == "PIPELINE_STATE_SUCCEEDED"


def test_a_job_that_fails_says_why(sdk: Official) -> None:
    job = container("fails", "raise SystemExit('no data today')")

    with pytest.raises(RuntimeError, match="no data today"):
        job.run()
    assert job.has_failed


def test_cancel_and_delete(sdk: Official) -> None:
    job = container("long", "import time; time.sleep(600)")
    job.submit()
    with pytest.raises(exceptions.BadRequest, match="cancel it first"):
        job.delete()
    job.cancel()

    assert job.state.name == "PIPELINE_STATE_CANCELLED"
    job.delete()
    with pytest.raises(exceptions.NotFound):
        aiplatform.CustomContainerTrainingJob.get(job.resource_name)


def test_automl_is_refused_by_name(sdk: Official) -> None:
    job = aiplatform.AutoMLTabularTrainingJob(
        display_name="auto", optimization_prediction_type="classification"
    )
    with pytest.raises(exceptions.MethodNotImplemented, match="AutoML trains with Google's own"):
        job._run_job(
            training_task_definition=job._supported_training_schemas[0],
            training_task_inputs={"targetColumn": "kind"},
            dataset=None,
        )
