"""`aiplatform.PipelineJob` against the engine, with nothing set but what `init_aiplatform` sets."""

from __future__ import annotations

import time

import pytest
from google.cloud import aiplatform, storage
from kfp import compiler

from tests.official.conftest import Official
from tests.official.letters import letters


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The compiled pipeline."""
    file = tmp_path_factory.mktemp("template") / "letters.yaml"
    compiler.Compiler().compile(letters, str(file))
    return str(file)


@pytest.fixture(scope="module")
def with_root(sdk: Official, template: str) -> aiplatform.PipelineJob:
    """A run with a pipeline root in a bucket that is not there yet."""
    job = aiplatform.PipelineJob(
        display_name="letters",
        template_path=template,
        pipeline_root="gs://letters-of-mine/root",
        parameter_values={"text": "hello"},
    )
    job.run(sync=True)
    return job


def test_it_succeeds(with_root: aiplatform.PipelineJob) -> None:
    assert with_root.state.name == "PIPELINE_STATE_SUCCEEDED"


def test_the_bucket_was_made(with_root: aiplatform.PipelineJob, sdk: Official) -> None:
    bucket = storage.Client().get_bucket("letters-of-mine")
    assert bucket.location == "US-CENTRAL1"


def test_the_service_account_may_write_to_the_bucket(with_root: aiplatform.PipelineJob) -> None:
    bucket = storage.Client().get_bucket("letters-of-mine")
    policy = {entry["role"]: entry["members"] for entry in bucket.get_iam_policy().bindings}
    account = f"serviceAccount:{bucket.project_number}-compute@developer.gserviceaccount.com"
    assert account in policy["roles/storage.objectCreator"]


def test_what_a_step_has_written_is_an_object(with_root: aiplatform.PipelineJob) -> None:
    blobs = list(storage.Client().list_blobs("letters-of-mine", prefix="root/"))
    assert [blob.download_as_text() for blob in blobs if blob.name.endswith("/data")] == ["hello"]


def submitted(job: aiplatform.PipelineJob) -> aiplatform.PipelineJob:
    """Submit a job and wait for its end; `wait` looks every five seconds only."""
    job.submit()
    while job.state.name in ("PIPELINE_STATE_PENDING", "PIPELINE_STATE_RUNNING"):
        time.sleep(0.05)
    return job


def test_without_a_root_it_writes_to_the_staging_bucket(sdk: Official, template: str) -> None:
    values = {"text": "without a root"}
    job = aiplatform.PipelineJob("letters", template, job_id="rootless", parameter_values=values)
    submitted(job)
    assert job.gca_resource.runtime_config.gcs_output_directory == sdk.bucket
    texts = [path.read_text() for path in sdk.path(sdk.bucket).rglob("data") if path.is_file()]
    assert texts == ["without a root"]


def test_a_template_in_the_storage(sdk: Official, template: str) -> None:
    blob = storage.Client().bucket("local").blob("templates/letters.yaml")
    blob.upload_from_filename(template)
    job = aiplatform.PipelineJob("letters", "gs://local/templates/letters.yaml", job_id="stored")
    assert submitted(job).state.name == "PIPELINE_STATE_SUCCEEDED"


def test_a_long_one_is_cancelled_and_deleted(sdk: Official, template: str) -> None:
    values = {"seconds": 600.0}
    job = aiplatform.PipelineJob("long", template, job_id="long", parameter_values=values)
    job.submit()
    job.cancel()
    while job.state.name == "PIPELINE_STATE_CANCELLING":
        time.sleep(0.05)
    assert job.state.name == "PIPELINE_STATE_CANCELLED"
    job.delete()
    assert "long" not in [one.display_name for one in aiplatform.PipelineJob.list()]


def test_nothing_was_said_about_buckets(
    sdk: Official, template: str, caplog: pytest.LogCaptureFixture
) -> None:
    aiplatform.PipelineJob("letters", template, job_id="silent").submit()
    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == []
