"""What every requirement has in common."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cloud.project import FakeProject
from vertex_flow.errors import ApiError, PermissionMissing, ServiceDisabled
from vertex_flow.gcp.requirement import Change, Finding, Removal, refused, settled, worded
from vertex_flow.gcp.site import Site

IAM = "iam.googleapis.com"


def disabled(service: str) -> ApiError:
    return ServiceDisabled(403, "PERMISSION_DENIED", "off", service=service, cause="", fix="")


def denied(permission: str) -> ApiError:
    return PermissionMissing(
        403, "PERMISSION_DENIED", "no", permission=permission, cause="", fix=""
    )


def failing(*errors: ApiError) -> Callable[[], str]:
    left = list(errors)

    def ask() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return ask


EARLY = [
    disabled(IAM),
    denied("iam.serviceAccounts.get"),
    ApiError(400, "INVALID_ARGUMENT", "Service account a@b does not exist."),
    ApiError(404, "NOT_FOUND", "Unknown service account"),
]
LATE = [
    disabled("run.googleapis.com"),
    denied("iam.serviceAccounts.create"),
    ApiError(400, "INVALID_ARGUMENT", "no such role"),
    ApiError(409, "ABORTED", "service account"),
]


@pytest.fixture
def new(site: Site) -> Site:
    """A site where IAM and the account are a moment old."""
    site.switched_on.add(IAM)
    site.account_is_new = True
    return site


@pytest.mark.parametrize("error", EARLY, ids=str)
def test_what_came_too_early_is_asked_again(
    new: Site, project: FakeProject, error: ApiError
) -> None:
    assert settled(new, failing(error, error)) == "done"
    assert project.pauses == [1, 2]


@pytest.mark.parametrize("error", EARLY, ids=str)
def test_where_nothing_is_new_nothing_is_asked_again(site: Site, error: ApiError) -> None:
    with pytest.raises(ApiError):
        settled(site, failing(error))


def test_an_api_that_is_enabled_though_it_does_not_know_yet_is_waited_for(
    site: Site, enabled: FakeProject
) -> None:
    assert settled(site, failing(disabled(IAM))) == "done"


@pytest.mark.parametrize("error", EARLY[2:], ids=str)
def test_an_account_that_was_seen_is_waited_for(
    site: Site, enabled: FakeProject, error: ApiError
) -> None:
    enabled.iam.add("vertex-flow")
    assert site.account is not None
    assert settled(site, failing(error)) == "done"


@pytest.mark.parametrize("error", LATE, ids=str)
def test_anything_else_is_not_asked_again(new: Site, error: ApiError) -> None:
    with pytest.raises(ApiError):
        settled(new, failing(error))


def test_it_is_waited_for_two_minutes(new: Site, project: FakeProject) -> None:
    with pytest.raises(ServiceDisabled):
        settled(new, failing(*[disabled(IAM)] * 20))
    assert sum(project.pauses) == 120


def test_a_refusal_without_known_cause() -> None:
    assert refused("bucket", ApiError(500, "INTERNAL", "oops")) == Finding(
        "bucket", "unknown", "could not be checked: 500 INTERNAL: oops"
    )


def test_a_finding_as_an_error() -> None:
    finding = Finding("bucket", "wrong", "not yours.", "take another")
    assert worded(finding) == "bucket: not yours.\n  Fix: take another"
    assert worded(Finding("bucket", "wrong", "not yours.")) == "bucket: not yours."


def test_changes_and_removals_say_nothing_unless_they_do() -> None:
    done = (Change("a", lambda: None).apply(), Removal("a", lambda: None).apply())
    assert done == ("", "")
    assert Removal("a", lambda: "it is needed").apply() == "it is needed"
