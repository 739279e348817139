"""Bring a data set into the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.samples import compiled
from vertex_flow import Param
from vertex_flow.errors import SettingError
from vertex_flow.stages import ImportDataset


def test_the_compiled_stage(check_pipeline: Callable[[Any], None]) -> None:
    check_pipeline(ImportDataset(Param("data", "gs://acme/x.npz"), metadata={"rows": 10}))


@pytest.mark.parametrize("uri", ["", "  "])
def test_an_empty_uri(uri: str) -> None:
    with pytest.raises(SettingError) as caught:
        ImportDataset(uri)
    assert str(caught.value) == (
        "ImportDataset(uri=''): give a gs:// URI, or the absolute path of a local file."
    )


@pytest.mark.parametrize("cache", [True, False])
def test_without_cache_it_imports_anew(cache: bool) -> None:
    spec = compiled(ImportDataset("gs://acme/x.npz", cache=cache))
    importer = spec["deploymentSpec"]["executors"]["exec-importer"]["importer"]
    assert importer.get("reimport", False) == (not cache)
