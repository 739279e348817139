"""Where the components find Vertex AI."""

import pytest

from vertex_flow.components._vertex import vertex_access


def test_without_an_endpoint_in_the_environment_it_is_the_cloud_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("VERTEX_FLOW_API_ENDPOINT", raising=False)
    expected = {"host": "europe-west4-aiplatform.googleapis.com", "credentials": None}
    assert vertex_access("europe-west4") == expected


def test_the_environment_names_another_endpoint_and_its_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VERTEX_FLOW_API_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("VERTEX_FLOW_API_TOKEN", "secret")
    found = vertex_access("europe-west4")
    assert (found["host"], found["credentials"].token) == ("http://127.0.0.1:1", "secret")
