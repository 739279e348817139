"""Whether Vertex AI is where the place says."""

from __future__ import annotations

import pytest

from tests.cloud.project import FakeProject
from vertex_flow.errors import SettingError
from vertex_flow.gcp.regions import Location
from vertex_flow.gcp.requirement import Finding
from vertex_flow.gcp.site import Site


@pytest.fixture(autouse=True)
def _enabled(enabled: FakeProject) -> None:
    """Vertex AI is enabled."""


def test_a_location_that_is_offered(site: Site) -> None:
    assert Location().look(site) == [Finding("location", "ok", "us-central1")]


def test_a_location_that_is_not(site: Site, project: FakeProject) -> None:
    project.vertex.locations = ["us-central2", "europe-west4"]
    with pytest.raises(SettingError) as caught:
        Location().changes(site)
    assert str(caught.value) == (
        "location: Vertex AI does not offer us-central1 to the project. Did you mean "
        "'us-central2'?\n  Fix: choose another one: GcpContext(location=...); see "
        "https://cloud.google.com/vertex-ai/docs/general/locations"
    )


def test_locations_that_may_not_be_seen_stop_no_setup(site: Site, project: FakeProject) -> None:
    project.rules.denied.add("aiplatform.locations.list")
    assert Location().changes(site) == ()
