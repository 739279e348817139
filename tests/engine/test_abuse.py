"""Requests that nobody means well with: refused or bounded, and the engine lives on."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from vertex_flow.engine.embedded import EmbeddedEngine

HERE = "v1/projects/local/locations/us-central1"


@pytest.fixture(scope="module")
def http(engine: EmbeddedEngine) -> Iterator[httpx.Client]:
    """Speaks to one engine; after each module's tests it must still answer."""
    token = {"authorization": f"Bearer {engine.token}"}
    with httpx.Client(base_url=engine.endpoint, headers=token, timeout=120) as client:
        yield client
        assert client.get(f"{HERE}/models").status_code == 200


def _refusal(response: httpx.Response) -> tuple[int, str]:
    assert response.status_code < 500, response.text
    error = response.json()["error"]
    return error["code"], error["message"]


def _endpoint(**fields: object) -> dict[str, object]:
    return {"displayName": "e", **fields}


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_ten_thousand_nested_braces_are_refused(http: httpx.Client, opening: str) -> None:
    code, message = _refusal(http.post(f"{HERE}/endpoints", content=opening * 10_000))

    assert (code, message[:32]) == (400, "Invalid JSON payload received. m")


@pytest.mark.parametrize("depth", [40, 200, 900])
@pytest.mark.parametrize("kind", ["objects", "lists"])
def test_what_could_never_be_read_again_is_not_stored(
    http: httpx.Client, kind: str, depth: int
) -> None:
    deep: object = 1
    for _ in range(depth):
        deep = {"a": deep} if kind == "objects" else [deep]
    body = {"displayName": "deep", "pipelineSpec": {"deep": deep}}
    response = http.post(f"{HERE}/pipelineJobs", json=body)

    assert _refusal(response)[0] == 400
    assert http.get(f"{HERE}/pipelineJobs").status_code == 200


def test_a_million_items_are_refused_for_what_they_are(http: httpx.Client) -> None:
    body = {"displayName": "many", "labels": {}, "metadata": [0] * 1_000_000}

    code, message = _refusal(http.post(f"{HERE}/models:upload", json={"model": body}))

    assert code == 400
    assert len(message) < 1000


def test_a_hundred_megabytes_are_refused_before_they_are_read(http: httpx.Client) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 1024 * 1024

    try:
        response = http.post(f"{HERE}/endpoints", content=parts())
    except httpx.TransportError:  # the engine hung up while more was sent
        return
    assert _refusal(response) == (
        400,
        "Request payload size exceeds the limit: 10485760 bytes.",
    )


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00", b"{", b"nul", b'{"a": 1e99999}', b'"\\ud800"', b"[]", b"7", b"9" * 5000],
)
def test_what_is_no_json_object_is_refused(http: httpx.Client, content: bytes) -> None:
    assert _refusal(http.post(f"{HERE}/endpoints", content=content))[0] == 400


@pytest.mark.parametrize(
    "text",
    ["\ud800", "\x00", "a\x00b", "\u202e", "x" * 129, "", "../../etc", "<script>", "\n" * 10],
)
def test_strange_names_are_stored_as_they_are_or_refused(http: httpx.Client, text: str) -> None:
    response = http.post(
        f"{HERE}/endpoints",
        content=json.dumps(_endpoint(displayName=text)).encode(),
    )
    if response.status_code == 200:
        name = response.json()["response"]["name"]
        assert http.get(f"v1/{name}").json()["displayName"] == text
        return
    assert _refusal(response)[0] == 400


@pytest.mark.parametrize(
    "path",
    [
        f"{HERE}/models/../../../etc",
        f"{HERE}/models/%2e%2e%2f%2e%2e%2fetc",
        f"{HERE}/models/%00",
        f"{HERE}/models/a%0d%0aSet-Cookie:x",
        "v1/projects/%2f/locations/us-central1/models/1",
        "v1//projects/local/locations/us-central1/models",
        f"{HERE}/models/{'9' * 6000}",
        f"{HERE}/models/1:notAVerb",
    ],
)
def test_strange_paths_are_not_found(http: httpx.Client, path: str) -> None:
    assert _refusal(http.get(path))[0] in (400, 404)


@pytest.mark.parametrize("size", ["-1", "99999999999999999999", "x", ""])
def test_strange_page_sizes_are_refused(http: httpx.Client, size: str) -> None:
    assert _refusal(http.get(f"{HERE}/models", params={"pageSize": size}))[0] == 400


@pytest.mark.parametrize(
    "filter_",
    ["(" * 5000, "a=" * 2000, 'x="' + "y" * 50_000, "NOT " * 5000, "a:b:c", "=", '"', "a=1 OR"],
)
def test_filters_that_make_no_sense_are_refused(http: httpx.Client, filter_: str) -> None:
    assert _refusal(http.get(f"{HERE}/models", params={"filter": filter_}))[0] in (400, 414)


def test_another_hosts_name_gets_nothing(http: httpx.Client) -> None:
    response = http.get(f"{HERE}/models", headers={"host": "evil.example"})

    assert _refusal(response)[0] == 403


def test_a_web_page_gets_nothing(http: httpx.Client) -> None:
    response = http.get(f"{HERE}/models", headers={"origin": "https://evil.example"})

    assert _refusal(response)[0] == 403


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic eDp5"])
def test_without_the_token_nothing_is_said(http: httpx.Client, header: str) -> None:
    response = http.get(f"{HERE}/models", headers={"authorization": header})

    assert _refusal(response)[0] == 401
