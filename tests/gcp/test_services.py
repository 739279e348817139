"""The APIs that a pipeline needs."""

from __future__ import annotations

import pytest

from tests.cloud.fake import Cut, Refused
from tests.cloud.project import FakeProject
from vertex_flow.errors import ApiError, PermissionMissing
from vertex_flow.gcp.requirement import Finding
from vertex_flow.gcp.services import Services
from vertex_flow.gcp.site import SERVICES, Site


def marks(project: FakeProject) -> dict[str, str]:
    return project.manager.labels


def test_what_is_enabled_and_what_is_not(site: Site, project: FakeProject) -> None:
    project.rules.enabled.add("iam.googleapis.com")
    findings = Services().look(site)
    assert findings[1] == Finding("API iam", "ok", "enabled")
    assert findings[5] == Finding(
        "API aiplatform",
        "missing",
        "not enabled",
        "gcloud services enable aiplatform.googleapis.com --project=acme",
    )


def test_what_is_enabled_is_written_down_before(site: Site, enabled: FakeProject) -> None:
    enabled.rules.enabled -= {"iam.googleapis.com"}
    enabled.cloud.trouble("serviceusage.services.batchEnable", *[Cut()] * 9)
    [change] = Services().changes(site)
    with pytest.raises(ApiError):
        change.apply()
    assert marks(enabled) == {"vertex-flow-api-iam": "enabled"}


def test_what_was_refused_is_not_written_down(site: Site, enabled: FakeProject) -> None:
    enabled.rules.enabled -= {"iam.googleapis.com"}
    enabled.rules.denied.add("serviceusage.services.enable")
    [change] = Services().changes(site)
    with pytest.raises(PermissionMissing):
        change.apply()
    assert marks(enabled) == {}


def test_what_was_enabled_before_is_not_written_down(site: Site, enabled: FakeProject) -> None:
    enabled.rules.enabled -= {"iam.googleapis.com", "storage.googleapis.com"}
    enabled.manager.labels = {"team": "vision"}
    [change] = Services().changes(site)
    assert change.what == "enable iam.googleapis.com, storage.googleapis.com"
    change.apply()
    assert marks(enabled) == {
        "team": "vision",
        "vertex-flow-api-iam": "enabled",
        "vertex-flow-api-storage": "enabled",
    }


def test_all_apis_are_enabled_in_one_request(site: Site, enabled: FakeProject) -> None:
    enabled.rules.enabled -= set(SERVICES[1:])
    for change in Services().changes(site):
        change.apply()
    asked = [one.method for one in enabled.changing()]
    assert asked == ["cloudresourcemanager.projects.patch", "serviceusage.services.batchEnable"]


def test_an_api_that_somebody_disabled_meanwhile_is_forgotten(
    site: Site, enabled: FakeProject
) -> None:
    enabled.manager.labels = {"vertex-flow-api-iam": "enabled", "team": "vision"}
    enabled.rules.enabled -= {"iam.googleapis.com"}
    [removal] = Services().removals(site)
    assert (removal.what, removal.apply()) == ("API iam", "")
    assert marks(enabled) == {"team": "vision"}


def test_an_api_that_cannot_be_disabled_is_raised(site: Site, enabled: FakeProject) -> None:
    enabled.manager.labels = {"vertex-flow-api-iam": "enabled"}
    [removal] = Services().removals(site)
    enabled.cloud.trouble("serviceusage.services.disable", Refused(400, "INVALID_ARGUMENT", "no"))
    with pytest.raises(ApiError, match="no"):
        removal.apply()
    assert marks(enabled) == {"vertex-flow-api-iam": "enabled"}


def test_an_api_without_a_label_is_left(site: Site, enabled: FakeProject) -> None:
    enabled.manager.labels = {"vertex-flow-api-run": "enabled", "vertex-flow": "managed"}
    assert Services().removals(site) == []


def test_labels_that_somebody_changes_at_the_same_time_survive(
    site: Site, enabled: FakeProject
) -> None:
    enabled.rules.enabled -= {"iam.googleapis.com"}
    conflict = Refused(409, "ABORTED", "There were concurrent changes.")
    enabled.cloud.trouble("cloudresourcemanager.projects.patch", conflict, conflict)
    [change] = Services().changes(site)
    assert change.apply() == ""
    assert marks(enabled) == {"vertex-flow-api-iam": "enabled"}
