"""The Artifact Registry repository of the training image."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.fake import Refused
from tests.cloud.project import FakeProject
from vertex_flow.errors import ApiError, SettingError
from vertex_flow.gcp.registry import Repository, RepositoryRoles
from vertex_flow.gcp.requirement import Finding
from vertex_flow.gcp.site import Site

EMAIL = "vertex-flow@acme.iam.gserviceaccount.com"


@pytest.fixture(autouse=True)
def _enabled(enabled: FakeProject) -> None:
    """Artifact Registry is enabled."""


def test_a_repository_that_is_not_there(site: Site) -> None:
    assert Repository().look(site) == [
        Finding(
            "repository",
            "missing",
            "vertex-flow is not there in us-central1",
            "gcloud artifacts repositories create vertex-flow --repository-format=docker "
            "--location=us-central1 --project=acme",
        )
    ]


def test_a_repository_that_is_there(site: Site, project: FakeProject) -> None:
    project.registry.add("vertex-flow")
    assert Repository().look(site) == [
        Finding("repository", "ok", "us-central1-docker.pkg.dev/acme/vertex-flow")
    ]


def test_a_repository_in_another_location_is_another(site: Site, project: FakeProject) -> None:
    project.registry.add("vertex-flow", location="europe-west4")
    assert [one.state for one in Repository().look(site)] == ["missing"]


@pytest.mark.parametrize("fields", [{"format": "PYTHON"}, {"mode": "REMOTE_REPOSITORY"}], ids=str)
def test_a_repository_that_takes_no_images(
    site: Site, project: FakeProject, fields: dict[str, Any]
) -> None:
    project.registry.add("vertex-flow", **fields)
    with pytest.raises(SettingError) as caught:
        Repository().changes(site)
    assert str(caught.value) == (
        "repository: vertex-flow is no repository that Docker images can be pushed to.\n"
        '  Fix: choose another name: GcpContext(repository="vertex-flow-docker")'
    )


def test_a_repository_whose_answer_was_lost(site: Site, project: FakeProject) -> None:
    [change] = Repository().changes(site)
    project.registry.add("vertex-flow")
    assert change.apply() == ""


def test_a_creation_that_is_refused_is_raised(site: Site, project: FakeProject) -> None:
    [change] = Repository().changes(site)
    refusal = Refused(400, "INVALID_ARGUMENT", "no such name")
    project.cloud.trouble("artifactregistry.projects.locations.repositories.create", refusal)
    with pytest.raises(ApiError, match="no such name"):
        change.apply()


def test_only_a_repository_of_setup_is_removed(site: Site, project: FakeProject) -> None:
    project.registry.add("vertex-flow", labels={"vertex-flow": "mine"})
    assert Repository().removals(site) == ()


def test_a_repository_that_is_gone_already(site: Site, project: FakeProject) -> None:
    project.registry.add("vertex-flow", labels={"vertex-flow": "managed"})
    [removal] = Repository().removals(site)
    project.registry.repositories.clear()
    assert removal.apply() == ""


def test_roles_on_a_repository_that_was_there_are_written_to_its_labels(
    site: Site, project: FakeProject
) -> None:
    project.iam.add("vertex-flow")
    name = project.registry.add("vertex-flow", labels={"team": "vision"})
    [change] = RepositoryRoles().changes(site)
    assert change.apply() == ""
    assert project.registry.repositories[name]["labels"] == {
        "team": "vision",
        "vertex-flow-images-vertex-flow": "granted",
    }


def test_a_repository_that_cannot_be_labelled_gets_its_roles(
    site: Site, project: FakeProject
) -> None:
    project.iam.add("vertex-flow")
    name = project.registry.add("vertex-flow")
    project.rules.denied.add("artifactregistry.repositories.update")
    [change] = RepositoryRoles().changes(site)
    assert change.apply() == (
        "teardown will leave it: the caller lacks the permission "
        "artifactregistry.repositories.update."
    )
    assert project.registry.policies.bindings(name) == [
        {"role": "roles/artifactregistry.writer", "members": [f"serviceAccount:{EMAIL}"]}
    ]


def test_roles_that_are_missing(site: Site, project: FakeProject) -> None:
    project.iam.add("vertex-flow")
    project.registry.add("vertex-flow")
    assert RepositoryRoles().look(site) == [
        Finding(
            "roles on the repository",
            "missing",
            f"{EMAIL} lacks roles/artifactregistry.writer on repository vertex-flow",
            "gcloud artifacts repositories add-iam-policy-binding vertex-flow "
            f"--location=us-central1 --project=acme --member=serviceAccount:{EMAIL} "
            "--role=roles/artifactregistry.writer",
        )
    ]
