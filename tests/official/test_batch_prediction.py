"""`Model.batch_predict` and `BatchPredictionJob` of Google's own client against the engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import joblib
import pytest
from google.api_core import exceptions
from google.cloud import aiplatform, storage
from google.cloud.aiplatform import jobs, pipeline_jobs
from google_cloud_pipeline_components.types import artifact_types
from google_cloud_pipeline_components.v1.batch_predict_job import ModelBatchPredictOp
from kfp import compiler, dsl
from sklearn.linear_model import LinearRegression

from tests.official.conftest import Official

SKLEARN = "us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:latest"
ECHO = Path(__file__).parents[1] / "engine/batch_predictions/echo_server.py"
MACHINE = {"machine_type": "n1-standard-2"}


@pytest.fixture(scope="module", autouse=True)
def pace() -> Iterator[None]:
    """Google's client looks every five seconds; here a job is over before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "_JOB_WAIT_TIME", 0.2)
        patch.setattr(pipeline_jobs, "_JOB_WAIT_TIME", 0.2)
        yield


@pytest.fixture(scope="module")
def model(sdk: Official, tmp_path_factory: pytest.TempPathFactory) -> aiplatform.Model:
    """A model that adds two numbers, uploaded with its folder."""
    folder = tmp_path_factory.mktemp("adding")
    adding = LinearRegression().fit([[0, 0], [1, 0], [0, 1]], [0, 1, 1])
    joblib.dump(adding, folder / "model.joblib")
    return aiplatform.Model.upload(
        display_name="adding",
        artifact_uri=str(folder),
        serving_container_image_uri=SKLEARN,
    )


def put(sdk: Official, name: str, text: str) -> str:
    """Upload a file with Google's storage client."""
    bucket = storage.Client(project="local").bucket(sdk.bucket.removeprefix("gs://"))
    bucket.blob(name).upload_from_string(text)
    return f"{sdk.bucket}/{name}"


def results(job: aiplatform.BatchPredictionJob) -> list[dict]:
    """Read the output as the samples do."""
    texts = [
        blob.download_as_text()
        for blob in job.iter_outputs()
        if blob.name.rpartition("/")[2].startswith("prediction.results")
    ]
    return [json.loads(line) for text in texts for line in text.splitlines()]


@pytest.fixture(scope="module")
def predicted(sdk: Official, model: aiplatform.Model) -> aiplatform.BatchPredictionJob:
    for part in (1, 2):
        put(sdk, f"in/part-{part}.jsonl", f"[{part}, 1]\n[{part}, 2]\n")
    return model.batch_predict(
        job_display_name="adding",
        gcs_source=f"{sdk.bucket}/in/part-*.jsonl",
        gcs_destination_prefix=f"{sdk.bucket}/out",
        starting_replica_count=1,
        max_replica_count=2,
        batch_size=3,
        model_parameters={"any": 1},
        labels={"team": "a"},
        **MACHINE,
    )


def test_batch_predict(predicted, model):
    found = results(predicted)

    assert [line["instance"] for line in found] == [[1, 1], [1, 2], [2, 1], [2, 2]]
    assert [line["prediction"] for line in found] == pytest.approx([2, 3, 3, 4])
    assert predicted.state.name == "JOB_STATE_SUCCEEDED"
    assert predicted.completion_stats.successful_count == 4
    assert list(predicted.partial_failures) == []
    assert predicted.gca_resource.model_version_id == model.version_id


def test_the_output_has_the_place_that_vertex_gives_it(sdk, predicted):
    folder = predicted.output_info.gcs_output_directory

    assert folder.startswith(f"{sdk.bucket}/out/prediction-adding-")
    assert [blob.name.rpartition("/")[2] for blob in predicted.iter_outputs()] == [
        "prediction.errors_stats-00000-of-00001",
        "prediction.results-00000-of-00001",
    ]


def test_a_job_is_found_again(predicted):
    again = aiplatform.BatchPredictionJob(predicted.resource_name)

    assert again.display_name == "adding"
    assert again.labels == {"team": "a"}
    listed = aiplatform.BatchPredictionJob.list(filter='display_name="adding"')
    assert [job.resource_name for job in listed] == [predicted.resource_name]


def test_csv(sdk: Official, model: aiplatform.Model) -> None:
    job = aiplatform.BatchPredictionJob.submit(
        job_display_name="table",
        model_name=f"{model.resource_name}@default",
        instances_format="csv",
        gcs_source=put(sdk, "in/table.csv", '"a","b"\n1,2.5\n-1,1\n'),
        gcs_destination_prefix=f"{sdk.bucket}/out/",
        **MACHINE,
    )
    job.wait_for_completion()

    found = results(job)
    assert [line["instance"] for line in found] == [[1.0, 2.5], [-1.0, 1.0]]
    assert [line["prediction"] for line in found] == pytest.approx([3.5, 0])


def test_rows_that_fail_are_in_the_errors(sdk: Official, model: aiplatform.Model) -> None:
    job = aiplatform.BatchPredictionJob.create(
        job_display_name="words",
        model_name=model.resource_name,
        gcs_source=put(sdk, "in/words.jsonl", '[1, 1]\n["a", "b"]\n[3, 3]\n'),
        gcs_destination_prefix=f"{sdk.bucket}/out",
        **MACHINE,
    )
    job.wait()

    assert [line["instance"] for line in results(job)] == [[1, 1], [3, 3]]
    [errors] = (blob for blob in job.iter_outputs() if "errors_stats" in blob.name)
    line = json.loads(errors.download_as_text())
    assert line["instance"] == ["a", "b"]
    assert line["error"].keys() == {"code", "message"}
    assert job.completion_stats.failed_count == 1


def test_a_job_that_fails_says_why_and_is_deleted(sdk: Official, model: aiplatform.Model) -> None:
    with pytest.raises(RuntimeError, match="matches no file"):
        model.batch_predict(
            job_display_name="nothing",
            gcs_source=f"{sdk.bucket}/nothing/*",
            gcs_destination_prefix=f"{sdk.bucket}/out",
            **MACHINE,
        )
    [job] = aiplatform.BatchPredictionJob.list(filter='display_name="nothing"')
    job.delete()

    assert aiplatform.BatchPredictionJob.list(filter='display_name="nothing"') == []


def test_a_step_of_a_pipeline(sdk: Official, model: aiplatform.Model, tmp_path: Path) -> None:
    uri = put(sdk, "in/step.jsonl", "[2, 5]\n")

    @dsl.pipeline(name="batch")
    def pipeline():
        found = dsl.importer(
            artifact_uri=f"https://us-central1-aiplatform.googleapis.com/v1/{model.resource_name}",
            artifact_class=artifact_types.VertexModel,
            metadata={"resourceName": model.resource_name},
        )
        own = dsl.importer(
            artifact_uri=model.uri,
            artifact_class=artifact_types.UnmanagedContainerModel,
            metadata={"containerSpec": {"imageUri": "echo", "command": ["python", str(ECHO)]}},
        )
        settings = {
            "gcs_source_uris": [uri],
            "gcs_destination_output_uri_prefix": f"{sdk.bucket}/out",
            "machine_type": "n1-standard-2",
            "instances_format": "jsonl",
        }
        ModelBatchPredictOp(job_display_name="step", model=found.output, **settings)
        ModelBatchPredictOp(
            job_display_name="own", unmanaged_container_model=own.output, **settings
        )

    compiler.Compiler().compile(pipeline, str(tmp_path / "batch.json"))
    run = aiplatform.PipelineJob(
        display_name="batch",
        template_path=str(tmp_path / "batch.json"),
        pipeline_root=f"{sdk.bucket}/root",
    )
    run.run()

    [job] = aiplatform.BatchPredictionJob.list(filter='display_name="step"')
    [line] = results(job)
    assert line["prediction"] == pytest.approx(7)
    [own] = aiplatform.BatchPredictionJob.list(filter='display_name="own"')
    assert results(own)[0]["prediction"]["sent"] == [2, 5]
    [step] = (one for one in run.task_details if one.task_name == "model-batch-predict")
    outputs = {name: found.artifacts[0] for name, found in step.outputs.items()}
    folder = job.output_info.gcs_output_directory
    assert outputs["gcs_output_directory"].uri == folder
    assert dict(outputs["batchpredictionjob"].metadata)["resourceName"] == job.resource_name


def test_a_machine_is_needed(sdk: Official, model: aiplatform.Model) -> None:
    with pytest.raises(exceptions.BadRequest, match=r"machine_spec\.machine_type is required"):
        model.batch_predict(
            job_display_name="automatic",
            gcs_source=f"{sdk.bucket}/in/words.jsonl",
            gcs_destination_prefix=f"{sdk.bucket}/out",
        )
