"""Google's clients for one project: what they send, and how long they try."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.oauth2.credentials import Credentials

from tests.cloud.fake import Asked, Cut, FakeCloud, Refused, fake_cloud
from vertex_flow.apis import Apis
from vertex_flow.calls import Patience
from vertex_flow.errors import (
    ApiError,
    CredentialsError,
    PermissionMissing,
    QuotaExceeded,
    ServiceDisabled,
)

GET = "cloudresourcemanager.projects.get"
BUSY = Refused(503, "UNAVAILABLE", "try again")


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as cloud:
        cloud.serve("cloudresourcemanager.v3", {GET: lambda asked: {"projectId": asked.parts[0]}})
        yield cloud


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def apis(cloud: FakeCloud, pauses: list[float]) -> Iterator[Apis]:
    with Apis(
        "acme",
        "us-central1",
        AnonymousCredentials(),  # type: ignore[no-untyped-call]
        {"cloudresourcemanager": cloud.url},
        Patience(attempts=4, sleep=pauses.append),
    ) as apis:
        yield apis


def get(apis: Apis) -> dict[str, Any]:
    return apis.send(apis.projects.projects().get(name="projects/acme"))


def test_an_answer(apis: Apis) -> None:
    assert get(apis) == {"projectId": "acme"}


@pytest.mark.parametrize("trouble", [BUSY, Cut(), Refused(500, "INTERNAL", "oops")], ids=repr)
def test_what_is_transient_is_tried_again(
    cloud: FakeCloud, apis: Apis, trouble: Exception, pauses: list[float]
) -> None:
    cloud.trouble(GET, trouble, trouble, trouble)
    assert get(apis) == {"projectId": "acme"}
    assert 1 <= len(pauses) <= 3  # the transport itself connects again once


def test_pauses_grow_and_keep_what_the_service_asks_for(
    cloud: FakeCloud, apis: Apis, pauses: list[float]
) -> None:
    slow = Refused(429, "RESOURCE_EXHAUSTED", "slowly", headers={"Retry-After": "9"})
    cloud.trouble(GET, BUSY, BUSY, slow)
    get(apis)
    assert 0.5 <= pauses[0] <= 1 <= pauses[1] <= 2
    assert pauses[2] == 9


def test_patience_ends(cloud: FakeCloud, apis: Apis) -> None:
    cloud.trouble(GET, *[Refused(429, "RESOURCE_EXHAUSTED", "slowly")] * 4)
    with pytest.raises(QuotaExceeded):
        get(apis)
    assert len(cloud.asked) == 4


def test_anything_else_is_not_tried_again(cloud: FakeCloud, apis: Apis) -> None:
    cloud.trouble(GET, Refused(400, "INVALID_ARGUMENT", "no such name"))
    with pytest.raises(ApiError) as caught:
        get(apis)
    assert (str(caught.value), len(cloud.asked)) == ("400 INVALID_ARGUMENT: no such name", 1)


def test_a_missing_permission_names_the_role_that_has_it(cloud: FakeCloud, apis: Apis) -> None:
    message = "Permission 'resourcemanager.projects.get' denied on resource"
    cloud.trouble(GET, Refused(403, "PERMISSION_DENIED", message))
    with pytest.raises(PermissionMissing) as caught:
        get(apis)
    assert caught.value.permission == "resourcemanager.projects.get"
    assert str(caught.value) == (
        f"403 PERMISSION_DENIED: {message}\n"
        "  Cause: the caller lacks the permission resourcemanager.projects.get.\n"
        "  Fix: gcloud projects add-iam-policy-binding acme "
        '--member="user:$(gcloud config get account)" --role=roles/browser --condition=None'
    )


def test_a_disabled_api_says_how_to_enable_it(cloud: FakeCloud, apis: Apis) -> None:
    service = {"service": "cloudresourcemanager.googleapis.com", "consumer": "projects/123"}
    refusal = Refused(
        403, "PERMISSION_DENIED", "It is disabled", reason="SERVICE_DISABLED", metadata=service
    )
    cloud.trouble(GET, refusal)
    with pytest.raises(ServiceDisabled) as caught:
        get(apis)
    assert caught.value.fix == (
        "gcloud services enable cloudresourcemanager.googleapis.com --project=acme"
    )


def test_credentials_whose_requests_are_counted_for_no_project(
    cloud: FakeCloud, apis: Apis
) -> None:
    message = "The cloudresourcemanager.googleapis.com API requires a quota project."
    service = {"service": "cloudresourcemanager.googleapis.com", "consumer": "projects/764086"}
    cloud.trouble(
        GET,
        Refused(403, "PERMISSION_DENIED", message, reason="SERVICE_DISABLED", metadata=service),
    )
    with pytest.raises(ApiError) as caught:
        get(apis)
    assert str(caught.value) == (
        f"403 PERMISSION_DENIED: {message}\n"
        "  Cause: the credentials do not say which project their requests are counted for.\n"
        "  Fix: gcloud auth application-default set-quota-project acme"
    )


def test_an_access_token_that_is_still_good() -> None:
    with Apis("acme", "us-central1", Credentials(token="good")) as apis:
        assert apis.access_token() == "good"


def test_an_access_token_is_fetched_where_there_is_none() -> None:
    class Fetching(Credentials):  # type: ignore[misc]
        def refresh(self, request: Any) -> None:
            self.token = "fetched"

    with Apis("acme", "us-central1", Fetching(token=None)) as apis:
        assert apis.access_token() == "fetched"


def test_credentials_that_have_expired(pauses: list[float]) -> None:
    with (
        Apis("acme", "us-central1", Credentials(token=None)) as apis,
        pytest.raises(CredentialsError),
    ):
        apis.access_token()


def test_what_is_not_there_is_none(cloud: FakeCloud, apis: Apis) -> None:
    cloud.trouble(GET, Refused(404, "NOT_FOUND", "no project"))
    assert apis.find(apis.projects.projects().get(name="projects/acme")) is None


def test_pages_are_read_to_the_end(cloud: FakeCloud, apis: Apis) -> None:
    def search(asked: Asked) -> dict[str, Any]:
        if "pageToken" in asked.query:
            return {"projects": [{"projectId": "b"}]}
        return {"projects": [{"projectId": "a"}], "nextPageToken": "more"}

    cloud.serve("cloudresourcemanager.v3", {"cloudresourcemanager.projects.search": search})
    projects = apis.projects.projects()
    found = apis.pages(projects, projects.search(query="state:ACTIVE"), "projects")
    assert [one["projectId"] for one in found] == ["a", "b"]


@pytest.mark.parametrize(
    ("fields", "caller"),
    [
        (
            {"service_account_email": "ci@acme.iam.gserviceaccount.com"},
            "ci@acme.iam.gserviceaccount.com",
        ),
        ({"service_account_email": "default", "account": "ada@acme.com"}, "ada@acme.com"),
        ({"account": ""}, ""),
        ({}, ""),
    ],
)
def test_who_calls(fields: dict[str, str], caller: str) -> None:
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    vars(credentials).update(fields)
    with Apis("acme", "us-central1", credentials) as apis:
        assert apis.caller == caller


def test_an_operation_is_waited_for(cloud: FakeCloud, apis: Apis) -> None:
    name = "cloudresourcemanager.operations.get"
    done = {"name": "operations/1", "done": True, "response": {"projectId": "acme"}}
    cloud.serve("cloudresourcemanager.v3", {name: lambda _: done})
    operation = apis.finished(apis.projects.operations(), {"name": "operations/1"})
    assert operation == {"projectId": "acme"}


def test_an_operation_that_failed(apis: Apis) -> None:
    failed = {"name": "operations/1", "done": True, "error": {"code": 7, "message": "not yours"}}
    with pytest.raises(ApiError) as caught:
        apis.finished(apis.projects.operations(), failed)
    assert str(caught.value) == (
        "403 PERMISSION_DENIED: not yours (operations/1)\n"
        "  Cause: the caller may not do this, or the project or resource is not there.\n"
        "  Fix: ask an owner of project acme for access."
    )
