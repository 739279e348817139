"""IAM policies: what is changed in them, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.fake import Refused
from tests.cloud.project import FakeProject
from vertex_flow.errors import ApiError
from vertex_flow.gcp.policies import Holder, of_project
from vertex_flow.gcp.site import Site

WRITE = "cloudresourcemanager.projects.setIamPolicy"
CONFLICT = Refused(409, "ABORTED", "There were concurrent policy changes.")
ADA, BOB = "user:ada@acme.com", "user:bob@acme.com"
SOME: dict[str, Any] = {"role": "roles/a", "members": [ADA]}
HELD: dict[str, Any] = {
    "role": "roles/a",
    "members": [BOB],
    "condition": {"title": "t", "expression": "true"},
}


@pytest.fixture(autouse=True)
def _enabled(enabled: FakeProject) -> None:
    """Resource Manager is enabled."""
    enabled.manager.policies.set("", [SOME, HELD])


def bindings(project: FakeProject) -> list[Any]:
    return project.manager.policies.bindings("")


def test_a_member_joins_those_that_have_a_role_without_condition(
    site: Site, project: FakeProject
) -> None:
    of_project(site).grant(site, ["roles/a"], BOB)
    assert bindings(project) == [{"role": "roles/a", "members": [ADA, BOB]}, HELD]


def test_a_role_that_nobody_has(site: Site, project: FakeProject) -> None:
    of_project(site).grant(site, ["roles/b", "roles/b"], BOB)
    assert bindings(project) == [SOME, HELD, {"role": "roles/b", "members": [BOB]}]


def test_a_role_that_is_there_is_not_written_again(site: Site, project: FakeProject) -> None:
    of_project(site).grant(site, ["roles/a"], ADA)
    assert project.changing() == []


def test_a_role_is_taken_from_one_member(site: Site, project: FakeProject) -> None:
    of_project(site).grant(site, ["roles/a"], BOB)
    of_project(site).revoke(site, ["roles/a"], BOB)
    assert bindings(project) == [SOME, HELD]


def test_a_role_that_nobody_has_any_more_leaves_nothing(site: Site, project: FakeProject) -> None:
    of_project(site).revoke(site, ["roles/a"], ADA)
    assert bindings(project) == [HELD]


def test_a_role_that_is_not_there_is_not_taken(site: Site, project: FakeProject) -> None:
    of_project(site).revoke(site, ["roles/a", "roles/b"], BOB)
    assert project.changing() == []


def test_what_others_write_in_between_is_kept(site: Site, project: FakeProject) -> None:
    project.cloud.trouble(WRITE, *[CONFLICT] * 5)
    of_project(site).grant(site, ["roles/b"], BOB)
    assert len(bindings(project)) == 3
    assert len(project.pauses) == 5


def test_conflicts_without_end_are_raised(site: Site, project: FakeProject) -> None:
    project.cloud.trouble(WRITE, *[CONFLICT] * 8)
    with pytest.raises(ApiError, match="concurrent policy changes"):
        of_project(site).grant(site, ["roles/b"], BOB)


def test_a_policy_that_was_written_in_between_is_not_overwritten(
    site: Site, project: FakeProject
) -> None:
    holder = of_project(site)
    old = holder.read()
    project.manager.policies.set("", [])
    with pytest.raises(ApiError) as caught:
        holder.write(old)
    assert caught.value.status == "ABORTED"


def test_a_binding_without_members_is_that_of_nobody() -> None:
    holder = Holder(lambda: {"bindings": [{"role": "roles/a"}]}, lambda _: None)
    assert holder.roles(BOB) == frozenset()


def test_a_binding_without_members_gets_its_first(site: Site) -> None:
    written: list[Any] = []
    holder = Holder(lambda: {"bindings": [{"role": "roles/a"}]}, written.append)
    holder.grant(site, ["roles/a"], BOB)
    assert written == [{"bindings": [{"role": "roles/a", "members": [BOB]}]}]
