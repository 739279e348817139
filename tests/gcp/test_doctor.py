"""Whether a project has what a pipeline needs."""

from __future__ import annotations

from typing import Any

import pytest
from google.auth.exceptions import DefaultCredentialsError, RefreshError

from tests.cloud.fake import Refused
from tests.cloud.project import Caller, FakeProject
from vertex_flow.apis import Apis
from vertex_flow.gcp.doctor import Diagnosis, examine
from vertex_flow.gcp.requirement import Finding
from vertex_flow.gcp.setup import set_up

NAMES = [
    "credentials",
    "project",
    "billing",
    "API cloudresourcemanager",
    "API iam",
    "API storage",
    "API artifactregistry",
    "API cloudbuild",
    "API aiplatform",
    "location",
    "service account",
    "bucket",
    "repository",
    "TensorBoard",
    "roles in the project",
    "roles on the bucket",
    "roles on the repository",
    "roles on the account",
    "caller",
]


class Broken(Caller):
    """Credentials that raise when they are used."""

    def __init__(self, error: Exception) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._error = error

    def before_request(self, *_: Any) -> None:
        raise self._error


def found(project: FakeProject, apis: Apis, **settings: Any) -> dict[str, Finding]:
    diagnosis = examine(project.context(**settings), apis)
    return {one.name: one for one in diagnosis.findings}


def with_credentials_that_raise(project: FakeProject, error: Exception) -> Diagnosis:
    context = project.context(credentials=Broken(error))
    with project.apis(context) as apis:
        return examine(context, apis)


def test_an_empty_project_lacks_its_apis_and_the_rest_waits_for_them(
    project: FakeProject, apis: Apis
) -> None:
    findings = found(project, apis)
    states = [one.state for one in findings.values()]
    assert list(findings) == NAMES
    assert states == ["ok"] * 3 + ["missing"] * 6 + ["unknown"] * 10


@pytest.mark.parametrize("code", [429, 500, 503])
def test_credentials_that_nobody_has_looked_at_are_unknown(
    project: FakeProject, apis: Apis, code: int
) -> None:
    busy = Refused(code, "UNAVAILABLE", "try again")
    project.cloud.trouble("serviceusage.services.batchGet", *[busy] * 100)
    findings = list(found(project, apis).values())
    assert findings[0].state == "unknown"
    assert findings[0].detail.startswith("could not be checked: ")
    assert [one.name for one in findings if one.state != "unknown"] == []


def test_without_a_network_it_is_said_that_nothing_answers(
    project: FakeProject, apis: Apis
) -> None:
    project.cloud.cut_after(0)
    credentials = found(project, apis)["credentials"]
    assert credentials.state == "unknown"
    assert credentials.detail.startswith("could not be checked: 503 UNAVAILABLE: http")
    assert "does not answer" in credentials.detail


def test_whatever_is_not_ok_has_a_fix(project: FakeProject, apis: Apis) -> None:
    findings = found(project, apis).values()
    assert [one.name for one in findings if one.state != "ok" and not one.fix] == []


def test_what_waits_for_an_api_says_so(project: FakeProject, apis: Apis) -> None:
    assert found(project, apis)["bucket"] == Finding(
        "bucket",
        "unknown",
        "not checked: needs API storage",
        "gcloud services enable storage.googleapis.com --project=acme",
    )


def test_a_project_with_its_apis_lacks_everything_else(enabled: FakeProject, apis: Apis) -> None:
    findings = found(enabled, apis)
    missing = [one.name for one in findings.values() if one.state == "missing"]
    assert missing == ["service account", "bucket", "repository", "TensorBoard"]
    waiting = [one.detail for one in findings.values() if one.state == "unknown"]
    assert waiting == [
        "not checked: needs service account",
        "not checked: needs bucket",
        "not checked: needs repository",
        "not checked: needs service account",
        "not checked: needs service account",
    ]


def test_doctor_changes_nothing(enabled: FakeProject, apis: Apis) -> None:
    found(enabled, apis)
    assert enabled.changing() == []


def test_no_credentials(project: FakeProject) -> None:
    error = DefaultCredentialsError("Your default credentials were not found.\nSee the docs.")
    diagnosis = with_credentials_that_raise(project, error)
    assert diagnosis.findings[0] == Finding(
        "credentials",
        "wrong",
        "there are no Google Cloud credentials on this machine. GcpContext.local() needs none; "
        "there is no gcloud login here, no key file and no attached service account.",
        "gcloud auth application-default login",
    )
    assert {one.detail for one in diagnosis.findings[1:3]} == {"not checked: needs credentials"}


def test_expired_credentials(project: FakeProject) -> None:
    error = RefreshError("Reauthentication is needed.")  # type: ignore[no-untyped-call]
    diagnosis = with_credentials_that_raise(project, error)
    assert diagnosis.findings[0] == Finding(
        "credentials",
        "wrong",
        "the Google Cloud credentials were not accepted: Reauthentication is needed; they have "
        "expired, or were revoked.",
        "gcloud auth application-default login",
    )
    assert diagnosis.exit_code == 1


def test_without_any_answer_it_is_all_unknown(project: FakeProject) -> None:
    project.cloud.cut_after(0)
    with project.apis(attempts=1) as apis:
        diagnosis = examine(project.context(), apis)
    project.cloud.cut_after(None)
    assert diagnosis.findings[1].state == "unknown"
    assert diagnosis.exit_code == 2


def test_a_look_that_is_refused_names_the_permission(made: FakeProject, apis: Apis) -> None:
    made.rules.denied.add("storage.buckets.getIamPolicy")
    assert found(made, apis)["roles on the bucket"] == Finding(
        "roles on the bucket",
        "unknown",
        "could not be checked: the caller lacks the permission storage.buckets.getIamPolicy.",
        'gcloud projects add-iam-policy-binding acme --member="user:$(gcloud config get account)" '
        "--role=roles/storage.admin --condition=None",
    )


READING = [
    ("resourcemanager.projects.getIamPolicy", "roles in the project"),
    ("iam.serviceAccounts.get", "service account"),
    ("iam.serviceAccounts.getIamPolicy", "roles on the account"),
    ("artifactregistry.repositories.get", "repository"),
    ("artifactregistry.repositories.getIamPolicy", "roles on the repository"),
    ("aiplatform.tensorboards.list", "TensorBoard"),
    ("aiplatform.locations.list", "location"),
]


@pytest.mark.parametrize(("permission", "name"), READING, ids=lambda one: one)
def test_what_may_not_be_seen_is_unknown(
    made: FakeProject, apis: Apis, permission: str, name: str
) -> None:
    made.rules.denied.add(permission)
    finding = found(made, apis)[name]
    assert (finding.state, finding.detail) == (
        "unknown",
        f"could not be checked: the caller lacks the permission {permission}.",
    )


def test_an_error_of_the_server_is_a_finding(made: FakeProject) -> None:
    made.cloud.trouble("iam.projects.serviceAccounts.get", Refused(500, "INTERNAL", "oops"))
    with made.apis(attempts=1) as apis:
        finding = found(made, apis)["service account"]
    assert finding == Finding(
        "service account", "unknown", "could not be checked: 500 INTERNAL: oops"
    )


@pytest.mark.parametrize(
    ("states", "code"),
    [
        (["ok", "ok"], 0),
        (["ok", "unknown"], 2),
        (["missing", "unknown"], 1),
        (["wrong", "ok"], 1),
        ([], 0),
    ],
)
def test_the_exit_code(states: list[Any], code: int) -> None:
    diagnosis = Diagnosis(tuple(Finding("a", state, "b") for state in states))
    assert (diagnosis.exit_code, diagnosis.ok) == (code, code == 0)


def test_a_diagnosis_as_values() -> None:
    diagnosis = Diagnosis((Finding("bucket", "missing", "not there", "make it"),))
    assert diagnosis.as_json() == {
        "ok": False,
        "findings": [
            {"name": "bucket", "state": "missing", "detail": "not there", "fix": "make it"}
        ],
    }


def test_a_diagnosis_fits_80_columns(project: FakeProject, apis: Apis) -> None:
    before = str(examine(project.context(), apis))
    set_up(project.context(), apis, lambda _: None)
    for name in ("acme-vertex-flow",):
        project.storage.policies.drop(name)
    project.manager.policies.set("", [])
    after = str(examine(project.context(), apis))
    assert max(map(len, (before + "\n" + after).splitlines())) <= 80


def test_a_diagnosis_as_text(enabled: FakeProject, apis: Apis) -> None:
    lines = str(examine(enabled.context(), apis)).splitlines()
    at = next(number for number, line in enumerate(lines) if " bucket " in line)
    assert lines[at : at + 4] == [
        "missing  bucket                    gs://acme-vertex-flow is not there",
        "         gcloud storage buckets create gs://acme-vertex-flow --project=acme \\",
        "           --location=us-central1 --uniform-bucket-level-access \\",
        "           --public-access-prevention",
    ]


@pytest.fixture
def made(project: FakeProject, apis: Apis) -> FakeProject:
    """A project that was set up."""
    set_up(project.context(), apis, lambda _: None)
    return project
