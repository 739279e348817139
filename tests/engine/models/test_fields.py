from __future__ import annotations

from typing import Any

import pytest
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.models import FIELDS, NOTES, REFUSED_METHODS


def fields_of(kind: Any) -> set[str]:
    return set(kind.pb().DESCRIPTOR.fields_by_name)


@pytest.mark.parametrize("name", ["Model", "CopyModelRequest"])
def test_every_field_has_its_level(name: str) -> None:
    judged = {path.split(".")[1] for path in FIELDS if path.startswith(f"{name}.")}

    assert fields_of(getattr(types, name)) - judged == set()


@pytest.mark.parametrize("probe", ["health_probe", "liveness_probe", "startup_probe"])
def test_every_field_of_a_probe_has_its_level(probe: str) -> None:
    prefix = f"Model.container_spec.{probe}."
    judged = {path.removeprefix(prefix) for path in FIELDS if path.startswith(prefix)}

    assert judged == fields_of(types.Probe)


def test_every_refused_method_says_why() -> None:
    assert set(NOTES) >= REFUSED_METHODS
