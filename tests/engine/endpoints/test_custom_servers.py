"""Servers that users write: Google's with a predictor of one's own, FastAPI, and an absent one."""

import textwrap

import pytest

from tests.engine.local_api import LocalApi, refusal

XGBOOST = "us-docker.pkg.dev/vertex-ai/prediction/xgboost-cpu.2-1:latest"
PREDICTOR = """
from google.cloud.aiplatform.prediction.predictor import Predictor

class Shout(Predictor):
    def load(self, artifacts_uri):
        with open(f"{artifacts_uri}/mark.txt") as file:
            self._mark = file.read()

    def predict(self, instances):
        times = instances.get("parameters", {}).get("times", 1)
        said = [text.upper() + self._mark * times for text in instances["instances"]]
        return {"predictions": said}
"""
FASTAPI = """
import os
import uvicorn
from fastapi import FastAPI, Request

app = FastAPI()

@app.get(os.environ["AIP_HEALTH_ROUTE"])
def health():
    return {}

@app.post(os.environ["AIP_PREDICT_ROUTE"])
async def predict(request: Request):
    body = await request.json()
    return {"predictions": [instance["length"] * 2 for instance in body["instances"]]}

uvicorn.run(app, host="127.0.0.1", port=int(os.environ["AIP_HTTP_PORT"]), log_level="warning")
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    api = LocalApi(tmp_path_factory.mktemp("home"))
    yield api
    api.close()


@pytest.fixture
def endpoint(api):
    return api.create_endpoint()


def test_googles_model_server_runs_a_predictor_of_ones_own(api, endpoint, tmp_path):
    (tmp_path / "shout.py").write_text(textwrap.dedent(PREDICTOR))
    artifact = api.home.storage / "acme" / "marks"
    artifact.mkdir(parents=True)
    (artifact / "mark.txt").write_text("!")
    variables = {
        "HANDLER_MODULE": "google.cloud.aiplatform.prediction.handler",
        "HANDLER_CLASS": "PredictionHandler",
        "PREDICTOR_MODULE": "shout",
        "PREDICTOR_CLASS": "Shout",
        "VERTEX_CPR_MAX_WORKERS": "1",
    }
    model = api.upload(
        "gs://acme/marks",
        image_uri=f"file://{tmp_path}@sha256:00",
        container_spec={
            "command": ["python", "-m", "google.cloud.aiplatform.prediction.model_server"],
            "env": [{"name": name, "value": value} for name, value in variables.items()],
        },
    )
    api.deploy(endpoint, model)
    answer = api.predict(endpoint, {"instances": ["hi"], "parameters": {"times": 2}})

    assert answer.json()["predictions"] == ["HI!!"]


@pytest.fixture
def doubling(api, endpoint, tmp_path):
    """An endpoint with a FastAPI server."""
    (tmp_path / "main.py").write_text(FASTAPI)
    command = {"command": ["python", str(tmp_path / "main.py")], "predict_route": "/ask"}
    api.deploy(endpoint, api.upload("", image_uri="flowers:1", container_spec=command))
    return endpoint


def test_a_fastapi_server_is_asked(api, doubling):
    answer = api.predict(doubling, {"instances": [{"length": 2}, {"length": 3}]})

    assert answer.json()["predictions"] == [4, 6]


def test_a_fault_of_a_servers_own_code_is_an_internal_error(api, doubling):
    came = api.error(api.predict(doubling, {"instances": [{"width": 2}]}))

    assert came == (500, "INTERNAL", "Internal Server Error")


def test_a_framework_that_is_not_installed_is_named(api, endpoint, tmp_path):
    try:
        import xgboost  # noqa: F401
    except ImportError:
        pass
    else:
        pytest.skip("XGBoost is installed")
    (tmp_path / "model.bst").touch()
    model = api.upload(tmp_path, image_uri=XGBOOST)
    text = refusal("FAILED_PRECONDITION", api.deploy, endpoint, model)

    assert "error: this model needs xgboost, which is not installed here: pip install" in text
