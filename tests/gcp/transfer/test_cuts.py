"""Connections that are cut anywhere, again and again: whatever happens, the bytes are right."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gcp.transfer.conftest import MIB, Cloud
from vertex_flow.calls import TRANSIENT
from vertex_flow.errors import ApiError
from vertex_flow.gcp.transfer import cloud as cloud_module
from vertex_flow.gcp.transfer import resumable


@pytest.fixture(params=range(25))
def chance(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> random.Random:
    """A source of chance; it has said how much is sent in a request."""
    found = random.Random(request.param)
    for module in (resumable, cloud_module):
        monkeypatch.setattr(module, "WINDOW", found.choice([1, 2, 4]) * MIB)
    return found


def some(chance: random.Random, most: int, largest: int) -> list[int]:
    return [chance.randrange(largest) for _ in range(chance.randrange(most))]


def until_done(copy: Callable[[], object], result: Path) -> None:
    """Call again whatever was given up; half a file is never to be seen."""
    while True:
        try:
            copy()
            return
        except ApiError as error:
            if error.code not in TRANSIENT or result.exists():
                raise


@pytest.mark.torture
def test_there_and_back(cloud: Cloud, tmp_path: Path, chance: random.Random) -> None:
    data = os.urandom(chance.randrange(3 * MIB, 9 * MIB))
    (tmp_path / "large").write_bytes(data)
    cloud.proxy.cut("up", *some(chance, 9, 3 * MIB))
    cloud.proxy.cut("down", *some(chance, 4, 700))
    for code in (429, 500, 503):
        cloud.proxy.refuse(code, chance.randrange(2), when="upload_id")
    until_done(lambda: cloud.upload(tmp_path / "large"), cloud.folder / "large")
    assert (cloud.folder / "large").read_bytes() == data
    cloud.proxy.cut("down", *some(chance, 9, 3 * MIB))
    until_done(lambda: cloud.download("large", tmp_path / "back"), tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == data
    left = [*tmp_path.rglob("*.part"), *(tmp_path / "cache").rglob("*.json")]
    assert left == []
