from typing import Any

import pytest
from google_cloud_pipeline_components.types.artifact_types import VertexEndpoint

from tests.components.conftest import PARENT, Vertex
from vertex_flow.components import UndeployIdleModelsOp

NAME = f"{PARENT}/endpoints/7"
DONE = {
    "name": f"{NAME}/operations/1",
    "done": True,
    "response": {"@type": "type.googleapis.com/google.cloud.aiplatform.v1.UndeployModelResponse"},
}


def undeploy(**settings: Any) -> list[str]:
    endpoint = VertexEndpoint(metadata={"resourceName": NAME})
    (undeployed,) = UndeployIdleModelsOp.python_func(endpoint=endpoint, **settings)
    found: list[str] = undeployed
    return found


def serve(vertex: Vertex, *ids: int, split: dict[str, int]) -> None:
    deployed = [{"id": str(id), "createTime": f"2026-01-{id:02}T00:00:00Z"} for id in ids]
    vertex.serve("GET", NAME, {"name": NAME, "deployedModels": deployed, "trafficSplit": split})
    vertex.serve("POST", f"{NAME}:undeployModel", DONE)


def test_models_without_traffic_are_undeployed(vertex: Vertex) -> None:
    serve(vertex, 1, 2, 3, split={"3": 100, "2": 0})
    assert undeploy() == ["1", "2"]
    bodies = [request["body"] for request in vertex.asked("POST")]
    assert bodies == [{"deployedModelId": "1"}, {"deployedModelId": "2"}]


def test_when_all_get_traffic_nothing_happens(vertex: Vertex) -> None:
    serve(vertex, 1, 2, split={"1": 50, "2": 50})
    assert (undeploy(), vertex.asked("POST")) == ([], [])


def test_while_no_model_gets_traffic_nothing_happens(vertex: Vertex) -> None:
    serve(vertex, 1, 2, split={})
    assert (undeploy(), vertex.asked("POST")) == ([], [])


def test_the_newest_idle_models_are_kept(vertex: Vertex) -> None:
    serve(vertex, 2, 1, 3, split={"3": 100})
    assert undeploy(keep=1) == ["1"]


def test_more_can_be_kept_than_there_are(vertex: Vertex) -> None:
    serve(vertex, 1, 2, 3, split={"3": 100})
    assert undeploy(keep=5) == []


def test_a_model_that_is_gone_already_is_no_error(vertex: Vertex) -> None:
    serve(vertex, 1, 2, split={"2": 100})
    del vertex.answers[f"POST /v1/{NAME}:undeployModel"]
    assert undeploy() == ["1"]


def test_a_negative_number_to_keep_is_refused() -> None:
    with pytest.raises(ValueError, match="keep is -1: expected 0 or more"):
        undeploy(keep=-1)
