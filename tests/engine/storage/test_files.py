from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.engine.storage.conftest import message, refusal
from vertex_flow.engine.storage.digests import Digests
from vertex_flow.engine.storage.files import Files
from vertex_flow.engine.storage.uploads import Draft
from vertex_flow.errors import ApiError


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("x")
    return file


def leaves(bucket, name: str) -> str:
    return (
        f"gs://{bucket.name}/{name} is behind a symbolic link that leaves the folder of the "
        "engine's buckets."
    )


def test_a_link_that_leaves_is_not_read(bucket, folder, secret):
    (folder / "out").symlink_to(secret)
    assert refusal(403, bucket.get_blob, "out") == leaves(bucket, "out")


def test_a_link_to_the_engines_token_is_not_read(bucket, folder, engine):
    (folder / "token").symlink_to(engine.home / "token")
    assert refusal(403, bucket.get_blob, "token") == leaves(bucket, "token")


def test_nothing_is_written_through_a_link_that_leaves(bucket, folder, secret):
    (folder / "out").symlink_to(secret.parent)
    refusal(403, bucket.blob("out/new").upload_from_string, "y")
    refusal(403, bucket.blob("out/secret").delete)
    assert os.listdir(secret.parent) == ["secret"]


def test_a_link_within_the_buckets_is_read(bucket, folder):
    (folder / "a").write_text("x")
    (folder / "b").symlink_to("a")
    assert bucket.blob("b").download_as_bytes() == b"x"


def test_a_bucket_that_is_a_link_elsewhere(client, engine, secret):
    (engine.home / "storage" / "linked").symlink_to(secret.parent)
    refusal(403, client.bucket("linked").get_blob, "secret")
    assert "linked" not in [one.name for one in client.list_buckets()]


@pytest.mark.parametrize(
    "name",
    ["..%2F..%2Ftoken", "%2E%2E%2Ftoken", "%2Fetc%2Fpasswd", "a%2F..%2F..%2Fx", "a%00b", "%FF"],
)
def test_names_that_leave(http, bucket, name):
    assert http.get(f"/storage/v1/b/{bucket.name}/o/{name}?alt=media").status_code == 400


@pytest.mark.parametrize("name", ["..", "%2E%2E", "..%2F.."])
def test_buckets_that_leave(http, name):
    answer = http.send(http.build_request("GET", f"/storage/v1/b/{name}/o/token?alt=media"))
    assert answer.status_code in (400, 404, 501)
    assert "token" not in answer.text or answer.json()["error"]["code"]


def test_a_pipe_is_no_object(http, bucket, folder):
    os.mkfifo(folder / "pipe")
    answer = http.get(f"/download/storage/v1/b/{bucket.name}/o/pipe?alt=media")
    assert message(answer, 404) == f"No such object: {bucket.name}/pipe"


def test_a_circle_of_links(http, bucket, folder):
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    assert http.get(f"/storage/v1/b/{bucket.name}/o/a").status_code in (400, 404)


def test_too_little_space(tmp_path: Path):
    with pytest.raises(ApiError, match="would be full with the 1,000,000,000,000,000,000 bytes"):
        Files(tmp_path).check_space(10**18)


def test_a_full_disk():
    draft = Draft(Path("/dev/full"), Digests())
    with pytest.raises(ApiError, match="The disk that holds the engine's folder is full") as caught:
        draft.write(b"x" * 100_000)
    assert caught.value.code == 507


def test_drafts_of_a_killed_engine_are_removed(tmp_path: Path):
    files = Files(tmp_path)
    for name in ("draft-1", "kept", "kept.1", "lost.1"):
        files.draft(name).touch()
    files.clean_drafts(frozenset({"kept"}))
    assert sorted(os.listdir(tmp_path / ".drafts")) == ["kept", "kept.1"]


def test_what_else_is_among_the_drafts_is_removed(tmp_path: Path):
    files = Files(tmp_path)
    files.draft("a").mkdir()
    files.clean_drafts(frozenset())
    assert os.listdir(tmp_path / ".drafts") == []


def test_drafts_that_are_a_link_are_left_alone(tmp_path: Path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (tmp_path / "buckets").mkdir()
    (tmp_path / "buckets" / ".drafts").symlink_to(tmp_path / "precious")
    Files(tmp_path / "buckets").clean_drafts(frozenset())
    assert (tmp_path / "precious" / "file").exists()
