import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import joblib
import pytest

pytest.importorskip("sklearn")
from sklearn.dummy import DummyRegressor


def start(framework, folder, port):
    env = os.environ | {
        "AIP_HTTP_PORT": str(port),
        "AIP_HEALTH_ROUTE": "/health",
        "AIP_PREDICT_ROUTE": "/predict",
        "AIP_STORAGE_URI": str(folder),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "vertex_flow.serving", "--framework", framework],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_healthy(client, process):
    while process.poll() is None:
        try:
            return client.get("/health").status_code
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(process.communicate()[1])


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    joblib.dump(
        DummyRegressor(strategy="constant", constant=6.0).fit([[0.0]], [6.0]),
        folder / "model.joblib",
    )
    port = free_port()
    process = start("sklearn", folder, port)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        wait_until_healthy(client, process)
        yield client
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)


def test_health_answers_200(served):
    assert served.get("/health").status_code == 200


def test_predictions_are_answered(served):
    assert served.post("/predict", json={"instances": [[3.0]]}).json() == {"predictions": [6.0]}


def test_the_server_outlives_a_bad_request(served):
    bad = served.post("/predict", json={"instances": [[1.0], [2.0, 3.0]]})
    good = served.post("/predict", json={"instances": [[1.0]]})

    assert (bad.status_code, good.status_code) == (400, 200)


def test_a_model_that_is_missing_ends_the_process_with_one_line(tmp_path):
    process = start("sklearn", tmp_path, free_port())
    _, said = process.communicate(timeout=60)

    assert f"error: {tmp_path} holds no scikit-learn model" in said.splitlines()[-1]


def test_a_framework_that_is_missing_is_named(monkeypatch):
    from vertex_flow.serving import server

    monkeypatch.setattr(server.importlib.util, "find_spec", lambda name: None)

    with pytest.raises(server.ModelLoadError) as caught:
        server.serve("xgboost")

    assert str(caught.value) == (
        "this model needs xgboost, which is not installed here: pip install xgboost"
    )
