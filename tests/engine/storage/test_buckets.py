from __future__ import annotations

import secrets

import pytest

from tests.engine.storage.conftest import message, refusal


def test_a_bucket_is_a_folder(bucket, folder):
    assert folder.is_dir()


def test_a_folder_is_a_bucket(client, engine):
    name = f"made-{secrets.token_hex(4)}"
    (engine.home / "storage" / name).mkdir()
    assert client.get_bucket(name).name == name
    assert name in [found.name for found in client.list_buckets()]


def test_what_is_told_of_a_bucket(client):
    name = f"told-{secrets.token_hex(4)}"
    found = client.create_bucket(name, location="europe-west4")
    assert (found.location, found.location_type) == ("EUROPE-WEST4", "region")
    assert (found.storage_class, found.metageneration) == ("STANDARD", 1)
    assert found.time_created is not None


def test_buckets_of_one_project_have_its_number(client):
    names = [f"number-{secrets.token_hex(4)}" for _ in range(3)]
    projects = ["acme", "acme", "other"]
    found = [
        client.create_bucket(name, project=project).project_number
        for name, project in zip(names, projects, strict=True)
    ]
    assert found[0] == found[1] != found[2]


def test_a_second_bucket_of_a_name(client, bucket):
    assert refusal(409, client.create_bucket, bucket.name) == (
        f"Your previous request to create the named bucket succeeded and you already own it: "
        f"{bucket.name}."
    )


def test_a_bucket_that_is_not_there(client):
    text = refusal(404, client.get_bucket, "not-there")
    assert text == (
        "The specified bucket does not exist: not-there. "
        "Make it: storage.Client().create_bucket('not-there')."
    )


@pytest.mark.parametrize("name", ["..", "a/b", ".drafts", "UPPER"])
def test_a_name_that_no_bucket_has(http, name):
    text = message(http.post("/storage/v1/b", json={"name": name}), 400)
    assert text.startswith(f"Invalid bucket name: {name!r}: ")


def test_labels_are_merged(bucket, client):
    bucket.labels = {"a": "1", "b": "2"}
    bucket.patch()
    labels = bucket.labels
    del labels["a"]
    bucket.labels = labels
    bucket.patch()
    assert client.get_bucket(bucket.name).labels == {"b": "2"}


def test_a_bucket_with_objects_is_not_deleted(bucket):
    bucket.blob("a/b").upload_from_string("x")
    text = refusal(409, bucket.delete)
    assert text == f"The bucket you tried to delete is not empty: {bucket.name}."


def test_a_bucket_with_a_file_that_is_no_object_is_not_deleted(bucket, folder):
    (folder / "a\nb").write_text("x")
    assert "whose name no object has" in refusal(409, bucket.delete)


def test_a_bucket_of_empty_folders_is_deleted(bucket, folder):
    bucket.blob("a/b/c").upload_from_string("x")
    bucket.blob("a/b/c").delete()
    bucket.delete()
    assert not folder.exists()


def test_a_new_bucket_knows_nothing_of_the_old_one(bucket, client):
    bucket.labels = {"a": "1"}
    bucket.patch()
    bucket.delete()
    assert client.create_bucket(bucket.name).labels == {}


def test_policy(bucket):
    policy = bucket.get_iam_policy()
    policy.bindings.append({"role": "roles/storage.admin", "members": {"user:ada@acme.test"}})
    bucket.set_iam_policy(policy)
    found = {entry["role"]: entry["members"] for entry in bucket.get_iam_policy().bindings}
    assert found["roles/storage.admin"] == {"user:ada@acme.test"}


def test_a_policy_that_somebody_else_has_changed(bucket):
    mine, others = bucket.get_iam_policy(), bucket.get_iam_policy()
    others.bindings = []
    bucket.set_iam_policy(others)
    assert "etag of the policy" in refusal(412, bucket.set_iam_policy, mine)


def test_permissions(bucket):
    wanted = ["storage.objects.get", "storage.buckets.delete"]
    assert bucket.test_iam_permissions(wanted) == wanted


def test_pages_of_buckets(client, bucket):
    other = client.create_bucket(f"{bucket.name}-2")
    pages = client.list_buckets(prefix=bucket.name, page_size=1).pages
    assert [[one.name for one in page] for page in pages] == [[bucket.name], [other.name]]
