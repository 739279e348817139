"""The regions that Vertex AI is in."""

from __future__ import annotations

from google.cloud.aiplatform.constants import base

from vertex_flow.locations import LOCATIONS


def test_they_are_those_of_googles_own_client() -> None:
    assert set(LOCATIONS) == set(base.SUPPORTED_REGIONS) - {"global"}
