"""Google's own client, from another process, while the example's endpoint is up."""

from __future__ import annotations

import textwrap

import httpx
import numpy as np
import pytest

from tests.end_to_end.conftest import Served
from tests.end_to_end.program import Result

INIT = """
import json, sys
from google.cloud import aiplatform
from google.oauth2.credentials import Credentials
url, token, endpoint = sys.argv[1:4]
aiplatform.init(project="local", location="us-central1", api_transport="rest",
                api_endpoint=url, credentials=Credentials(token))
"""

READ = """
model, = aiplatform.Model.list()
tuning, = aiplatform.HyperparameterTuningJob.list()
pipelines = aiplatform.PipelineJob.list()
served = aiplatform.Endpoint(endpoint)
found = {
    "model": model.display_name,
    "versions": [v.version_id for v in model.versioning_registry.list_versions()],
    "default": model.version_id,
    "tuning": aiplatform.HyperparameterTuningJob.get(tuning.resource_name).state.name,
    "trials": len(aiplatform.HyperparameterTuningJob.get(tuning.resource_name).trials),
    "pipelines": [aiplatform.PipelineJob.get(p.resource_name).state.name for p in pipelines],
    "tasks": len(aiplatform.PipelineJob.get(pipelines[0].resource_name).task_details),
    "served": [one.model_version_id for one in served.list_models()],
    "traffic": list(served.traffic_split.values()),
    "answer": served.predict(instances=json.load(open(sys.argv[4]))).predictions,
}
"""

DEPLOY = """
model = aiplatform.Model.list()[0]
mine = aiplatform.Endpoint.create(display_name="mine")
mine.deploy(model, machine_type="n1-standard-4", traffic_percentage=100)
found = {"answer": len(mine.predict(instances=json.load(open(sys.argv[4]))).predictions)}
mine.undeploy_all()
found["deployed"] = len(mine.list_models())
mine.delete()
found["endpoints"] = [one.display_name for one in aiplatform.Endpoint.list()]
"""


def ask(served: Served, script: str, token: str) -> Result:
    """Run a script with Google's client in a process of its own, with three images."""
    images = served.desk.work / "images.json"
    image = np.full((28, 28), 0.05)
    image[2:8, 8:13] = 0.9  # the place of class 1
    images.write_text(str([image.tolist()] * 3))
    file = served.desk.work / "ask.py"
    file.write_text(INIT + textwrap.dedent(script) + "\nprint(repr(found))\n")
    arguments = (str(file), served.url, token, served.endpoint, str(images))
    return served.desk.run(*arguments)


@pytest.fixture(scope="module")
def found(served: Served) -> dict[str, object]:
    result = ask(served, READ, served.token)
    assert result.code == 0, result.err
    return eval(result.out.splitlines()[-1])


def test_model(found):
    assert (found["model"], found["default"]) == ("mnist", "2")


def test_versions_of_the_model(found):
    assert sorted(found["versions"]) == ["1", "2"]


def test_tuning_job(found):
    assert (found["tuning"], found["trials"]) == ("JOB_STATE_SUCCEEDED", 2)


def test_pipeline_jobs(found):
    assert found["pipelines"] == ["PIPELINE_STATE_SUCCEEDED"] * 3


def test_tasks_of_a_pipeline_job(found):
    assert found["tasks"] > 7


def test_the_new_version_has_taken_over_the_endpoint(found):
    assert found["served"] == ["2"]
    assert found["traffic"] == [100]


def test_predictions(found):
    assert [int(np.argmax(answer)) for answer in found["answer"]] == [1, 1, 1]


def test_an_endpoint_from_creation_to_deletion(served: Served):
    result = ask(served, DEPLOY, served.token)
    assert result.code == 0, result.err
    assert eval(result.out.splitlines()[-1]) == {
        "answer": 3,
        "deployed": 0,
        "endpoints": ["mnist"],
    }


def test_wrong_token(served: Served):
    answer = httpx.get(
        f"{served.url}/v1/{served.endpoint}", headers={"authorization": "Bearer wrong"}
    )
    assert answer.status_code == 401
    assert answer.json()["error"]["message"] == (
        "The request has no valid token. Send 'Authorization: Bearer <token>' with the token in "
        f"{served.desk.home / 'token'}."
    )


def test_wrong_token_in_googles_client(served: Served):
    """It takes a 401 for an expired token, here as in the cloud, and cannot get another one."""
    result = ask(served, "found = aiplatform.Model.list()", "wrong")
    assert result.code == 1
    assert "google.auth.exceptions.RefreshError" in result.err


def predict(served: Served, instances: object) -> httpx.Response:
    return httpx.post(
        served.facts["endpoint_url"],
        json={"instances": instances},
        headers={"authorization": f"Bearer {served.token}"},
        timeout=60,
    )


ROW, IMAGE = [0.0] * 28, [[0.0] * 28] * 28
TAKES = "input 'image' takes float32 of shape (28, 28)."
NONE = "'instances' is required: a list with one item an instance."


@pytest.mark.parametrize(
    ("instances", "message"),
    [
        ([[ROW] * 27], f"instance 0 has the shape (27, 28); {TAKES}"),
        ([IMAGE, [ROW] * 27], f"instance 1 has the shape (27, 28); {TAKES}"),
        ([[["a"] * 28] * 28], f"instance 0 holds the string 'a'; {TAKES}"),
        ([0.5], f"instance 0 has a single value; {TAKES}"),
        ([], "'instances' is empty: send at least one instance."),
        ({}, NONE),
        (None, NONE),
        ("text", NONE),
    ],
)
def test_wrong_instances_are_refused_and_the_next_are_predicted(served: Served, instances, message):
    answer = predict(served, instances)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["status"], error["message"]) == ("INVALID_ARGUMENT", message)
    assert predict(served, [IMAGE]).status_code == 200
