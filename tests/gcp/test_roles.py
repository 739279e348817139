"""The roles of the service account in the project."""

from __future__ import annotations

import pytest

from tests.cloud.project import FakeProject
from vertex_flow.apis import Apis
from vertex_flow.gcp.requirement import Finding
from vertex_flow.gcp.roles import ProjectRoles
from vertex_flow.gcp.site import DESCRIPTION, Site

EMAIL = "vertex-flow@acme.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{EMAIL}"
USER, LOGS = "roles/aiplatform.user", "roles/logging.logWriter"


@pytest.fixture(autouse=True)
def _enabled(enabled: FakeProject) -> None:
    """Resource Manager is enabled, and there is an account that was not made here."""
    enabled.iam.add("vertex-flow")


def holds(project: FakeProject, *roles: str) -> None:
    project.manager.policies.set("", [{"role": role, "members": [MEMBER]} for role in roles])


def test_roles_that_are_there(site: Site, project: FakeProject) -> None:
    holds(project, USER, LOGS)
    assert ProjectRoles().look(site) == [Finding("roles in the project", "ok", f"{USER}, {LOGS}")]


def test_a_role_that_is_missing(site: Site, project: FakeProject) -> None:
    holds(project, USER)
    assert ProjectRoles().look(site) == [
        Finding(
            "roles in the project",
            "missing",
            f"{EMAIL} lacks {LOGS} on project acme",
            f'gcloud projects add-iam-policy-binding acme --member="{MEMBER}" --role={LOGS} '
            "--condition=None",
        )
    ]


def test_a_role_with_a_condition_is_not_enough(site: Site, project: FakeProject) -> None:
    condition = {"title": "t", "expression": "false"}
    project.manager.policies.set(
        "",
        [
            {"role": USER, "members": [MEMBER], "condition": condition},
            {"role": LOGS, "members": [MEMBER]},
        ],
    )
    assert [one.state for one in ProjectRoles().look(site)] == ["missing"]


def test_only_the_role_that_is_missing_is_given_and_written_down(
    site: Site, project: FakeProject
) -> None:
    holds(project, USER)
    [change] = ProjectRoles().changes(site)
    change.apply()
    assert project.manager.labels == {"vertex-flow-log-writer-vertex-flow": "granted"}


def test_only_the_role_that_was_given_is_taken_back(site: Site, project: FakeProject) -> None:
    holds(project, USER)
    [change] = ProjectRoles().changes(site)
    change.apply()
    site.forget()
    [removal] = ProjectRoles().removals(site)
    assert removal.what == f"{LOGS} of {EMAIL} on project acme"
    removal.apply()
    assert project.manager.policies.bindings("") == [{"role": USER, "members": [MEMBER]}]
    assert project.manager.labels == {}


def test_a_role_that_was_taken_away_meanwhile_is_forgotten(
    site: Site, project: FakeProject
) -> None:
    project.manager.labels = {"vertex-flow-log-writer-vertex-flow": "granted"}
    [removal] = ProjectRoles().removals(site)
    removal.apply()
    assert project.manager.labels == {}


def test_a_project_that_cannot_be_labelled_gets_its_roles(site: Site, project: FakeProject) -> None:
    project.rules.denied.add("resourcemanager.projects.update")
    [change] = ProjectRoles().changes(site)
    assert change.apply() == (
        "teardown will leave it: the caller lacks the permission resourcemanager.projects.update."
    )
    assert len(project.manager.policies.bindings("")) == 2


def test_roles_of_an_account_of_setup_need_no_label(site: Site, project: FakeProject) -> None:
    project.iam.accounts[EMAIL]["description"] = DESCRIPTION
    [change] = ProjectRoles().changes(site)
    change.apply()
    assert project.manager.labels == {}
    assert len(ProjectRoles().removals(site)) == 1


def test_the_longest_name_of_an_account_fits_a_label(project: FakeProject, apis: Apis) -> None:
    email = project.iam.add("a" * 30)
    [change] = ProjectRoles().changes(Site(project.context(service_account=email), apis))
    change.apply()
    assert max(map(len, project.manager.labels)) <= 63
    assert len(project.manager.labels) == 2
