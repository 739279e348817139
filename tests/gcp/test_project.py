"""Credentials, project and billing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.cloud.fake import Refused
from tests.cloud.project import FakeProject
from vertex_flow.errors import ApiError, SettingError
from vertex_flow.gcp.project import Billing, Credentials, Project
from vertex_flow.gcp.requirement import Finding, Requirement
from vertex_flow.gcp.site import SERVICES, Site


def looked(requirement: Requirement, site: Site) -> Finding:
    [finding] = requirement.look(site)
    return finding


def elsewhere(site: Site, project: FakeProject) -> Site:
    return Site(project.context(project="not-mine"), site.apis)


def test_credentials_that_are_accepted(site: Site) -> None:
    assert looked(Credentials(), site) == Finding("credentials", "ok", "those of ada@acme.com")


def test_credentials_are_accepted_where_the_project_is_refused(
    site: Site, project: FakeProject
) -> None:
    assert looked(Credentials(), elsewhere(site, project)).state == "ok"


def test_credentials_that_the_server_refuses(site: Site, project: FakeProject) -> None:
    refusal = Refused(401, "UNAUTHENTICATED", "Invalid credentials.")
    project.cloud.trouble("serviceusage.services.batchGet", *[refusal] * 3)  # they are refreshed
    assert looked(Credentials(), site) == Finding(
        "credentials",
        "wrong",
        "Invalid credentials; the credentials are not valid, or not any more.",
        "gcloud auth application-default login",
    )


def test_a_project(site: Site) -> None:
    assert looked(Project(), site) == Finding("project", "ok", "acme, number 123456789012")


@pytest.mark.parametrize("code", [403, 404])
def test_a_project_that_is_not_there_or_not_visible(
    site: Site, project: FakeProject, code: int
) -> None:
    refusal = Refused(code, "PERMISSION_DENIED", "Project 'not-mine' not found.")
    project.cloud.trouble("serviceusage.services.batchGet", refusal)
    assert looked(Project(), elsewhere(site, project)) == Finding(
        "project",
        "wrong",
        "not-mine is not there, or the caller may not see it.",
        "gcloud projects list",
    )


def test_setup_stops_at_a_project_that_is_not_there(site: Site, project: FakeProject) -> None:
    with pytest.raises(SettingError) as caught:
        Project().changes(elsewhere(site, project))
    assert str(caught.value) == (
        "project: not-mine is not there, or the caller may not see it.\n  Fix: gcloud projects list"
    )


def test_a_permission_that_is_named_is_no_missing_project(site: Site, project: FakeProject) -> None:
    project.rules.denied.add("serviceusage.services.get")
    with pytest.raises(ApiError) as caught:
        Project().look(site)
    assert caught.value.cause == "the caller lacks the permission serviceusage.services.get."


def test_a_project_that_is_being_deleted(site: Site, enabled: FakeProject) -> None:
    enabled.manager.state = "DELETE_REQUESTED"
    assert looked(Project(), site) == Finding(
        "project", "wrong", "acme is about to be deleted.", "gcloud projects undelete acme"
    )


def test_a_project_whose_state_is_not_visible(site: Site, enabled: FakeProject) -> None:
    enabled.rules.denied.add("resourcemanager.projects.get")
    assert looked(Project(), site) == Finding(
        "project",
        "ok",
        "acme, number 123456789012; whether it is active is not visible: the caller lacks the "
        "permission resourcemanager.projects.get.",
    )


def test_billing_that_is_on(site: Site) -> None:
    assert looked(Billing(), site) == Finding("billing", "ok", "on")


def test_billing_that_is_off(site: Site, project: FakeProject) -> None:
    project.billing.on = False
    assert looked(Billing(), site) == Finding(
        "billing",
        "wrong",
        "project acme has no active billing account.",
        "gcloud billing projects link acme --billing-account=ACCOUNT_ID",
    )


@pytest.mark.parametrize(
    ("services", "finding"),
    [
        (SERVICES, Finding("billing", "ok", "on: APIs that need it are enabled")),
        (
            SERVICES[:3],
            Finding(
                "billing",
                "unknown",
                "not checked: the API cloudbilling.googleapis.com is not enabled.",
                "gcloud services enable cloudbilling.googleapis.com --project=acme",
            ),
        ),
    ],
    ids=["all", "some"],
)
def test_billing_that_cannot_be_asked(
    site: Site, project: FakeProject, services: Sequence[str], finding: Finding
) -> None:
    project.rules.enabled.clear()
    project.rules.enabled |= set(services)
    assert looked(Billing(), site) == finding
