from __future__ import annotations

import pytest
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.endpoints import FIELDS, NOTES, REFUSED_METHODS


@pytest.mark.parametrize("name", ["Endpoint", "DeployedModel"])
def test_every_field_has_its_level(name: str) -> None:
    judged = {path.split(".")[1] for path in FIELDS if path.startswith(f"{name}.")}

    assert set(getattr(types, name).pb().DESCRIPTOR.fields_by_name) - judged == set()


def test_every_refused_method_says_why() -> None:
    assert set(NOTES) >= REFUSED_METHODS
