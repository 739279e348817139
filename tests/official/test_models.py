"""`aiplatform.Model` and `Endpoint` against the engine: a local model from upload to deletion."""

from __future__ import annotations

from collections.abc import Iterator

import joblib
import numpy as np
import pytest
from google.api import httpbody_pb2
from google.cloud import aiplatform, aiplatform_v1
from sklearn.linear_model import LogisticRegression

from tests.official.conftest import Official
from vertex_flow.errors import ApiError

IMAGE = "us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:latest"


@pytest.fixture(scope="module")
def model(sdk: Official, tmp_path_factory: pytest.TempPathFactory) -> aiplatform.Model:
    """A model of a folder on this machine, which tells positive numbers from others."""
    folder = tmp_path_factory.mktemp("signs")
    x = np.arange(-10.0, 10.0).reshape(-1, 1)
    joblib.dump(LogisticRegression().fit(x, x[:, 0] > 0), folder / "model.joblib")
    return aiplatform.Model.upload(
        display_name="signs",
        artifact_uri=str(folder),
        serving_container_image_uri=IMAGE,
    )


@pytest.fixture(scope="module")
def endpoint(model: aiplatform.Model) -> Iterator[aiplatform.Endpoint]:
    endpoint = model.deploy(machine_type="n1-standard-2")
    yield endpoint
    endpoint.undeploy_all()
    endpoint.delete()
    model.delete()


def test_the_folder_was_staged(model: aiplatform.Model, sdk: Official) -> None:
    assert model.uri.startswith(f"{sdk.bucket}/vertex_ai_auto_staging/")
    assert (sdk.path(model.uri) / "model.joblib").is_file()


def test_predictions(endpoint: aiplatform.Endpoint) -> None:
    assert endpoint.predict(instances=[[-5.0], [5.0]]).predictions == [False, True]


def test_raw_predict_of_the_high_level_class_is_not_sent_to_google(
    endpoint: aiplatform.Endpoint,
) -> None:
    with pytest.raises(ApiError, match="was not sent: aiplatform is set up for the local engine"):
        endpoint.raw_predict(b"{}", {"Content-Type": "application/json"})


def test_raw_predict_of_the_client(endpoint: aiplatform.Endpoint, sdk: Official) -> None:
    client = aiplatform.initializer.global_config.create_client(
        aiplatform.utils.PredictionClientWithOverride
    )
    body = httpbody_pb2.HttpBody(data=b'{"instances": [[5.0]]}', content_type="application/json")
    request = aiplatform_v1.RawPredictRequest(endpoint=endpoint.resource_name, http_body=body)
    assert b"true" in client.raw_predict(request=request).data


def test_it_is_listed(endpoint: aiplatform.Endpoint) -> None:
    assert [one.display_name for one in aiplatform.Model.list()] == ["signs"]
