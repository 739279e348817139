"""The plug-in for pytest: the fixtures `vertex_engine` and `local_context`.

pytest loads it at every start, where this package is installed: it imports nothing until a test
asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext
    from vertex_flow.testing.engines import VertexEngine


@pytest.fixture
def vertex_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VertexEngine]:
    """A local Vertex AI of this test's own, empty at its start and gone after it.

    `$VERTEX_FLOW_HOME` is its folder in the test, so that `flow.run()` without a context, and
    programs that the test starts, use it too.
    """
    from vertex_flow.testing.engines import VertexEngine

    with VertexEngine.start(tmp_path / ".vertex_flow") as engine:
        monkeypatch.setenv("VERTEX_FLOW_HOME", str(engine.home))
        yield engine


@pytest.fixture
def local_context(vertex_engine: VertexEngine) -> GcpContext:
    """Where a flow runs in a test: `flow.run(local_context)`, on the test's own engine."""
    return vertex_engine.context
