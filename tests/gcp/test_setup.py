"""Setting a project up."""

from __future__ import annotations

import pytest
from google.auth.credentials import AnonymousCredentials

from tests.cloud.fake import Cut, Refused
from tests.cloud.project import CALLER, FakeProject
from vertex_flow import GcpContext
from vertex_flow.apis import Apis
from vertex_flow.errors import ApiError, PermissionMissing, SettingError
from vertex_flow.gcp.doctor import examine
from vertex_flow.gcp.setup import Plan, plan, set_up
from vertex_flow.gcp.teardown import tear_down

ACCOUNT = "vertex-flow@acme.iam.gserviceaccount.com"

ALL = (
    "enable cloudresourcemanager.googleapis.com",
    "enable iam.googleapis.com, storage.googleapis.com, artifactregistry.googleapis.com, "
    "cloudbuild.googleapis.com, aiplatform.googleapis.com",
    f"create service account {ACCOUNT}",
    "create bucket gs://acme-vertex-flow in us-central1",
    "create Docker repository vertex-flow in us-central1",
    "create TensorBoard instance vertex-flow in us-central1",
    f"give roles/aiplatform.user, roles/logging.logWriter on project acme to {ACCOUNT}",
    "give roles/storage.objectAdmin, roles/storage.legacyBucketReader on gs://acme-vertex-flow "
    f"to {ACCOUNT}",
    f"give roles/artifactregistry.writer on repository vertex-flow to {ACCOUNT}",
    f"give roles/iam.serviceAccountUser on itself to {ACCOUNT}",
)

MUTATING = {
    "serviceusage.services.enable",
    "iam.serviceAccounts.create",
    "iam.serviceAccounts.setIamPolicy",
    "storage.buckets.create",
    "storage.buckets.setIamPolicy",
    "artifactregistry.repositories.create",
    "artifactregistry.repositories.setIamPolicy",
    "aiplatform.tensorboards.create",
    "resourcemanager.projects.setIamPolicy",
}


def quiet(_: str) -> None:
    """Say nothing."""


def test_a_plan_lists_what_setup_would_do_and_changes_nothing(
    project: FakeProject, apis: Apis
) -> None:
    assert plan(project.context(), apis) == Plan(ALL)
    assert project.changing() == []


def test_a_plan_where_the_apis_are_enabled(enabled: FakeProject, apis: Apis) -> None:
    assert plan(enabled.context(), apis) == Plan(ALL[2:])


def test_setup_says_each_change_and_gives_them(project: FakeProject, apis: Apis) -> None:
    said: list[str] = []
    assert set_up(project.context(), apis, said.append) == Plan(ALL)
    assert tuple(said) == ALL


def test_setup_makes_doctor_green(project: FakeProject, apis: Apis) -> None:
    set_up(project.context(), apis, quiet)
    assert [one for one in examine(project.context(), apis).findings if one.state != "ok"] == []


def test_a_second_setup_changes_nothing(project: FakeProject, apis: Apis) -> None:
    set_up(project.context(), apis, quiet)
    before = len(project.changing())
    assert set_up(project.context(), apis, quiet) == Plan(())
    assert len(project.changing()) == before


def test_a_plan_after_setup_is_empty(project: FakeProject, apis: Apis) -> None:
    set_up(project.context(), apis, quiet)
    found = plan(project.context(), apis)
    assert (str(found), found.exit_code) == ("nothing to change", 0)


def test_setup_by_a_context_closes_what_it_opened(project: FakeProject) -> None:
    said: list[str] = []
    project.context().setup(say=said.append)
    assert (tuple(said), project.context().doctor().ok) == (ALL, True)


def test_everything_carries_the_label_and_those_of_the_context(
    project: FakeProject, apis: Apis
) -> None:
    set_up(project.context(labels={"team": "vision"}), apis, quiet)
    wanted = {"team": "vision", "vertex-flow": "managed"}
    [bucket] = project.storage.buckets.values()
    [repository] = project.registry.repositories.values()
    [tensorboard] = project.vertex.tensorboards.values()
    assert [one["labels"] for one in (bucket, repository, tensorboard)] == [wanted] * 3


def test_a_new_bucket_is_closed_to_the_public(project: FakeProject, apis: Apis) -> None:
    set_up(project.context(), apis, quiet)
    access = project.storage.buckets["acme-vertex-flow"]["iamConfiguration"]
    assert access["publicAccessPrevention"] == "enforced"
    assert access["uniformBucketLevelAccess"]["enabled"] is True


def test_setup_waits_until_google_has_heard_of_what_is_new(
    project: FakeProject, apis: Apis
) -> None:
    project.rules.lag, project.rules.polls = 3, 2
    assert set_up(project.context(), apis, quiet) == Plan(ALL)
    project.rules.lag = 0
    assert examine(project.context(), apis).ok
    assert sum(project.pauses) > 10


def test_setup_and_teardown_get_through_bursts_of_refusals(
    project: FakeProject, apis: Apis
) -> None:
    before = project.state()
    set_up(project.context(), apis, quiet)
    tear_down(project.context(), apis, yes=True, data=False)
    for method in {one.method for one in project.cloud.asked}:
        slow = Refused(429, "RESOURCE_EXHAUSTED", "slowly", headers={"Retry-After": "3"})
        project.cloud.trouble(method, slow, Refused(503, "UNAVAILABLE", "busy"))
    set_up(project.context(), apis, quiet)
    tear_down(project.context(), apis, yes=True, data=False)
    assert project.state() == before


def test_setup_gets_through_connections_that_are_cut(project: FakeProject, apis: Apis) -> None:
    set_up(project.context(), apis, quiet)
    tear_down(project.context(), apis, yes=True, data=False)
    for method in {one.method for one in project.cloud.asked}:
        project.cloud.trouble(method, Cut())
    set_up(project.context(), apis, quiet)
    assert examine(project.context(), apis).ok


@pytest.mark.parametrize("permission", sorted(MUTATING))
def test_a_permission_that_the_caller_lacks_is_named_with_the_role_that_has_it(
    project: FakeProject, apis: Apis, permission: str
) -> None:
    project.rules.denied.add(permission)
    with pytest.raises(PermissionMissing) as caught:
        set_up(project.context(), apis, quiet)
    assert caught.value.permission == permission
    assert caught.value.cause == f"the caller lacks the permission {permission}."
    assert caught.value.fix.startswith("gcloud projects add-iam-policy-binding acme --member=")


def test_every_permission_to_change_something_is_tried_without(
    project: FakeProject, apis: Apis
) -> None:
    set_up(project.context(), apis, quiet)
    methods = {one.method for one in project.changing()}
    # The labels of the project are tried below: without them, setup goes on.
    assert len(methods - {"cloudresourcemanager.projects.patch"}) == len(MUTATING)


def test_setup_goes_on_where_the_project_cannot_be_labelled(
    project: FakeProject, apis: Apis
) -> None:
    project.rules.denied.add("resourcemanager.projects.update")
    said: list[str] = []
    set_up(project.context(), apis, said.append)
    assert said[0] == (
        "enable cloudresourcemanager.googleapis.com (teardown will leave it enabled: the caller "
        "lacks the permission resourcemanager.projects.update.)"
    )
    tear_down(project.context(), apis, yes=True, data=False)
    state = project.state()
    assert (len(state["enabled"]), state["labels"], state["accounts"]) == (7, {}, [])


def test_what_setup_made_before_it_was_refused_stays(project: FakeProject, apis: Apis) -> None:
    project.rules.denied.add("storage.buckets.create")
    with pytest.raises(PermissionMissing):
        set_up(project.context(), apis, quiet)
    project.rules.denied.clear()
    assert set_up(project.context(), apis, quiet) == Plan(ALL[3:])


def test_the_caller_is_given_the_right_to_use_a_new_account(
    project: FakeProject, apis: Apis
) -> None:
    project.rules.denied.add("iam.serviceAccounts.actAs")
    done = set_up(project.context(), apis, quiet)
    assert done.changes[-1] == f"give roles/iam.serviceAccountUser on {ACCOUNT} to {CALLER}"
    assert examine(project.context(), apis).ok


def test_a_caller_whose_address_is_not_known_is_told_what_to_do(project: FakeProject) -> None:
    project.rules.denied.add("iam.serviceAccounts.actAs")
    context = project.context(credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
    with project.apis(context) as apis, pytest.raises(PermissionMissing) as caught:
        set_up(context, apis, quiet)
    assert str(caught.value) == (
        f"403 PERMISSION_DENIED: the caller may not act as {ACCOUNT}\n"
        "  Cause: the caller lacks the permission iam.serviceAccounts.actAs on it.\n"
        f"  Fix: gcloud iam service-accounts add-iam-policy-binding {ACCOUNT} "
        '--project=acme --member="user:$(gcloud config get account)" '
        "--role=roles/iam.serviceAccountUser"
    )


def test_the_caller_gets_no_right_to_an_account_that_was_there(
    enabled: FakeProject, apis: Apis
) -> None:
    enabled.iam.add("vertex-flow")
    enabled.rules.denied.add("iam.serviceAccounts.actAs")
    with pytest.raises(PermissionMissing):
        set_up(enabled.context(), apis, quiet)


def test_without_billing_nothing_is_begun(project: FakeProject, apis: Apis) -> None:
    project.billing.on = False
    with pytest.raises(SettingError) as caught:
        set_up(project.context(), apis, quiet)
    assert str(caught.value) == (
        "billing: project acme has no active billing account.\n"
        "  Fix: gcloud billing projects link acme --billing-account=ACCOUNT_ID"
    )
    assert project.changing() == []


def test_billing_that_google_misses_when_an_api_is_enabled(
    project: FakeProject, apis: Apis
) -> None:
    project.rules.enabled.clear()  # Cloud Billing too: it cannot be asked before
    message = "Billing account for project '123456789012' is not found."
    project.cloud.trouble(
        "serviceusage.services.batchEnable", Refused(400, "FAILED_PRECONDITION", message)
    )
    with pytest.raises(ApiError) as caught:
        set_up(project.context(), apis, quiet)
    assert str(caught.value) == (
        f"400 FAILED_PRECONDITION: {message}\n"
        "  Cause: project acme has no active billing account.\n"
        "  Fix: gcloud billing projects link acme --billing-account=ACCOUNT_ID"
    )


def test_a_quota_that_is_used_up(project: FakeProject, apis: Apis) -> None:
    message = "Maximum number of service accounts on project reached."
    full = Refused(429, "RESOURCE_EXHAUSTED", message)
    project.cloud.trouble("iam.projects.serviceAccounts.create", *[full] * 3)
    with pytest.raises(ApiError) as caught:
        set_up(project.context(), apis, quiet)
    assert str(caught.value) == (
        f"429 RESOURCE_EXHAUSTED: {message}\n"
        "  Cause: a quota is used up, or requests came too fast for longer than they were "
        "retried.\n"
        "  Fix: see and raise it at "
        "https://console.cloud.google.com/iam-admin/quotas?project=acme"
    )


def test_a_plan_shows_what_is_in_the_way(enabled: FakeProject, apis: Apis) -> None:
    enabled.storage.others.add("acme-vertex-flow")
    found = plan(enabled.context(), apis)
    assert found.exit_code == 2
    lines = str(found).splitlines()
    assert lines[-3:] == [
        "!  bucket: gs://acme-vertex-flow belongs to another project: the names of",
        "   buckets are shared by all of Google Cloud.",
        '   Fix: choose another name: GcpContext(bucket="acme-vertex-flow-789012")',
    ]


def test_a_plan_as_values(enabled: FakeProject, apis: Apis) -> None:
    found = plan(enabled.context(service_account=""), apis)
    assert found.as_json() == {"changes": list(ALL[3:6]), "obstacles": []}


def test_this_machine_needs_no_setup() -> None:
    with pytest.raises(SettingError) as caught:
        GcpContext.local().plan()
    assert str(caught.value) == (
        "GcpContext.local() is this machine: there is no Google Cloud project behind it, and it "
        "needs no setting up. Use GcpContext(project=...)."
    )


def test_a_project_without_room_for_labels_is_set_up_and_its_apis_stay(
    project: FakeProject, apis: Apis
) -> None:
    project.manager.labels = {f"k{number}": "v" for number in range(64)}
    made = set_up(project.context(), apis, lambda _: None)
    why = "(teardown will leave it enabled: a project has up to 64 labels)"
    assert made.changes == (f"{ALL[0]} {why}", f"{ALL[1]} {why}", *ALL[2:])


def test_a_bucket_whose_name_is_taken_though_it_is_not_there(
    enabled: FakeProject, apis: Apis
) -> None:
    enabled.cloud.trouble("storage.buckets.insert", Refused(409, "ALREADY_EXISTS", "just deleted"))
    with pytest.raises(SettingError) as caught:
        set_up(enabled.context(), apis, lambda _: None)
    assert str(caught.value) == (
        "bucket: gs://acme-vertex-flow is not there, and its name is taken: just deleted\n"
        '  Fix: choose another name: GcpContext(bucket="acme-vertex-flow-789012")'
    )
