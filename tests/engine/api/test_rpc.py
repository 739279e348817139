from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import googleapiclient
import pytest
from google.cloud.aiplatform_v1.types import (
    CreateCustomJobRequest,
    CustomJob,
    DeployModelRequest,
    ListCustomJobsRequest,
    PredictRequest,
    RawPredictRequest,
    UpdateModelRequest,
)
from google.protobuf import empty_pb2

from vertex_flow.engine.api.rpc import RawBody, RawResponse, Router, Rpc
from vertex_flow.engine.api.support import HONOURED
from vertex_flow.engine.engine import Engine
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import ApiError

HERE = "/v1/projects/acme/locations/us-central1"

CREATE = Rpc(
    id="projects.locations.customJobs.create",
    verb="POST",
    path="/v1/{parent=projects/*/locations/*}/customJobs",
    request=CreateCustomJobRequest,
    body="custom_job",
)
LIST = Rpc(
    id="projects.locations.customJobs.list",
    verb="GET",
    path="/v1/{parent=projects/*/locations/*}/customJobs",
    request=ListCustomJobsRequest,
)
PATCH = Rpc(
    id="projects.locations.models.patch",
    verb="PATCH",
    path="/v1/{model.name=projects/*/locations/*/models/*}",
    request=UpdateModelRequest,
    body="model",
)
DEPLOY = Rpc(
    id="projects.locations.endpoints.deployModel",
    verb="POST",
    path="/v1/{endpoint=projects/*/locations/*/endpoints/*}:deployModel",
    request=DeployModelRequest,
    body="*",
)
PREDICT = Rpc(
    id="projects.locations.endpoints.predict",
    verb="POST",
    path="/v1/{endpoint=projects/*/locations/*/endpoints/*}:predict",
    request=PredictRequest,
    body="*",
)
RAW = Rpc(
    id="projects.locations.endpoints.rawPredict",
    verb="POST",
    path="/v1/{endpoint=projects/*/locations/*/endpoints/*}:rawPredict",
    request=RawPredictRequest,
    body="*",
)


class Desk:
    """A router whose handlers keep the request, and answer what they are told to."""

    def __init__(self, answer: Any = None, **options: Any) -> None:
        self.request: Any = None
        self._answer = empty_pb2.Empty() if answer is None else answer
        rpcs = (CREATE, LIST, PATCH, DEPLOY, PREDICT, RAW)
        self.router = Router([(rpc, self._handle) for rpc in rpcs], **options)

    async def _handle(self, request: Any) -> Any:
        self.request = request
        return self._answer

    def call(
        self, verb: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None
    ) -> Any:
        asyncio.run(self.router.call(verb, f"{HERE}{path}", query, body))
        return self.request

    def refusal(self, *arguments: Any) -> str:
        with pytest.raises(ApiError) as caught:
            self.call(*arguments)
        assert caught.value.status == "INVALID_ARGUMENT"
        return caught.value.message


def test_the_path_fills_the_request() -> None:
    assert Desk().call("GET", "/customJobs").parent == "projects/acme/locations/us-central1"


def test_the_path_fills_a_nested_field() -> None:
    request = Desk().call("PATCH", "/models/12@3", {"displayName": "x"})

    assert request.model.name == "projects/acme/locations/us-central1/models/12@3"


def test_the_path_wins_over_the_body() -> None:
    request = Desk().call("PATCH", "/models/12", {"name": "other"})

    assert request.model.name == "projects/acme/locations/us-central1/models/12"


def test_a_custom_verb_is_not_part_of_the_id() -> None:
    request = Desk().call("POST", "/endpoints/12:predict", {"instances": [1]})

    assert request.endpoint == "projects/acme/locations/us-central1/endpoints/12"


@pytest.mark.parametrize("name", ["displayName", "display_name"])
def test_the_body_fills_its_field(name: str) -> None:
    assert Desk().call("POST", "/customJobs", {name: "x"}).custom_job.display_name == "x"


def test_the_body_fills_the_whole_request() -> None:
    request = Desk().call("POST", "/endpoints/1:deployModel", {"trafficSplit": {"0": 100}})

    assert request.traffic_split == {"0": 100}


@pytest.mark.parametrize("strategy", ["SPOT", 4])
def test_an_enum_is_a_name_or_a_number(strategy: Any) -> None:
    body = {"jobSpec": {"scheduling": {"strategy": strategy}}}

    assert Desk().call("POST", "/customJobs", body).custom_job.job_spec.scheduling.strategy == 4


def test_no_body_is_an_empty_one() -> None:
    assert Desk().call("POST", "/customJobs").custom_job == CustomJob()


@pytest.mark.parametrize("name", ["pageSize", "page_size"])
def test_a_number_in_the_query(name: str) -> None:
    assert Desk().call("GET", "/customJobs", None, {name: "7"}).page_size == 7


def test_a_field_mask_in_the_query() -> None:
    query = {"updateMask": "displayName,version_aliases"}

    paths = Desk().call("PATCH", "/models/1", {}, query).update_mask.paths
    assert list(paths) == ["display_name", "version_aliases"]


def test_a_nested_field_in_the_query() -> None:
    request = Desk().call("POST", "/customJobs", {}, {"customJob.jobSpec.enableWebAccess": "true"})

    assert request.custom_job.job_spec.enable_web_access is True


def test_an_enum_number_in_the_query() -> None:
    query = {"customJob.jobSpec.scheduling.strategy": "4"}

    request = Desk().call("POST", "/customJobs", {}, query)
    assert request.custom_job.job_spec.scheduling.strategy == 4


def test_a_repeated_parameter_fills_a_repeated_field() -> None:
    query = {"customJob.jobSpec.reservedIpRanges": ["a", "b"]}

    request = Desk().call("POST", "/customJobs", {}, query)
    assert list(request.custom_job.job_spec.reserved_ip_ranges) == ["a", "b"]


@pytest.mark.parametrize("name", ["$alt", "$fields", "alt", "prettyPrint", "key"])
def test_parameters_of_every_google_api_are_taken(name: str) -> None:
    Desk().call("GET", "/customJobs", None, {name: "json"})


UNKNOWN = "Invalid JSON payload received. Unknown name "
INVALID = "Invalid value at 'custom_job.job_spec."
NO_OBJECT = "Invalid JSON payload received. Expected an object at the root of the body."


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"foo": 1}, f"{UNKNOWN}\"foo\" at 'custom_job': Cannot find field."),
        (
            {"jobSpec": {"foo": None}},
            f"{UNKNOWN}\"foo\" at 'custom_job.job_spec': Cannot find field.",
        ),
        (
            {"job_spec": {"workerPoolSpecs": [{}, {"copies": 1}]}},
            f"{UNKNOWN}\"copies\" at 'custom_job.job_spec.worker_pool_specs[1]': "
            "Cannot find field.",
        ),
        (
            {"displayNam": "x"},
            f"{UNKNOWN}\"displayNam\" at 'custom_job': Cannot find field. "
            "Did you mean 'displayName'?",
        ),
        (
            {"jobSpec": {"workerPoolSpecs": [{"replicaCount": "two"}]}},
            f"{INVALID}worker_pool_specs.replica_count': "
            "invalid literal for int() with base 10: 'two'.",
        ),
        (
            {"jobSpec": {"scheduling": {"timeout": "soon"}}},
            f'{INVALID}scheduling.timeout\': Duration must end with letter "s": soon.',
        ),
        (
            {"jobSpec": {"workerPoolSpecs": {}}},
            f"{INVALID}worker_pool_specs': "
            "repeated field workerPoolSpecs must be in [] which is {}.",
        ),
        ([], NO_OBJECT),
        ("text", NO_OBJECT),
    ],
)
def test_a_wrong_body_is_named(body: Any, message: str) -> None:
    assert Desk().refusal("POST", "/customJobs", body) == message


def test_an_unknown_name_at_the_root_is_named() -> None:
    assert Desk().refusal("POST", "/endpoints/1:predict", {"instance": []}) == (
        'Invalid JSON payload received. Unknown name "instance": Cannot find field. '
        "Did you mean 'instances'?"
    )


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            {"pageSiz": "1"},
            f"{UNKNOWN}\"pageSiz\": Cannot bind query parameter. Field 'page_siz' could not be "
            "found in request message. Did you mean 'page_size'?",
        ),
        (
            {"pageSize": "many"},
            "Invalid value at 'page_size': invalid literal for int() with base 10: 'many'.",
        ),
        (
            {"x.y": "1"},
            f"{UNKNOWN}\"x.y\": Cannot bind query parameter. Field 'x' could not be found in "
            "request message.",
        ),
    ],
)
def test_a_wrong_query_is_named(query: dict[str, str], message: str) -> None:
    assert Desk().refusal("GET", "/customJobs", None, query) == message


def test_a_wrong_flag_in_the_query_is_named() -> None:
    query = {"customJob.jobSpec.enableWebAccess": "yes"}

    assert Desk().refusal("POST", "/customJobs", {}, query) == (
        "Invalid value at 'custom_job.job_spec.enable_web_access' (TYPE_BOOL), \"yes\""
    )


def test_a_body_where_there_is_none_is_refused() -> None:
    assert Desk().refusal("GET", "/customJobs", {"a": 1}) == (
        "Invalid JSON payload received: this method takes no request body."
    )


def test_an_unsupported_field_is_refused() -> None:
    desk = Desk(fields={"CustomJob.display_name": HONOURED})

    assert desk.refusal("POST", "/customJobs", {"labels": {"a": "b"}}) == (
        "The local engine does not support 'custom_job.labels': it would have no effect "
        "here. Leave it out, or send the request to Vertex AI."
    )


def missing(verb: str, path: str) -> str:
    with pytest.raises(ApiError) as caught:
        Desk().router.route(verb, path)
    assert caught.value.code == 404
    return caught.value.message


def test_an_unknown_path_says_what_there_is() -> None:
    assert missing("GET", f"{HERE}/datasets") == (
        f"The local engine has no GET {HERE}/datasets. It serves Vertex AI's v1 REST API for "
        "customJobs, endpoints, models."
    )


def test_another_verb_says_which_there_are() -> None:
    assert missing("DELETE", f"{HERE}/customJobs") == (
        f"{HERE}/customJobs answers GET, POST, not DELETE."
    )


@pytest.mark.parametrize(
    "path",
    ["/customJobs/", "/customJobs/1/2", "/endpoints/1:predict:predict", "/endpoints/:predict"],
)
def test_a_path_matches_whole(path: str) -> None:
    assert "The local engine has no" in missing("POST", f"{HERE}{path}")


def test_the_answer_is_googles_json() -> None:
    job = CustomJob(display_name="x", state="JOB_STATE_RUNNING")

    answer = asyncio.run(Desk(job).router.call("GET", f"{HERE}/customJobs"))

    assert answer == {"displayName": "x", "state": "JOB_STATE_RUNNING"}


def test_enums_are_numbers_for_a_client_that_asks() -> None:
    desk = Desk(CustomJob(state="JOB_STATE_RUNNING"))
    query = {"$alt": "json;enum-encoding=int"}

    assert asyncio.run(desk.router.call("GET", f"{HERE}/customJobs", query)) == {"state": 3}


def test_a_raw_answer_is_passed_on() -> None:
    raw = RawResponse(status=418, headers={"x": "y"}, body=b"tea")
    router = Desk(raw).router

    route = router.route("POST", f"{HERE}/endpoints/1:rawPredict")
    assert asyncio.run(router.answer(route, {}, None)) is raw


def test_a_raw_answer_inside_the_engine_is_its_json() -> None:
    router = Desk(RawResponse(body=b'{"a": 1}')).router

    assert asyncio.run(router.call("POST", f"{HERE}/endpoints/1:rawPredict")) == {"a": 1}


def test_a_raw_body_is_passed_on() -> None:
    desk = Desk()
    route = desk.router.route("POST", f"{HERE}/endpoints/1:rawPredict")
    asyncio.run(desk.router.answer(route, {}, RawBody(content_type="text/csv", data=b"1,2")))

    body = desk.request.http_body
    assert (body.content_type, body.data) == ("text/csv", b"1,2")


def test_a_wrapped_raw_body_is_a_message() -> None:
    desk = Desk()
    route = desk.router.route("POST", f"{HERE}/endpoints/1:rawPredict")
    asyncio.run(desk.router.answer(route, {}, {"httpBody": {"data": "MSwy"}}))

    assert desk.request.http_body.data == b"1,2"


def test_a_json_body_inside_the_engine_is_passed_on_as_bytes() -> None:
    desk = Desk()
    desk.call("POST", "/endpoints/1:rawPredict", {"instances": [1]})

    assert desk.request.http_body.data == b'{"instances": [1]}'


def test_the_methods_are_in_order() -> None:
    ids = [rpc.id for rpc in Desk().router.rpcs]

    assert ids == sorted(ids)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rpc, ...]:
    """Every method that the engine serves."""
    home = Home(tmp_path_factory.mktemp("served") / "home")
    home.create()

    async def rpcs() -> tuple[Rpc, ...]:
        engine = Engine(home, endpoint="http://127.0.0.1:1")
        try:
            return engine.router.rpcs
        finally:
            await engine.close()

    return asyncio.run(rpcs())


@pytest.fixture(scope="module")
def discovered() -> dict[str, dict[str, Any]]:
    """Every method of Google's discovery document, by its id."""
    package = Path(googleapiclient.__file__).parent
    path = package / "discovery_cache" / "documents" / "aiplatform.v1.json"
    methods: dict[str, dict[str, Any]] = {}
    rooms = [json.loads(path.read_text())]
    while rooms:
        room = rooms.pop()
        rooms += room.get("resources", {}).values()
        for method in room.get("methods", {}).values():
            methods[method["id"].removeprefix("aiplatform.")] = method
    return methods


def test_every_method_is_one_of_googles(
    served: tuple[Rpc, ...], discovered: dict[str, dict[str, Any]]
) -> None:
    assert [rpc.id for rpc in served if rpc.id not in discovered] == []


def test_every_verb_is_googles(
    served: tuple[Rpc, ...], discovered: dict[str, dict[str, Any]]
) -> None:
    expected = {rpc.id: discovered[rpc.id]["httpMethod"] for rpc in served}

    assert {rpc.id: rpc.verb for rpc in served} == expected


def test_every_path_is_googles(
    served: tuple[Rpc, ...], discovered: dict[str, dict[str, Any]]
) -> None:
    expected = {
        rpc.id: "/" + re.sub(r"\{\w+\}", "*", discovered[rpc.id]["flatPath"]) for rpc in served
    }

    assert {rpc.id: re.sub(r"\{[\w.]+=([^}]*)\}", r"\1", rpc.path) for rpc in served} == expected


def test_every_body_is_googles(
    served: tuple[Rpc, ...], discovered: dict[str, dict[str, Any]]
) -> None:
    messages = [rpc for rpc in served if not rpc.raw]
    expected = {}
    for rpc in messages:
        name = discovered[rpc.id].get("request", {}).get("$ref")
        expected[rpc.id] = name and name.removeprefix("GoogleCloudAiplatformV1")

    assert {rpc.id: _body(rpc) for rpc in messages} == expected


def _body(rpc: Rpc) -> str | None:
    if not rpc.body:
        return None
    descriptor = rpc.request.pb().DESCRIPTOR
    if rpc.body != "*":
        descriptor = descriptor.fields_by_name[rpc.body].message_type
    name: str = descriptor.name
    return name
