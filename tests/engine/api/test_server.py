from __future__ import annotations

import errno
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import google.oauth2.credentials
import httpx
import pytest
from google.api_core.exceptions import BadRequest, NotFound
from google.auth.exceptions import RefreshError
from google.cloud import aiplatform_v1
from google.cloud.aiplatform_v1.types import (
    CreateCustomJobRequest,
    CustomJob,
    GetCustomJobRequest,
    PredictRequest,
    RawPredictRequest,
)
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from vertex_flow.engine.api.rpc import RawResponse, Router, Rpc
from vertex_flow.engine.api.server import application
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.errors import ApiError

HERE = "/v1/projects/acme/locations/us-central1"
PORT = 8080


class Desk:
    """The ASGI application over handlers that do as they are told."""

    def __init__(self, log: Path, port: int = PORT) -> None:
        self.log = log
        self.request: Any = None
        self.answer: Any = CustomJob(display_name="x")
        job = "/v1/{name=projects/*/locations/*/customJobs/*}"
        on = "/v1/{endpoint=projects/*/locations/*/endpoints/*}"
        rpcs = (
            Rpc(id="a.b.customJobs.get", verb="GET", path=job, request=GetCustomJobRequest),
            Rpc(
                id="a.b.customJobs.create",
                verb="POST",
                path="/v1/{parent=projects/*/locations/*}/customJobs",
                request=CreateCustomJobRequest,
                body="custom_job",
            ),
            Rpc(
                id="a.b.endpoints.predict",
                verb="POST",
                path=f"{on}:predict",
                request=PredictRequest,
                body="*",
            ),
            Rpc(
                id="a.b.endpoints.rawPredict",
                verb="POST",
                path=f"{on}:rawPredict",
                request=RawPredictRequest,
                body="*",
            ),
        )
        router = Router([(rpc, self._handle) for rpc in rpcs])
        self.client = TestClient(
            application(router, token="secret", port=port, log=log),
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": "Bearer secret"},
        )

    async def _handle(self, request: Any) -> Any:
        self.request = request
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def error(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        answer = self.client.request(*arguments, **options)
        error: dict[str, Any] = answer.json()["error"]
        assert answer.status_code == error["code"]
        return error


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "engine.log")


def test_an_answer_is_json(desk: Desk) -> None:
    assert desk.client.get(f"{HERE}/customJobs/1").json() == {"displayName": "x"}


def test_health_needs_no_token(desk: Desk) -> None:
    assert desk.client.get("/healthz", headers={"Authorization": ""}).text == "ok"


@pytest.mark.parametrize(
    "value", ["", "secret", "Bearer", "Bearer wrong", "Basic secret", "Bearer é"]
)
def test_a_caller_without_the_token_is_refused(desk: Desk, value: str) -> None:
    headers = {"Authorization": value.encode("latin-1")}

    error = desk.error("GET", f"{HERE}/customJobs/1", headers=headers)

    assert error == {
        "code": 401,
        "status": "UNAUTHENTICATED",
        "message": "The request has no valid token. Send 'Authorization: Bearer <token>' with the "
        f"token in {desk.log.parent / 'token'}.",
    }


def test_a_refused_caller_reaches_no_handler(desk: Desk) -> None:
    desk.client.get(f"{HERE}/customJobs/1", headers={"Authorization": "Bearer wrong"})

    assert desk.request is None


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LocalHost:8080"])
def test_this_machine_is_let_in(desk: Desk, host: str) -> None:
    assert desk.client.get(f"{HERE}/customJobs/1", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.1:80"])
def test_port_80_is_left_out_of_the_host(tmp_path: Path, host: str) -> None:
    client = Desk(tmp_path / "engine.log", port=80).client

    assert client.get(f"{HERE}/customJobs/1", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1", "127.0.0.1:80"])
def test_another_host_name_is_refused(desk: Desk, host: str) -> None:
    error = desk.error("GET", f"{HERE}/customJobs/1", headers={"Host": host})

    assert error == {
        "code": 403,
        "status": "PERMISSION_DENIED",
        "message": f"The Host header is {host!r}; the local engine answers 127.0.0.1:8080 and "
        "localhost:8080 only.",
    }


def test_another_host_name_is_refused_health(desk: Desk) -> None:
    assert desk.client.get("/healthz", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9"])
def test_a_foreign_web_page_is_refused(desk: Desk, origin: str) -> None:
    error = desk.error("GET", f"{HERE}/customJobs/1", headers={"Origin": origin})

    assert error["message"] == (
        f"The request comes from a web page at {origin!r}; the local engine answers programs on "
        "this machine only."
    )


def test_its_own_page_is_let_in(desk: Desk) -> None:
    headers = {"Origin": "http://localhost:8080"}

    assert desk.client.get(f"{HERE}/customJobs/1", headers=headers).status_code == 200


def test_an_unknown_route_is_not_found(desk: Desk) -> None:
    assert desk.error("GET", f"{HERE}/datasets") == {
        "code": 404,
        "status": "NOT_FOUND",
        "message": f"The local engine has no GET {HERE}/datasets. It serves Vertex AI's v1 REST "
        "API for customJobs, endpoints.",
    }


def test_an_escaped_path_is_read(desk: Desk) -> None:
    desk.client.get(f"{HERE}/customJobs/a%20b")

    assert desk.request.name.endswith("/customJobs/a b")


@pytest.mark.parametrize("body", [b"{", b"[1", b"\xff", b"[" * 100_000])
def test_broken_json_is_refused(desk: Desk, body: bytes) -> None:
    error = desk.error("POST", f"{HERE}/customJobs", content=body)

    assert (error["status"], error["message"][:29]) == (
        "INVALID_ARGUMENT",
        "Invalid JSON payload received",
    )


def test_an_unknown_field_is_named(desk: Desk) -> None:
    error = desk.error("POST", f"{HERE}/customJobs", json={"foo": 1})

    assert error["message"] == (
        "Invalid JSON payload received. Unknown name \"foo\" at 'custom_job': Cannot find field."
    )


def test_a_long_prediction_is_refused_as_on_vertex_ai(desk: Desk) -> None:
    error = desk.error("POST", f"{HERE}/endpoints/1:predict", content=b" " * 1_572_865)

    assert error == {
        "code": 400,
        "status": "INVALID_ARGUMENT",
        "message": "Request payload size exceeds the limit: 1572864 bytes.",
    }


def test_a_prediction_at_the_limit_is_taken(desk: Desk) -> None:
    body = b'{"instances": []}'.ljust(1_572_864)

    assert desk.client.post(f"{HERE}/endpoints/1:predict", content=body).status_code == 200


def test_a_body_in_pieces_is_refused_when_it_is_long(desk: Desk) -> None:
    pieces = (b" " * 65_536 for _ in range(25))

    error = desk.error("POST", f"{HERE}/endpoints/1:rawPredict", content=pieces)

    assert error["message"] == "Request payload size exceeds the limit: 1572864 bytes."


def test_other_bodies_may_be_longer(desk: Desk) -> None:
    body = {"displayName": "x" * 2_000_000}

    assert desk.client.post(f"{HERE}/customJobs", json=body).status_code == 200


def test_no_body_is_endless(desk: Desk) -> None:
    headers = {"Content-Length": str(11 * 1024 * 1024)}

    error = desk.error("POST", f"{HERE}/customJobs", content=b"{}", headers=headers)

    assert error["message"] == "Request payload size exceeds the limit: 10485760 bytes."


def test_repeated_parameters_are_all_read(desk: Desk) -> None:
    query = "customJob.jobSpec.reservedIpRanges=a&customJob.jobSpec.reservedIpRanges=b"
    desk.client.post(f"{HERE}/customJobs?{query}", json={})

    assert list(desk.request.custom_job.job_spec.reserved_ip_ranges) == ["a", "b"]


def test_a_raw_body_goes_through(desk: Desk) -> None:
    desk.answer = RawResponse(status=202, headers={"X-Model": "7"}, body=b"\x00")
    headers = {"Content-Type": "image/png"}

    answer = desk.client.post(f"{HERE}/endpoints/1:rawPredict", content=b"\x89PNG", headers=headers)

    assert (answer.status_code, answer.headers["X-Model"], answer.content) == (202, "7", b"\x00")


def test_a_raw_json_body_is_not_read(desk: Desk) -> None:
    desk.client.post(f"{HERE}/endpoints/1:rawPredict", json={"anything": [1]})

    assert desk.request.http_body.data == b'{"anything":[1]}'


def test_the_content_type_of_a_raw_body_is_kept(desk: Desk) -> None:
    desk.client.post(f"{HERE}/endpoints/1:rawPredict", content=b"", headers={"Content-Type": "a/b"})

    assert desk.request.http_body.content_type == "a/b"


def test_a_raw_body_may_be_wrapped(desk: Desk) -> None:
    body = {"httpBody": {"contentType": "text/csv", "data": "MSwy"}}
    desk.client.post(f"{HERE}/endpoints/1:rawPredict", json=body)

    assert desk.request.http_body.data == b"1,2"


def test_an_unexpected_error_names_the_log(desk: Desk) -> None:
    desk.answer = ZeroDivisionError("division by zero")

    assert desk.error("GET", f"{HERE}/customJobs/1") == {
        "code": 500,
        "status": "INTERNAL",
        "message": "The local engine failed: ZeroDivisionError: division by zero. This is a fault "
        f"of the engine, not of the request; the details are in {desk.log}.",
    }


def test_an_unexpected_error_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.answer = ZeroDivisionError("division by zero")
    with caplog.at_level(logging.ERROR):
        desk.client.get(f"{HERE}/customJobs/1")

    assert caplog.messages == [f"GET {HERE}/customJobs/1 failed"]


def test_the_server_outlives_an_unexpected_error(desk: Desk) -> None:
    desk.answer = ZeroDivisionError()
    desk.client.get(f"{HERE}/customJobs/1")
    desk.answer = CustomJob()

    assert desk.client.get(f"{HERE}/customJobs/1").status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        sqlite3.OperationalError("database or disk is full"),
    ],
)
def test_a_full_disk_is_said(desk: Desk, fault: Exception) -> None:
    desk.answer = fault

    assert desk.error("GET", f"{HERE}/customJobs/1") == {
        "code": 429,
        "status": "RESOURCE_EXHAUSTED",
        "message": "The disk that holds the engine's folder is full. Nothing that was stored is "
        "lost: free some space and send the request again.",
    }


def options(engine: EmbeddedEngine, token: str = "") -> dict[str, Any]:
    credentials = google.oauth2.credentials.Credentials(token=token or engine.token)
    return {
        "transport": "rest",
        "client_options": {"api_endpoint": engine.endpoint},
        "credentials": credentials,
    }


@pytest.fixture
def http(engine: EmbeddedEngine) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {engine.token}"}
    with httpx.Client(base_url=engine.endpoint, headers=headers) as client:
        yield client


PARENT = "projects/acme/locations/us-central1"


def test_googles_client_lists_models(engine: EmbeddedEngine) -> None:
    client = aiplatform_v1.ModelServiceClient(**options(engine))

    assert list(client.list_models(parent=PARENT)) == []


def test_googles_client_lists_endpoints(engine: EmbeddedEngine) -> None:
    client = aiplatform_v1.EndpointServiceClient(**options(engine))

    assert list(client.list_endpoints(parent=PARENT)) == []


def test_googles_client_creates_an_endpoint(engine: EmbeddedEngine) -> None:
    client = aiplatform_v1.EndpointServiceClient(**options(engine))

    operation = client.create_endpoint(parent=PARENT, endpoint={"display_name": "digits"})
    endpoint = operation.result(timeout=60)

    assert client.get_endpoint(name=endpoint.name).display_name == "digits"


def test_googles_client_reads_a_refusal(engine: EmbeddedEngine) -> None:
    client = aiplatform_v1.ModelServiceClient(**options(engine))

    with pytest.raises(BadRequest, match='Model has no field "nam"'):
        client.list_models(request={"parent": PARENT, "filter": 'nam="x"'})


def test_googles_client_reads_that_nothing_is_there(engine: EmbeddedEngine) -> None:
    client = aiplatform_v1.JobServiceClient(**options(engine))

    with pytest.raises(NotFound, match=r'The CustomJob ".*/customJobs/1" does not exist'):
        client.get_custom_job(name=f"{PARENT}/customJobs/1")


def test_googles_client_needs_the_token(engine: EmbeddedEngine) -> None:
    client = aiplatform_v1.ModelServiceClient(**options(engine, token="wrong"))

    # The client takes a 401 for an old token, and has nothing to get a new one with.
    with pytest.raises(RefreshError):
        list(client.list_models(parent=PARENT))


def test_a_real_server_names_its_port(engine: EmbeddedEngine, http: httpx.Client) -> None:
    assert http.get("/healthz", headers={"Host": "127.0.0.1:1"}).status_code == 403


def test_a_real_server_is_healthy(http: httpx.Client) -> None:
    assert http.get("/healthz").text == "ok"


def test_counts_of_predictions_need_the_token(desk: Desk) -> None:
    assert desk.error("GET", "/statz", headers={"Authorization": ""})["code"] == 401


def test_counts_of_predictions(desk: Desk) -> None:
    assert desk.client.get("/statz").json() == {}


def test_an_engine_of_one_program_has_no_console(desk: Desk) -> None:
    assert desk.error("GET", "/console/")["code"] == 404


class Told:
    """Pages that say what was asked for."""

    async def answer(self, request: Request, body: bytes) -> Response:
        if request.url.path.endswith("broken"):
            raise ApiError(503, "UNAVAILABLE", "no pages")
        return Response(f"{request.method} {request.url.path} {body.decode()}")

    def refused(self, error: ApiError) -> Response:
        return Response(error.message, error.code)


@pytest.fixture
def pages(tmp_path: Path) -> TestClient:
    app = application(
        Router([]), token="secret", port=1, log=tmp_path / "engine.log", console=Told()
    )
    return TestClient(app, base_url="http://127.0.0.1:1")


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/runs/a%2Fb"])
def test_pages_are_asked_without_the_token(pages: TestClient, path: str) -> None:
    assert pages.get(path).text.startswith("GET /console")


def test_pages_get_the_body(pages: TestClient) -> None:
    assert pages.post("/console/x", content="abc").text == "POST /console/x abc"


def test_pages_word_their_own_errors(pages: TestClient) -> None:
    answer = pages.get("/console/broken")
    assert (answer.status_code, answer.text) == (503, "no pages")


def test_pages_are_for_this_machine_alone(pages: TestClient) -> None:
    assert pages.get("/console/", headers={"host": "evil.example"}).status_code == 403


def test_pages_change_nothing_for_other_pages(pages: TestClient) -> None:
    answer = pages.post("/console/x", headers={"origin": "http://evil.example"})
    assert answer.status_code == 403


def test_a_body_for_pages_has_its_limit(pages: TestClient) -> None:
    assert pages.post("/console/x", content=b"x" * (10 * 1024 * 1024 + 1)).status_code == 400
