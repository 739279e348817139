from typing import Any

from google_cloud_pipeline_components.types.artifact_types import VertexModel

from tests.components.conftest import PARENT, Vertex
from vertex_flow.components import FindModelOp


def find(display_name: str = "digits") -> VertexModel:
    parent_model = VertexModel(uri="unset")
    FindModelOp.python_func(
        display_name=display_name,
        project="acme",
        location="europe-west4",
        parent_model=parent_model,
    )
    return parent_model


def model(id: int, display_name: str = "digits", day: int = 1) -> dict[str, Any]:
    created = f"2026-01-{day:02}T00:00:00Z"
    return {"name": f"{PARENT}/models/{id}", "displayName": display_name, "createTime": created}


def test_the_newest_model_of_the_name_is_found(vertex: Vertex) -> None:
    vertex.serve("GET", f"{PARENT}/models", {"models": [model(1, day=1), model(2, day=3)]})
    found = find()
    name = f"{PARENT}/models/2"
    assert found.metadata == {"resourceName": name}
    assert found.uri == f"https://europe-west4-aiplatform.googleapis.com/v1/{name}"


def test_a_model_of_another_name_is_not_found(vertex: Vertex) -> None:
    vertex.serve("GET", f"{PARENT}/models", {"models": [model(1, "digits-2")]})
    assert find().metadata == {"resourceName": "@"}


def test_all_pages_are_searched(vertex: Vertex) -> None:
    pages: list[dict[str, Any]] = [{"models": [], "nextPageToken": "2"}, {"models": [model(1)]}]
    vertex.serve("GET", f"{PARENT}/models", *pages)
    assert find().metadata == {"resourceName": f"{PARENT}/models/1"}


def test_the_registry_is_asked_for_the_name(vertex: Vertex) -> None:
    vertex.serve("GET", f"{PARENT}/models", {})
    find('a "b"')
    (request,) = vertex.requests
    assert request["query"]["filter"] == 'display_name="a \\"b\\""'
