"""The bucket of data and artifacts."""

from __future__ import annotations

import pytest

from tests.cloud.fake import Refused
from tests.cloud.project import FakeProject
from vertex_flow.apis import Apis
from vertex_flow.errors import PermissionMissing, ServiceDisabled, SettingError
from vertex_flow.gcp.requirement import Finding
from vertex_flow.gcp.site import Site
from vertex_flow.gcp.storage import Bucket, BucketRoles

NAME = "acme-vertex-flow"
TAKEN = Finding(
    "bucket",
    "wrong",
    "gs://acme-vertex-flow belongs to another project: the names of buckets are shared by all of "
    "Google Cloud.",
    'choose another name: GcpContext(bucket="acme-vertex-flow-789012")',
)
ELSEWHERE = 'choose another bucket: GcpContext(bucket="acme-vertex-flow-us-central1")'


@pytest.fixture(autouse=True)
def _enabled(enabled: FakeProject) -> None:
    """Cloud Storage is enabled."""


def test_a_bucket_that_is_not_there(site: Site) -> None:
    assert Bucket().look(site) == [
        Finding(
            "bucket",
            "missing",
            "gs://acme-vertex-flow is not there",
            "gcloud storage buckets create gs://acme-vertex-flow --project=acme "
            "--location=us-central1 --uniform-bucket-level-access --public-access-prevention",
        )
    ]


def test_cloud_storage_that_is_not_enabled(site: Site, project: FakeProject) -> None:
    project.rules.enabled.clear()
    with pytest.raises(ServiceDisabled) as caught:
        Bucket().look(site)
    assert caught.value.service == "storage.googleapis.com"
    assert caught.value.fix == "gcloud services enable storage.googleapis.com --project=acme"


def test_a_bucket_of_the_projects_own(site: Site, project: FakeProject) -> None:
    project.storage.add(NAME)
    assert Bucket().look(site) == [Finding("bucket", "ok", f"gs://{NAME} in us-central1")]


def test_a_bucket_of_somebody_elses(site: Site, project: FakeProject) -> None:
    project.storage.others.add(NAME)
    assert Bucket().look(site) == [TAKEN]


def test_a_public_bucket_of_somebody_elses(site: Site, project: FakeProject) -> None:
    project.storage.add(NAME, projectNumber="999")
    assert Bucket().look(site) == [TAKEN]


def test_setup_stops_at_a_bucket_of_somebody_elses(site: Site, project: FakeProject) -> None:
    project.storage.others.add(NAME)
    with pytest.raises(SettingError) as caught:
        Bucket().changes(site)
    assert str(caught.value) == f"bucket: {TAKEN.detail}\n  Fix: {TAKEN.fix}"


def test_a_name_that_is_taken_at_the_last_moment(site: Site, project: FakeProject) -> None:
    [change] = Bucket().changes(site)
    project.storage.others.add(NAME)
    with pytest.raises(SettingError) as caught:
        change.apply()
    assert str(caught.value) == f"bucket: {TAKEN.detail}\n  Fix: {TAKEN.fix}"


def test_a_bucket_of_the_project_that_the_caller_may_not_see(
    site: Site, project: FakeProject
) -> None:
    project.storage.add(NAME)
    project.rules.denied.add("storage.buckets.get")
    with pytest.raises(PermissionMissing) as caught:
        Bucket().look(site)
    assert caught.value.permission == "storage.buckets.get"


@pytest.mark.parametrize(
    ("location", "fix"),
    [
        ("EU", ELSEWHERE),
        ("EUROPE-WEST4", f'{ELSEWHERE}, or its location: GcpContext(location="europe-west4")'),
    ],
)
def test_a_bucket_in_another_location(
    site: Site, project: FakeProject, location: str, fix: str
) -> None:
    project.storage.add(NAME, location=location)
    detail = f"gs://{NAME} is in {location}, not in us-central1."
    assert Bucket().look(site) == [Finding("bucket", "wrong", detail, fix)]


def test_setup_stops_at_a_bucket_in_another_location(site: Site, project: FakeProject) -> None:
    project.storage.add(NAME, location="EU")
    with pytest.raises(SettingError) as caught:
        Bucket().changes(site)
    assert str(caught.value) == (
        f"bucket: gs://{NAME} is in EU, not in us-central1.\n  Fix: {ELSEWHERE}"
    )


def test_a_bucket_of_a_project_of_old_has_a_name_that_buckets_may_have(
    project: FakeProject, apis: Apis
) -> None:
    context = project.context(project="example.com:acme")
    assert Bucket().wanted(Site(context, apis)) == [
        "create bucket gs://example-com-acme-vertex-flow in us-central1"
    ]


def test_a_bucket_that_is_written_to_while_it_is_removed_is_kept(
    site: Site, project: FakeProject
) -> None:
    project.storage.add(NAME, labels={"vertex-flow": "managed"})
    [removal] = Bucket().removals(site)
    project.storage.objects[NAME] = ["new"]
    assert removal.apply() == ("it holds objects: teardown(yes=True, data=True) removes them too")


def test_a_bucket_of_somebody_elses_is_never_removed(site: Site, project: FakeProject) -> None:
    project.storage.add(NAME, labels={"vertex-flow": "managed"}, projectNumber="999")
    assert Bucket().removals(site) == ()


def test_a_bucket_that_others_have_is_not_touched_by_teardown(
    site: Site, project: FakeProject
) -> None:
    project.storage.others.add(NAME)
    assert (Bucket().removals(site), BucketRoles().removals(site)) == ((), ())


def test_roles_on_a_bucket_that_was_there_are_written_to_its_labels(
    site: Site, project: FakeProject
) -> None:
    project.iam.add("vertex-flow")
    project.storage.add(NAME, labels={"team": "vision"})
    conflict = Refused(412, "FAILED_PRECONDITION", "conditionNotMet")
    project.cloud.trouble("storage.buckets.patch", conflict)
    [change] = BucketRoles().changes(site)
    change.apply()
    assert project.storage.buckets[NAME]["labels"] == {
        "team": "vision",
        "vertex-flow-bucket-vertex-flow": "granted",
        "vertex-flow-objects-vertex-flow": "granted",
    }


def test_a_policy_that_somebody_writes_at_the_same_time(site: Site, project: FakeProject) -> None:
    project.iam.add("vertex-flow")
    project.storage.add(NAME, labels={"vertex-flow": "managed"})
    conflict = Refused(412, "FAILED_PRECONDITION", "conditionNotMet")
    project.cloud.trouble("storage.buckets.setIamPolicy", conflict, conflict)
    [change] = BucketRoles().changes(site)
    change.apply()
    assert [one["role"] for one in project.storage.policies.bindings(NAME)] == [
        "roles/storage.legacyBucketReader",
        "roles/storage.objectAdmin",
    ]


def test_roles_that_are_missing_have_a_command_each(site: Site, project: FakeProject) -> None:
    email = project.iam.add("vertex-flow")
    project.storage.add(NAME)
    command = (
        f"gcloud storage buckets add-iam-policy-binding gs://{NAME} "
        f"--member=serviceAccount:{email} --role="
    )
    assert BucketRoles().look(site) == [
        Finding(
            "roles on the bucket",
            "missing",
            f"{email} lacks roles/storage.objectAdmin, roles/storage.legacyBucketReader on "
            f"gs://{NAME}",
            f"{command}roles/storage.objectAdmin\n{command}roles/storage.legacyBucketReader",
        )
    ]
