import base64
import collections
import json
import random

import httpx
import pytest
from google.api import httpbody_pb2
from google.cloud.aiplatform_v1 import types

from tests.engine.local_api import LocalApi
from vertex_flow.engine.endpoints.records import EndpointRecords


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    api = LocalApi(tmp_path_factory.mktemp("home"))
    yield api
    api.close()


@pytest.fixture(scope="module")
def rose(api):
    return api.upload_flowers("rose")


@pytest.fixture(scope="module")
def garden(api, rose):
    """An endpoint that serves roses."""
    endpoint = api.create_endpoint("garden")
    api.deploy(endpoint, rose)
    return endpoint


def raw(api, endpoint, data, kind="text/plain", method="rawPredict"):
    return api.http.post(f"{endpoint}:{method}", content=data, headers={"content-type": kind})


def streamed(api, endpoint, file):
    """Ask for an answer in two parts, of which the second waits for a file."""
    return api.http.stream(
        "POST",
        f"{endpoint}:streamRawPredict",
        content=str(file).encode(),
        headers={"content-type": "text/x-file"},
    )


def test_a_raw_prediction_says_which_endpoint_and_model_gave_it(api, garden, rose):
    answer = raw(api, garden, b"petals")

    [deployed] = api.endpoints.get_endpoint(name=garden).deployed_models
    names = ("endpoint-id", "deployed-model-id", "model", "model-version-id")
    assert [answer.headers[f"x-vertex-ai-{name}"] for name in names] == [
        garden.rpartition("/")[2],
        deployed.id,
        rose,
        "1",
    ]


def test_a_raw_prediction_keeps_the_servers_status(api, garden):
    answer = raw(api, garden, b'{"instances": ["bad"]}', "application/json")

    assert (answer.status_code, answer.json()) == (422, {"detail": "no such flower"})


def test_googles_client_gets_a_raw_prediction(api, garden):
    body = httpbody_pb2.HttpBody(content_type="text/plain", data=b"petals")
    answer = api.predictions.raw_predict(endpoint=garden, http_body=body)

    assert (answer.content_type, json.loads(answer.data)) == ("application/json", {"length": 6})


def test_a_part_reaches_the_caller_before_the_next_is_written(api, garden, tmp_path):
    file = tmp_path / "go"
    parts = []
    with streamed(api, garden, file) as answer:
        for part in answer.iter_raw():
            parts.append(part)
            file.touch()

    assert parts == [b"data: one\n\n", b"data: two\n\n"]


def test_a_stream_says_what_it_is_and_who_gave_it(api, garden, tmp_path):
    (tmp_path / "go").touch()
    with streamed(api, garden, tmp_path / "go") as answer:
        answer.read()

    headers = (answer.headers["content-type"], answer.headers["x-vertex-ai-endpoint-id"])
    assert headers == ("text/event-stream", garden.rpartition("/")[2])


def test_googles_client_gets_a_stream_part_by_part(api, garden, tmp_path):
    (tmp_path / "go").touch()
    data = str(tmp_path / "go").encode()
    body = httpbody_pb2.HttpBody(content_type="text/x-file", data=data)
    parts = api.predictions.stream_raw_predict(
        types.StreamRawPredictRequest(endpoint=garden, http_body=body)
    )

    assert b"".join(part.data for part in parts) == b"data: one\n\ndata: two\n\n"


def test_a_stream_that_breaks_off_breaks_off_for_the_caller(api, rose, tmp_path):
    endpoint = api.create_endpoint()
    api.deploy(endpoint, rose)
    (tmp_path / "go").write_text("break")

    with (
        pytest.raises(httpx.RemoteProtocolError),
        streamed(api, endpoint, tmp_path / "go") as answer,
    ):
        answer.read()


def test_a_caller_who_leaves_a_stream_leaves_the_server_to_others(api, garden, tmp_path):
    file = tmp_path / "go"
    with streamed(api, garden, file) as answer:
        next(answer.iter_raw())
    file.touch()

    assert api.predict(garden, {"instances": [1]}).status_code == 200


@pytest.mark.parametrize("method", ["predict", "rawPredict", "streamRawPredict"])
def test_a_request_over_the_limit_is_refused(api, garden, method):
    came = api.error(raw(api, garden, b"[" + b"0," * 800_000, "application/json", method))

    text = "Request payload size exceeds the limit: 1572864 bytes."
    assert came == (400, "INVALID_ARGUMENT", text)


@pytest.mark.parametrize(
    "method", ["explain", "directPredict", "directRawPredict", "serverStreamingPredict"]
)
def test_a_method_that_only_the_cloud_has_is_refused_by_name(api, garden, method):
    came = api.error(api.http.post(f"{garden}:{method}", json={"anything": [1]}))

    assert came[:2] == (501, "UNIMPLEMENTED")
    assert came[2].startswith(f"The local engine does not have endpoints.{method}. ")


def test_ten_thousand_requests_are_shared_out_as_the_split_says(store):
    records = EndpointRecords(store)
    shares = {"1": 70, "2": 20, "3": 10, "4": 0}
    records.insert(
        types.Endpoint(
            name="projects/p/locations/l/endpoints/1",
            deployed_models=[{"id": key} for key in shares],
            traffic_split=shares,
        )
    )
    table, chance = records.traffic("projects/p/locations/l/endpoints/1"), random.Random(7)
    drawn = collections.Counter(table.choose(chance).id for _ in range(10_000))

    assert {key: round(drawn[key] / 100) for key in shares} == shares


def test_base64_of_a_message_is_what_the_server_gets(api, garden):
    wrapped = {"httpBody": {"contentType": "text/plain", "data": base64.b64encode(b"abc").decode()}}
    answer = api.http.post(f"{garden}:rawPredict", json=wrapped).json()

    assert json.loads(base64.b64decode(answer["data"])) == {"length": 3}
