"""The client: what it sends, and what it makes of refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from google.cloud import aiplatform_v1

from tests.loopback import PARENT, Loopback, error, serving
from vertex_flow.calls import Patience
from vertex_flow.client import Client, named
from vertex_flow.errors import ApiError, CredentialsError

JOB = f"{PARENT}/pipelineJobs/one"
ENDPOINT = f"{PARENT}/endpoints/7"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as server:
        yield server


@pytest.fixture
def client(server: Loopback) -> Client:
    return Client(server.url, PARENT, "secret")


def test_the_token_is_shown(server: Loopback, client: Client) -> None:
    server.on(f"GET /v1/{JOB}", {"name": JOB})
    client.get_pipeline_job(JOB)
    assert server.asked[0][2] == "Bearer secret"


def test_the_token_is_not_in_the_repr(client: Client) -> None:
    assert "secret" not in repr(client)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_no_proxy_stands_between(
    server: Loopback, client: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.on(f"GET /v1/{JOB}", {"name": JOB})
    server.on(f"POST /v1/{ENDPOINT}:predict", {"predictions": [1]})
    assert client.get_pipeline_job(JOB).name == JOB
    assert client.predict(ENDPOINT, [1])["predictions"] == [1]


def test_a_job_is_created_under_its_id(server: Loopback, client: Client) -> None:
    server.on(f"POST /v1/{PARENT}/pipelineJobs", {"name": JOB})
    created = client.create_pipeline_job("one", aiplatform_v1.PipelineJob(display_name="mnist"))
    assert created.name == JOB
    assert "pipelineJobId=one" in server.asked[0][1]


def test_a_job_is_cancelled(server: Loopback, client: Client) -> None:
    server.on(f"POST /v1/{JOB}:cancel", {})
    client.cancel_pipeline_job(JOB)
    assert len(server.asked) == 1


@pytest.mark.parametrize(("most", "size"), [(1, "1"), (250, "100"), (None, "100")])
def test_of_listed_jobs_no_more_is_read_than_is_asked_for(
    server: Loopback, client: Client, most: int | None, size: str
) -> None:
    server.on(f"GET /v1/{PARENT}/pipelineJobs", {"pipelineJobs": [{"name": JOB}]})
    list(client.pipeline_jobs("", ("name", "display_name"), most))
    query = parse_qs(urlsplit(server.asked[0][1]).query)
    assert (query["readMask"], query["pageSize"]) == (["name,displayName"], [size])


def test_listed_jobs_end_where_there_are_enough(server: Loopback, client: Client) -> None:
    page = {"pipelineJobs": [{"name": "new"}, {"name": "old"}], "nextPageToken": "more"}
    server.on(f"GET /v1/{PARENT}/pipelineJobs", page)
    assert [one.name for one in client.pipeline_jobs("", ("name",), 2)] == ["new", "old"]
    assert len(server.asked) == 1


def test_the_newest_tuning_job_of_a_name(server: Loopback, client: Client) -> None:
    jobs = [{"name": "new", "maxTrialCount": 4}, {"name": "old"}]
    server.on(f"GET /v1/{PARENT}/hyperparameterTuningJobs", {"hyperparameterTuningJobs": jobs})
    found = client.tuning_job("one-hyper-tune")
    assert found is not None
    assert found.name == "new"


def test_no_tuning_job_of_a_name(server: Loopback, client: Client) -> None:
    server.on(f"GET /v1/{PARENT}/hyperparameterTuningJobs", {})
    assert client.tuning_job("one-hyper-tune") is None


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (400, "INVALID_ARGUMENT"),
        (404, "NOT_FOUND"),
        (409, "ALREADY_EXISTS"),
        (501, "UNIMPLEMENTED"),
    ],
)
def test_a_refusal_keeps_code_status_and_message(
    server: Loopback, client: Client, code: int, status: str
) -> None:
    server.on(f"GET /v1/{JOB}", error(code, status, "because"), code=code)
    with pytest.raises(ApiError) as caught:
        client.get_pipeline_job(JOB)
    found = caught.value
    assert (found.code, found.status, found.message) == (code, status, "because")


def test_a_refusal_in_another_form(server: Loopback, client: Client) -> None:
    server.on(f"GET /v1/{JOB}", b"<html>Bad gateway</html>", code=502)
    with pytest.raises(ApiError) as caught:
        client.get_pipeline_job(JOB)
    assert (caught.value.code, caught.value.status) == (502, "UNKNOWN")


def test_a_server_that_does_not_answer() -> None:
    with serving() as gone:
        url = gone.url
    with pytest.raises(ApiError, match=f"503 UNAVAILABLE: {url} does not answer: ") as caught:
        Client(url, PARENT, "secret").predict(ENDPOINT, [[1]])
    assert "The local engine ends with the program that started it" in str(caught.value)


BOARD = f"{PARENT}/tensorboards/5"


def test_tensorboards_of_a_name(server: Loopback, client: Client) -> None:
    server.on(f"GET /v1/{PARENT}/tensorboards", {"tensorboards": [{"name": BOARD}]})
    assert [one.name for one in client.tensorboards("mine")] == [BOARD]
    assert "filter=display_name%3D%22mine%22" in server.asked[0][1]


def test_all_tensorboards(server: Loopback, client: Client) -> None:
    server.on(
        f"GET /v1/{PARENT}/tensorboards",
        {"tensorboards": [{"name": BOARD}], "nextPageToken": "more"},
        {"tensorboards": [{"name": f"{BOARD}0"}]},
    )
    assert [one.name for one in client.tensorboards()] == [BOARD, f"{BOARD}0"]
    assert "filter" not in server.asked[0][1]


def test_a_tensorboard_that_is_there_is_not_made(server: Loopback, client: Client) -> None:
    server.on(f"GET /v1/{PARENT}/tensorboards", {"tensorboards": [{"name": BOARD}]})
    client.ensure_tensorboard("mine", {})
    assert len(server.asked) == 1


def test_a_tensorboard_is_made_with_its_labels(server: Loopback, client: Client) -> None:
    server.on(f"GET /v1/{PARENT}/tensorboards", {})
    server.on(f"POST /v1/{PARENT}/tensorboards", {"name": f"{BOARD}/operations/1", "done": True})
    client.ensure_tensorboard("mine", {"team": "vision"})
    assert server.asked[1][3] == {"displayName": "mine", "labels": {"team": "vision"}}


def test_a_tensorboard_that_could_not_be_made(server: Loopback) -> None:
    pauses: list[float] = []
    client = Client(server.url, PARENT, "secret", patience=Patience(sleep=pauses.append))
    operation = f"{BOARD}/operations/1"
    failed = {"name": operation, "done": True, "error": {"code": 8, "message": "too many"}}
    server.on(f"GET /v1/{PARENT}/tensorboards", {})
    server.on(f"POST /v1/{PARENT}/tensorboards", {"name": operation})
    server.on(f"GET /v1/{operation}", {"name": operation}, failed)
    with pytest.raises(ApiError) as caught:
        client.ensure_tensorboard("mine", {})
    assert str(caught.value).startswith(f"429 RESOURCE_EXHAUSTED: too many ({operation})\n")
    assert pauses == pytest.approx([0.1, 0.15])


def test_a_tensorboard_that_is_gone_is_not_missed(server: Loopback, client: Client) -> None:
    client.delete_tensorboard(BOARD)
    assert server.asked[0][:2] == ("DELETE", f"/v1/{BOARD}?%24alt=json%3Benum-encoding%3Dint")


def test_a_tensorboard_that_may_not_be_removed(server: Loopback, client: Client) -> None:
    server.on(f"DELETE /v1/{BOARD}", error(400, "FAILED_PRECONDITION", "in use"), code=400)
    with pytest.raises(ApiError, match="in use"):
        client.delete_tensorboard(BOARD)


def test_locations(server: Loopback, client: Client) -> None:
    server.on(
        "GET /v1/projects/acme/locations",
        {"locations": [{"locationId": "us-central1"}], "nextPageToken": "more"},
        {"locations": [{"locationId": "europe-west4"}]},
    )
    assert client.locations() == ("us-central1", "europe-west4")
    assert server.asked[1][1] == "/v1/projects/acme/locations?pageToken=more"


def test_endpoints_with_models_behind_them(server: Loopback, client: Client) -> None:
    idle, busy = {"name": "a"}, {"name": "b", "deployedModels": [{"id": "1"}]}
    server.on(f"GET /v1/{PARENT}/endpoints", {"endpoints": [idle, busy]})
    assert client.busy_endpoints() == ("b",)


def test_predictions(server: Loopback, client: Client) -> None:
    server.on(f"POST /v1/{ENDPOINT}:predict", {"predictions": [[0.5]]})
    answer = client.predict(ENDPOINT, [[1, 2]], {"top": 1})
    assert answer == {"predictions": [[0.5]]}
    assert server.asked[0][3] == {"instances": [[1, 2]], "parameters": {"top": 1}}


def test_a_refused_prediction(server: Loopback, client: Client) -> None:
    refusal = error(400, "INVALID_ARGUMENT", "instance 0 has the shape (2,)")
    server.on(f"POST /v1/{ENDPOINT}:predict", refusal, code=400)
    with pytest.raises(ApiError) as caught:
        client.predict(ENDPOINT, [[1, 2]])
    assert str(caught.value) == "400 INVALID_ARGUMENT: instance 0 has the shape (2,)"


def test_no_credentials_in_the_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/does/not/exist.json")
    with pytest.raises(CredentialsError, match="there are no Google Cloud credentials on this"):
        Client("https://localhost", PARENT).get_pipeline_job(JOB)


def test_an_operation_that_is_never_done(server: Loopback) -> None:
    pauses: list[float] = []
    client = Client(server.url, PARENT, "secret", patience=Patience(sleep=pauses.append))
    server.on(f"DELETE /v1/{ENDPOINT}", {"name": "operations/1"})
    server.on("GET /v1/operations/1", {"name": "operations/1"})
    with pytest.raises(ApiError) as caught:
        client.delete_endpoint(ENDPOINT)
    assert str(caught.value).startswith("504 DEADLINE_EXCEEDED: operations/1 is not done after 18")
    assert 1800 < sum(pauses) < 1810


@pytest.mark.parametrize(
    ("code", "expected"),
    [(5, "404 NOT_FOUND"), (9, "400 FAILED_PRECONDITION"), (13, "500 INTERNAL")],
)
def test_an_operation_that_fails(
    server: Loopback, client: Client, code: int, expected: str
) -> None:
    failed = {"done": True, "error": {"code": code, "message": "no luck"}}
    server.on(f"DELETE /v1/{ENDPOINT}", {"name": "operations/1", **failed})
    with pytest.raises(ApiError) as caught:
        client.delete_endpoint(ENDPOINT)
    assert str(caught.value) == f"{expected}: no luck (operations/1)"


@pytest.mark.parametrize("name", ['say "hi"', "back\\slash", "schön"])
def test_a_filter_for_any_name(name: str) -> None:
    assert json.loads(named(name).partition("=")[2]) == name
