"""`aiplatform.CustomJob` and `HyperparameterTuningJob` against the engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.cloud import aiplatform
from google.cloud.aiplatform import hyperparameter_tuning as tuning

from tests.official.conftest import Official

IMAGE = "us-docker.pkg.dev/vertex-ai/training/sklearn-cpu.1-6.py310:latest"

SCRIPT = """
import argparse
import json
import os

from google.cloud import storage

parser = argparse.ArgumentParser()
parser.add_argument("--name", default="nobody")
options = parser.parse_args()
client = storage.Client()
told = {"name": options.name, "model_dir": os.environ.get("AIP_MODEL_DIR", "")}
client.bucket("local").blob("told/by-a-job.json").upload_from_string(json.dumps(told))
"""

TUNED = """
import argparse

import hypertune

parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
options = parser.parse_args()
hypertune.HyperTune().report_hyperparameter_tuning_metric(
    hyperparameter_metric_tag="score", metric_value=-(options.x - 1) ** 2, global_step=1
)
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("scripts") / "teller.py"
    file.write_text(SCRIPT, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def from_script(sdk: Official, script: Path) -> aiplatform.CustomJob:
    """A job that was made from a script, and has ended."""
    job = aiplatform.CustomJob.from_local_script(
        display_name="teller",
        script_path=str(script),
        container_uri=IMAGE,
        args=["--name", "Ada"],
    )
    job.run()
    return job


def test_it_succeeds(from_script: aiplatform.CustomJob) -> None:
    assert from_script.state.name == "JOB_STATE_SUCCEEDED"


def test_the_script_was_staged(from_script: aiplatform.CustomJob, sdk: Official) -> None:
    pool = from_script.job_spec.worker_pool_specs[0]
    assert "gs://local/" in str(pool)
    assert list(sdk.path(sdk.bucket).rglob("*aiplatform_custom_trainer_script-*.tar.gz"))


def test_a_job_finds_the_storage(from_script: aiplatform.CustomJob, sdk: Official) -> None:
    told = json.loads(sdk.path("gs://local/told/by-a-job.json").read_text())
    assert told["name"] == "Ada"


def test_it_is_listed_and_deleted(from_script: aiplatform.CustomJob) -> None:
    found = [one.resource_name for one in aiplatform.CustomJob.list()]
    assert from_script.resource_name in found
    from_script.delete()
    assert from_script.resource_name not in [o.resource_name for o in aiplatform.CustomJob.list()]


def test_a_tuning_job(sdk: Official, tmp_path: Path) -> None:
    file = tmp_path / "tuned.py"
    file.write_text(TUNED, encoding="utf-8")
    trial = aiplatform.CustomJob.from_local_script("tuned", str(file), IMAGE)
    job = aiplatform.HyperparameterTuningJob(
        display_name="tuned",
        custom_job=trial,
        metric_spec={"score": "maximize"},
        parameter_spec={"x": tuning.DoubleParameterSpec(min=0, max=2, scale="linear")},
        max_trial_count=3,
        parallel_trial_count=3,
    )
    job.run()
    assert [one.state.name for one in job.trials] == ["SUCCEEDED"] * 3
