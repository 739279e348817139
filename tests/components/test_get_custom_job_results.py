import json
from pathlib import Path
from typing import Any

import pytest
from kfp.dsl import Artifact, Metrics, Model

from tests.components.conftest import PARENT, Vertex
from vertex_flow.components import GetCustomJobResultsOp

JOB = f"{PARENT}/customJobs/42"
RESOURCES = json.dumps(
    {
        "resources": [
            {
                "resourceType": "CustomJob",
                "resourceUri": f"https://europe-west4-aiplatform.googleapis.com/v1/{JOB}",
            }
        ]
    }
)


def job(base: Any, **changes: Any) -> dict[str, Any]:
    spec = {"baseOutputDirectory": {"outputUriPrefix": str(base)}}
    return {"name": JOB, "state": "JOB_STATE_SUCCEEDED", "jobSpec": spec} | changes


def read(gcp_resources: str = RESOURCES) -> dict[str, Any]:
    outputs: dict[str, Any] = {
        "model": Model(uri="unset"),
        "checkpoints": Artifact(),
        "logs": Artifact(),
        "metrics": Metrics(),
    }
    (name,) = GetCustomJobResultsOp.python_func(gcp_resources=gcp_resources, **outputs)
    return {**outputs, "job": name}


@pytest.fixture
def base(tmp_path: Path, vertex: Vertex) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "saved_model.pb").touch()
    vertex.serve("GET", JOB, job(tmp_path))
    return tmp_path


def test_the_folders_of_the_job_become_artifacts(base: Path) -> None:
    found = read()
    uris = [found[name].uri for name in ("model", "checkpoints", "logs")]
    assert uris == [f"{base}/model", f"{base}/checkpoints", f"{base}/logs"]


def test_a_slash_after_the_output_directory_is_dropped(base: Path, vertex: Vertex) -> None:
    vertex.serve("GET", JOB, job(f"{base}/"))
    assert read()["model"].uri == f"{base}/model"


def test_the_job_is_named(base: Path) -> None:
    assert read()["job"] == JOB


def test_the_request_carries_the_token(base: Path, vertex: Vertex) -> None:
    read()
    assert [request["token"] for request in vertex.requests] == ["Bearer secret"]


def test_without_a_metrics_file_there_are_no_metrics(base: Path) -> None:
    assert read()["metrics"].metadata == {}


def write_metrics(base: Path, text: str) -> None:
    (base / "metrics").mkdir()
    (base / "metrics" / "metrics.json").write_text(text, encoding="utf-8")


def test_metrics_of_the_trainer_are_logged(base: Path) -> None:
    write_metrics(base, '{"accuracy": 0.9, "epochs": 3}')
    assert read()["metrics"].metadata == {"accuracy": 0.9, "epochs": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"metrics\.json is not valid JSON: Expecting"),
        ("[1]", r"metrics\.json must hold a JSON object of metric names and numbers\."),
        ('{"a": "b"}', r"metrics\.json: the metric 'a' is not a number: 'b'\."),
        ('{"a": NaN}', r"metrics\.json: the metric 'a' is nan: training diverged\."),
    ],
)
def test_wrong_metrics_are_refused(base: Path, text: str, message: str) -> None:
    write_metrics(base, text)
    with pytest.raises(ValueError, match=message):
        read()


def test_no_model_is_refused_with_what_was_found(tmp_path: Path, vertex: Vertex) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "weights.h5").touch()
    vertex.serve("GET", JOB, job(tmp_path))
    message = (
        f"the training job left no model in {tmp_path}/model: the trainer must save it to the "
        "folder that the environment variable AIP_MODEL_DIR names. "
        f"Found in {tmp_path}: logs (empty), weights.h5."
    )
    with pytest.raises(FileNotFoundError) as caught:
        read()
    assert str(caught.value) == message


def test_an_output_directory_that_does_not_exist_is_refused(vertex: Vertex) -> None:
    vertex.serve("GET", JOB, job("gs://no-bucket/base"))
    with pytest.raises(FileNotFoundError, match=r"Found in gs://no-bucket/base: nothing\.$"):
        read()


def test_a_job_that_failed_is_refused_with_its_error(vertex: Vertex) -> None:
    failed = job("b", state="JOB_STATE_FAILED", error={"code": 3, "message": "exit code 1"})
    vertex.serve("GET", JOB, failed)
    message = "did not succeed: its state is JOB_STATE_FAILED: exit code 1. Its logs say more."
    with pytest.raises(RuntimeError, match=message):
        read()


def test_a_job_without_an_output_directory_is_refused(vertex: Vertex) -> None:
    vertex.serve("GET", JOB, job(""))
    with pytest.raises(ValueError, match="Give CustomTrainingJobOp a base_output_directory"):
        read()


@pytest.mark.parametrize("text", ["", "{}", '{"resources": []}', "null"])
def test_resources_without_a_job_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"gcp_resources names no CustomJob: .* Pass the gcp"):
        read(text)
