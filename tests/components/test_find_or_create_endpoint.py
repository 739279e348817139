from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google_cloud_pipeline_components.types.artifact_types import VertexEndpoint

from tests.components.conftest import PARENT, Vertex
from vertex_flow.components import FindOrCreateEndpointOp
from vertex_flow.components.find_or_create_endpoint import plan_traffic, renewed
from vertex_flow.expiry import moment

NAME = f"{PARENT}/endpoints/7"
TYPE = "type.googleapis.com/google.cloud.aiplatform.v1.Endpoint"


def find(**settings: Any) -> tuple[VertexEndpoint, dict[str, int]]:
    endpoint = VertexEndpoint()
    (split,) = FindOrCreateEndpointOp.python_func(
        display_name="digits",
        project="acme",
        location="europe-west4",
        endpoint=endpoint,
        **settings,
    )
    return endpoint, split


def serve(vertex: Vertex, **changes: Any) -> None:
    found = {"name": NAME, "displayName": "digits"} | changes
    vertex.serve("GET", f"{PARENT}/endpoints", {"endpoints": [found]})


def test_the_endpoint_of_the_name_is_found(vertex: Vertex) -> None:
    serve(vertex)
    endpoint, _ = find()
    assert endpoint.metadata == {"resourceName": NAME}
    assert endpoint.uri == f"https://europe-west4-aiplatform.googleapis.com/v1/{NAME}"


def test_nothing_is_created_when_there_is_one(vertex: Vertex) -> None:
    serve(vertex)
    find()
    assert vertex.asked("POST") == []


def test_without_one_it_is_created_and_waited_for(vertex: Vertex) -> None:
    operation = {"name": f"{NAME}/operations/1"}
    response = {"@type": TYPE, "name": NAME, "displayName": "digits"}
    vertex.serve("GET", f"{PARENT}/endpoints", {})
    vertex.serve("POST", f"{PARENT}/endpoints", operation)
    vertex.serve("GET", f"{NAME}/operations/1", {**operation, "done": True, "response": response})
    endpoint, split = find(labels={"team": "vision"})
    assert (endpoint.metadata, split) == ({"resourceName": NAME}, {"0": 100})
    (request,) = vertex.asked("POST")
    assert request["body"] == {"displayName": "digits", "labels": {"team": "vision"}}


def test_a_creation_that_fails_is_an_error_with_its_reason(vertex: Vertex) -> None:
    failed = {"done": True, "error": {"code": 8, "message": "no quota for endpoints"}}
    vertex.serve("GET", f"{PARENT}/endpoints", {})
    vertex.serve("POST", f"{PARENT}/endpoints", {"name": f"{NAME}/operations/1", **failed})
    with pytest.raises(GoogleAPICallError, match="no quota for endpoints"):
        find()


def test_the_traffic_of_the_deployed_models_is_scaled_down(vertex: Vertex) -> None:
    serve(vertex, trafficSplit={"11": 60, "12": 40})
    assert find(traffic_percent=10)[1] == {"0": 10, "11": 54, "12": 36}


@pytest.mark.parametrize(
    ("current", "percent", "split"),
    [
        ({}, 20, {"0": 100}),
        ({"1": 0}, 20, {"0": 100}),
        ({"1": 100}, 100, {"0": 100}),
        ({"1": 100}, 0, {"0": 0, "1": 100}),
        ({"1": 33, "2": 33, "3": 34}, 50, {"0": 50, "1": 17, "2": 16, "3": 17}),
        ({"1": 99, "2": 1}, 90, {"0": 90, "1": 10}),
    ],
)
def test_the_traffic_adds_up_to_100(
    current: dict[str, int], percent: int, split: dict[str, int]
) -> None:
    assert plan_traffic(current, percent) == split
    assert sum(split.values()) == 100


@pytest.mark.parametrize("percent", [-1, 101])
def test_a_share_out_of_range_is_refused(percent: int) -> None:
    with pytest.raises(ValueError, match=f"traffic_percent is {percent}: expected 0 to 100"):
        find(traffic_percent=percent)


NOON = datetime(2026, 11, 27, 12, tzinfo=timezone.utc)
ENV = "VERTEX_AI_PIPELINES_RUN_LABELS"


def create(vertex: Vertex, **settings: Any) -> dict[str, str]:
    """The labels that an endpoint is created with."""
    response = {"@type": TYPE, "name": NAME, "displayName": "digits"}
    operation = {"name": f"{NAME}/operations/1", "done": True, "response": response}
    vertex.serve("GET", f"{PARENT}/endpoints", {})
    vertex.serve("POST", f"{PARENT}/endpoints", operation)
    find(**settings)
    labels: dict[str, str] = vertex.asked("POST")[0]["body"].get("labels", {})
    return labels


def update(vertex: Vertex, before: dict[str, str], **settings: Any) -> list[dict[str, Any]]:
    """The changes to an endpoint that is there."""
    serve(vertex, labels=before)
    vertex.serve("PATCH", NAME, {"name": NAME, "displayName": "digits"})
    find(**settings)
    return vertex.asked("PATCH")


def test_a_new_endpoint_gets_the_labels_of_the_run(
    vertex: Vertex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENV, '{"team": "audio", "run": "1"}')
    assert create(vertex, labels={"team": "vision"}) == {"team": "vision", "run": "1"}


@pytest.mark.parametrize("written", ["", "{", "[]"])
def test_labels_of_the_run_that_cannot_be_read(
    vertex: Vertex, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv(ENV, written)
    assert create(vertex) == {}


def test_a_new_endpoint_says_when_it_may_go(vertex: Vertex) -> None:
    before = datetime.now(timezone.utc).replace(microsecond=0)
    labels = create(vertex, expires="8h")
    end = moment(labels["vertex-flow-expires"])
    assert before <= end - timedelta(hours=8) <= datetime.now(timezone.utc)


def test_an_endpoint_that_is_there_is_needed_for_longer(vertex: Vertex) -> None:
    before = {"team": "vision", "vertex-flow-expires": "2026-11-27t08-00-00z"}
    (change,) = update(vertex, before, expires="8h", labels={"vertex-flow-flow": "digits"})
    labels = change["body"]["labels"]
    assert change["query"]["updateMask"] == "labels"
    assert moment(labels.pop("vertex-flow-expires")) > datetime.now(timezone.utc)
    assert labels == {"team": "vision", "vertex-flow-flow": "digits"}


def test_a_deployment_without_an_end_takes_the_end_away(vertex: Vertex) -> None:
    before = {"team": "vision", "vertex-flow-expires": "2026-11-27t08-00-00z"}
    (change,) = update(vertex, before)
    assert change["body"]["labels"] == {"team": "vision"}


def test_the_labels_of_an_endpoint_without_an_end_stay(vertex: Vertex) -> None:
    assert update(vertex, {"team": "vision"}, labels={"team": "audio"}) == []


def test_other_models_of_an_endpoint_that_would_go_with_it(vertex: Vertex) -> None:
    serve(vertex)
    with pytest.raises(ValueError, match="expires is '8h' and traffic_percent 20") as caught:
        find(expires="8h", traffic_percent=20)
    assert str(caught.value) == (
        "expires is '8h' and traffic_percent 20: the models that keep the rest of the traffic "
        "would be removed with the endpoint. Expected 100."
    )


def test_the_end_is_counted_from_the_deployment() -> None:
    assert renewed({"a": "b"}, "1d", NOON) == {
        "a": "b",
        "vertex-flow-expires": "2026-11-28t12-00-00z",
    }
