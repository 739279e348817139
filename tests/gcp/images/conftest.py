"""What the tests of training images share: a project on the loopback interface."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.building import Bench, bench
from vertex_flow.engine.embedded import EmbeddedEngine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngine]:
    """An engine, for its Cloud Storage."""
    with EmbeddedEngine.start(tmp_path_factory.mktemp("engine") / "home") as engine:
        yield engine


@pytest.fixture
def b(engine: EmbeddedEngine, tmp_path: Path) -> Iterator[Bench]:
    """A project, and a trainer."""
    with bench(engine, tmp_path / "bench") as b:
        yield b
