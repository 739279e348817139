"""Every field and parameter of Cloud Storage has a level: honoured, simulated or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import googleapiclient
import pytest

from vertex_flow.engine.storage.parameters import PARAMETERS
from vertex_flow.engine.storage.settings import _OUTPUT, BUCKET, OBJECT


@pytest.fixture(scope="module")
def discovery() -> dict[str, Any]:
    folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    return json.loads((folder / "storage.v1.json").read_text())


@pytest.mark.parametrize(("kind", "levels"), [("Object", OBJECT), ("Bucket", BUCKET)])
def test_each_field_has_a_level(discovery, kind, levels):
    known = set(discovery["schemas"][kind]["properties"])
    assert known - set(levels) - _OUTPUT == set()
    assert set(levels) <= known


def test_each_parameter_has_a_level(discovery):
    methods = [
        method
        for kind in ("buckets", "objects")
        for name, method in discovery["resources"][kind]["methods"].items()
        if name not in ("restore", "bulkRestore", "viewFullContext")
    ]
    known = {
        name
        for method in methods
        for name, parameter in method["parameters"].items()
        if parameter["location"] == "query"
    }
    assert known - set(PARAMETERS) == set()
