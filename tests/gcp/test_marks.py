"""The labels that say that setup has made something."""

from __future__ import annotations

import pytest

from tests.cloud.project import FakeProject
from vertex_flow.gcp.marks import (
    api_mark,
    is_managed,
    labels,
    mark_project,
    role_mark,
    unmark_project,
)
from vertex_flow.gcp.site import Site


def test_labels_of_what_is_made(site: Site, project: FakeProject) -> None:
    place = project.context(labels={"team": "vision"})
    assert labels(place) == {"team": "vision", "vertex-flow": "managed"}


def test_labels_of_ones_own_do_not_replace_the_mark(project: FakeProject) -> None:
    assert labels(project.context(labels={"vertex-flow": "mine"})) == {"vertex-flow": "managed"}


@pytest.mark.parametrize(
    ("found", "managed"),
    [
        (None, False),
        ({}, False),
        ({"vertex-flow": "mine"}, False),
        ({"vertex-flow": "managed"}, True),
    ],
    ids=str,
)
def test_what_is_managed(found: dict[str, str] | None, managed: bool) -> None:
    assert is_managed(found) is managed


def test_the_mark_of_an_api() -> None:
    assert api_mark("iam.googleapis.com") == "vertex-flow-api-iam"


def test_the_mark_of_a_role() -> None:
    assert role_mark("log-writer", "a@b.iam.gserviceaccount.com") == "vertex-flow-log-writer-a"


def test_labels_of_others_stay(site: Site, enabled: FakeProject) -> None:
    enabled.manager.labels = {"team": "vision"}
    assert mark_project(site, {"a": "b"}) == ""
    assert enabled.manager.labels == {"team": "vision", "a": "b"}
    unmark_project(site, ["a", "c"])
    assert enabled.manager.labels == {"team": "vision"}


def test_labels_that_are_there_are_not_written_again(site: Site, enabled: FakeProject) -> None:
    enabled.manager.labels = {"a": "b"}
    mark_project(site, {"a": "b"})
    assert enabled.changing() == []


def test_a_project_that_cannot_be_labelled(site: Site, enabled: FakeProject) -> None:
    enabled.rules.denied.add("resourcemanager.projects.update")
    assert mark_project(site, {"a": "b"}) == (
        "the caller lacks the permission resourcemanager.projects.update."
    )
