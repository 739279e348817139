from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.pipelines.bench import Bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One for the tests of a module: its warm processes are what takes time."""
    bench = Bench(tmp_path_factory.mktemp("bench"))
    yield bench
    bench.close()
