"""Model versions and endpoints: listed, found, and as plain data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.loopback import PARENT, Loopback, context_at, error, serving
from vertex_flow import DeployedEndpoint, GcpContext, RegisteredModel
from vertex_flow.client import Client
from vertex_flow.errors import SettingError
from vertex_flow.runs.outcomes import DeployedModel, endpoint_of

MODEL, OTHER = f"{PARENT}/models/7", f"{PARENT}/models/8"
GARDEN, SHED = f"{PARENT}/endpoints/1", f"{PARENT}/endpoints/2"
NOON = datetime(2026, 11, 27, 12, tzinfo=timezone.utc)


def version(name: str, number: str, *aliases: str) -> dict[str, Any]:
    return {
        "name": name,
        "versionId": number,
        "displayName": "rose",
        "versionAliases": list(aliases),
        "artifactUri": "gs://acme/model",
        "containerSpec": {"imageUri": "image"},
        "labels": {"team": "vision"},
        "versionCreateTime": "2026-11-27T12:00:00Z",
    }


def endpoint(name: str, display_name: str, *models: tuple[str, str]) -> dict[str, Any]:
    deployed = [
        {"id": str(index), "model": model, "modelVersionId": number, "displayName": "rose"}
        for index, (model, number) in enumerate(models, 1)
    ]
    return {
        "name": name,
        "displayName": display_name,
        "deployedModels": deployed,
        "trafficSplit": {"1": 90, "2": 10} if len(models) == 2 else {},
        "createTime": f"2026-11-27T12:00:0{name[-1]}Z",
        "labels": {"vertex-flow-expires": "2026-11-27t12-00-00z"},
    }


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as server:
        found = [endpoint(GARDEN, "garden", (MODEL, "10"), (f"{MODEL}@9", "9")), endpoint(SHED, "")]
        server.on(f"GET /v1/{PARENT}/endpoints", {"endpoints": found})
        server.on(
            f"GET /v1/{PARENT}/models", {"models": [version(OTHER, "1"), version(MODEL, "9")]}
        )
        versions = [version(MODEL, "9", "default"), version(MODEL, "10", "best")]
        server.on(f"GET /v1/{MODEL}:listVersions", {"models": versions})
        server.on(f"GET /v1/{OTHER}:listVersions", {"models": [version(OTHER, "1", "default")]})
        yield server


@pytest.fixture
def context(server: Loopback) -> GcpContext:
    return context_at(server.url)


def test_every_version_the_newest_first(context: GcpContext) -> None:
    found = RegisteredModel.list(context)
    assert [(one.id, one.version, one.is_default) for one in found] == [
        ("8", "1", True),
        ("7", "10", False),
        ("7", "9", True),
    ]


def test_a_version_says_where_it_is_deployed(context: GcpContext) -> None:
    assert [one.endpoints for one in RegisteredModel.list(context)] == [(), (GARDEN,), (GARDEN,)]


def test_a_limit_is_of_models(context: GcpContext) -> None:
    assert {one.name for one in RegisteredModel.list(context, limit=1)} == {OTHER}


@pytest.mark.parametrize("limit", [0, True, "3"], ids=repr)
def test_a_limit_that_is_none(context: GcpContext, limit: int) -> None:
    with pytest.raises(SettingError) as caught:
        RegisteredModel.list(context, limit=limit)
    assert str(caught.value) == (
        f"RegisteredModel.list(limit={limit!r}): expected a whole number from 1."
    )


def test_a_version_as_plain_data(context: GcpContext) -> None:
    plain = RegisteredModel.list(context)[1].as_json()
    assert json.loads(json.dumps(plain)) == {
        "id": "7",
        "name": MODEL,
        "display_name": "rose",
        "version": "10",
        "aliases": ["best"],
        "default": False,
        "created": "2026-11-27T12:00:00+00:00",
        "uri": "gs://acme/model",
        "image": "image",
        "labels": {"team": "vision"},
        "endpoints": [GARDEN],
    }


def test_endpoints_the_newest_first(context: GcpContext) -> None:
    assert [one.id for one in DeployedEndpoint.list(context)] == ["2", "1"]


def test_what_is_deployed_has_its_share(context: GcpContext) -> None:
    assert DeployedEndpoint.list(context)[1].deployed_models == (
        DeployedModel(id="1", model=MODEL, version="10", display_name="rose", traffic_percent=90),
        DeployedModel(id="2", model=MODEL, version="9", display_name="rose", traffic_percent=10),
    )


def test_an_endpoint_says_when_it_may_go(context: GcpContext) -> None:
    assert DeployedEndpoint.find(context, "garden").expires == NOON


def test_an_endpoint_as_plain_data(server: Loopback, context: GcpContext) -> None:
    plain = DeployedEndpoint.find(context, "garden").as_json()
    first = {"id": "1", "model": MODEL, "version": "10", "display_name": "rose"}
    assert json.loads(json.dumps({**plain, "deployed_models": plain["deployed_models"][:1]})) == {
        "id": "1",
        "name": GARDEN,
        "display_name": "garden",
        "url": f"{server.url}/v1/{GARDEN}:predict",
        "created": "2026-11-27T12:00:01+00:00",
        "expires": "2026-11-27T12:00:00+00:00",
        "labels": {"vertex-flow-expires": "2026-11-27t12-00-00z"},
        "deployed_models": [{**first, "traffic_percent": 90, "created": None}],
    }


@pytest.mark.parametrize(
    "name", ["garden", "1", GARDEN, "projects/9/locations/us-central1/endpoints/1"]
)
def test_an_endpoint_has_several_names(context: GcpContext, name: str) -> None:
    assert DeployedEndpoint.find(context, name).id == "1"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "gardn",
            "there is no endpoint 'gardn' in project acme, us-central1; its endpoints are 2, "
            "garden. Did you mean 'garden'?",
        ),
        (
            "projects/acme/locations/europe-west4/endpoints/1",
            "the endpoint 'projects/acme/locations/europe-west4/endpoints/1' is in europe-west4, "
            "and the context in us-central1: GcpContext(project=..., location='europe-west4').",
        ),
    ],
)
def test_an_endpoint_that_there_is_not(context: GcpContext, name: str, said: str) -> None:
    with pytest.raises(SettingError) as caught:
        DeployedEndpoint.find(context, name)
    assert str(caught.value) == said


def test_of_one_display_name_there_may_be_several(server: Loopback, context: GcpContext) -> None:
    found = [endpoint(GARDEN, "garden"), endpoint(SHED, "garden")]
    server.on(f"GET /v1/{PARENT}/endpoints", {"endpoints": found})
    with pytest.raises(SettingError) as caught:
        DeployedEndpoint.find(context, "garden")
    assert str(caught.value) == ("2 endpoints have the display name 'garden'. Give an id: 2, 1.")


def test_an_endpoint_that_is_gone_is_known_by_its_name(server: Loopback) -> None:
    client = Client(server.url, PARENT, "secret")
    server.on(f"GET /v1/{GARDEN}", error(404, "NOT_FOUND", "gone"), code=404)
    found = endpoint_of(client, GARDEN)
    assert (found.name, found.display_name, found.deployed_models) == (GARDEN, "", ())


def test_where_nothing_has_run_nothing_is_made(tmp_path: Path) -> None:
    context = GcpContext.local(tmp_path / "home")
    assert (RegisteredModel.list(context), DeployedEndpoint.list(context)) == ((), ())
    with pytest.raises(SettingError, match="there is no endpoint 'x' here; there is none"):
        DeployedEndpoint.find(context, "x")
    assert not (tmp_path / "home").exists()
