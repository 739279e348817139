"""KFP's own compiled pipelines: `KFP_PUBLISHED=<a checkout of kubeflow/pipelines> pytest`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.published import catalogue
from tests.published.runs import Published
from vertex_flow.engine.embedded import EmbeddedEngine

FOLDERS = ("valid", "argo_compatibility")


def _root() -> Path | None:
    given = os.environ.get("KFP_PUBLISHED", "")
    return Path(given, "test_data", "sdk_compiled_pipelines") if given else None


def _names() -> list[str]:
    root = _root()
    if root is None:
        return []
    files = (file for folder in FOLDERS for file in (root / folder).rglob("*.yaml"))
    return sorted(str(file.relative_to(root).with_suffix("")) for file in files)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "pipeline" in metafunc.fixturenames:
        slow = [pytest.mark.torture]
        params = [
            pytest.param(name, marks=slow if name in catalogue.SLOW else []) for name in _names()
        ]
        metafunc.parametrize("pipeline", params)


@pytest.fixture(scope="session")
def names() -> list[str]:
    if not _names():
        pytest.skip("KFP_PUBLISHED names no checkout of kubeflow/pipelines")
    return _names()


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    root = _root()
    assert root is not None
    folder = tmp_path_factory.mktemp("published")
    with EmbeddedEngine.start(folder / "home") as engine, Published(root, folder, engine) as runs:
        yield runs
