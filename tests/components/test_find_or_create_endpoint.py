from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google_cloud_pipeline_components.types.artifact_types import VertexEndpoint

from tests.components.conftest import PARENT, Vertex
from vertex_flow.components import FindOrCreateEndpointOp
from vertex_flow.components.find_or_create_endpoint import plan_traffic

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
