"""How many predictions were asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.engine.local_api import LocalApi
from vertex_flow.engine.endpoints.counts import Counts


def test_requests_are_counted_for_each_deployed_model() -> None:
    counts = Counts()
    counts.add("e", "1", ok=True)
    counts.add("e", "1", ok=False)
    counts.add("e", "2", ok=True)
    found = counts.as_json()["endpoints"]["e"]
    assert {key: (one["requests"], one["failed"]) for key, one in found.items()} == {
        "1": (2, 1),
        "2": (1, 0),
    }


def test_they_say_since_when_and_when_the_last_one_was() -> None:
    counts = Counts()
    counts.add("e", "1", ok=True)
    said = counts.as_json()
    last = datetime.fromisoformat(said["endpoints"]["e"]["1"]["last"])
    assert datetime.fromisoformat(said["since"]) <= last


def test_without_requests_there_are_none() -> None:
    assert Counts().as_json()["endpoints"] == {}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Any:
    api: Any = LocalApi(tmp_path_factory.mktemp("home"))
    yield api
    api.close()


def test_predictions_and_raw_ones_are_counted_failed_ones_too(api: Any) -> None:
    endpoint = api.create_endpoint("counted")
    api.deploy(endpoint, api.upload_flowers("counted"))
    api.predict(endpoint, {"instances": [[1, 2]]})
    api.predict(endpoint, {"instances": "no list"})  # refused before any model is asked
    api.http.post(f"{endpoint}:rawPredict", content=b"x", headers={"content-type": "text/plain"})
    api.http.post(f"{endpoint}:streamRawPredict", content=b"x", headers={"content-type": "a/b"})
    [count] = api.served.counts()["endpoints"][endpoint].values()
    assert count["requests"] == 3
