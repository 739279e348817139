from __future__ import annotations

import base64
import hashlib
import os

import google_crc32c
import pytest

from tests.engine.storage.conftest import refusal


def checksums(data: bytes) -> tuple[str, str]:
    digests = google_crc32c.Checksum(data).digest(), hashlib.md5(data).digest()
    return tuple(base64.b64encode(digest).decode() for digest in digests)


def test_an_uploaded_object_is_a_file(bucket, folder):
    bucket.blob("a/b.txt").upload_from_string("hello")
    assert (folder / "a" / "b.txt").read_bytes() == b"hello"


def test_a_file_is_an_object(bucket, folder):
    (folder / "a").mkdir()
    (folder / "a" / "metrics.json").write_text('{"x": 1}')
    blob = bucket.get_blob("a/metrics.json")
    assert blob.download_as_bytes() == b'{"x": 1}'
    assert (blob.content_type, blob.size) == ("application/json", 8)
    assert (blob.crc32c, blob.md5_hash) == checksums(b'{"x": 1}')
    assert blob.generation == (folder / "a" / "metrics.json").stat().st_mtime_ns // 1000


def test_what_is_told_of_an_uploaded_object(bucket):
    blob = bucket.blob("a.bin")
    blob.metadata = {"made": "by hand"}
    blob.cache_control = "no-store"
    blob.upload_from_string(b"abc", content_type="text/x-mine")
    found = bucket.get_blob("a.bin")
    assert (found.crc32c, found.md5_hash) == checksums(b"abc")
    assert (found.content_type, found.cache_control) == ("text/x-mine", "no-store")
    assert (found.metadata, found.metageneration) == ({"made": "by hand"}, 1)
    assert found.id == f"{bucket.name}/a.bin/{found.generation}"


def test_metadata_of_a_file_that_was_written_anew_is_forgotten(bucket, folder):
    blob = bucket.blob("a.txt")
    blob.metadata = {"made": "by hand"}
    blob.upload_from_string("old", content_type="text/x-mine")
    old = blob.generation
    (folder / "a.txt").write_text("new content")
    found = bucket.get_blob("a.txt")
    assert (found.metadata, found.content_type) == (None, "text/plain")
    assert found.generation > old
    assert found.crc32c == checksums(b"new content")[0]


def test_patch_and_update(bucket):
    blob = bucket.blob("a.txt")
    blob.metadata = {"a": "1", "b": "2"}
    blob.upload_from_string("x")
    blob.metadata = {"a": None, "c": "3"}
    blob.patch()
    assert bucket.get_blob("a.txt").metadata == {"b": "2", "c": "3"}
    blob.metadata = {"d": "4"}
    blob.update()
    found = bucket.get_blob("a.txt")
    assert (found.metadata, found.metageneration) == ({"d": "4"}, 3)


def test_delete(bucket, folder):
    blob = bucket.blob("a.txt")
    blob.upload_from_string("x")
    blob.delete()
    assert not (folder / "a.txt").exists()
    assert refusal(404, blob.delete) == f"No such object: {bucket.name}/a.txt"


def test_a_new_version_has_a_greater_generation(bucket):
    blob = bucket.blob("a.txt")
    generations = []
    for text in "abc":
        blob.upload_from_string(text)
        generations.append(blob.generation)
    assert generations == sorted(set(generations))


@pytest.mark.parametrize(
    "condition",
    [
        {"if_generation_match": 0},
        {"if_generation_match": 17},
        {"if_metageneration_match": 2},
        {"if_metageneration_not_match": 1},
    ],
)
def test_preconditions_that_do_not_hold(bucket, condition):
    bucket.blob("a.txt").upload_from_string("old")
    text = refusal(412, bucket.blob("a.txt").upload_from_string, "new", **condition)
    assert text.startswith("At least one of the pre-conditions you specified did not hold: if")
    assert bucket.blob("a.txt").download_as_bytes() == b"old"


def test_preconditions_that_hold(bucket):
    blob = bucket.blob("a.txt")
    blob.upload_from_string("old", if_generation_match=0)
    blob.upload_from_string("new", if_generation_match=blob.generation)
    blob.delete(if_generation_match=blob.generation, if_metageneration_match=1)
    assert not blob.exists()


def test_an_older_generation_is_not_there(bucket):
    blob = bucket.blob("a.txt")
    blob.upload_from_string("old")
    old = blob.generation
    blob.upload_from_string("new")
    assert bucket.get_blob("a.txt", generation=old) is None


def test_copy_keeps_the_metadata(bucket, client):
    other = client.create_bucket(f"{bucket.name}-other")
    blob = bucket.blob("a.txt")
    blob.metadata = {"a": "1"}
    blob.upload_from_string("x", content_type="text/x-mine")
    copy = bucket.copy_blob(blob, other, "b.txt")
    assert copy.download_as_bytes() == b"x"
    assert (copy.metadata, copy.content_type) == ({"a": "1"}, "text/x-mine")
    assert copy.crc32c == blob.crc32c


def test_rewrite(bucket):
    source, copy = bucket.blob("a.txt"), bucket.blob("b.txt")
    source.upload_from_string("abc")
    assert copy.rewrite(source) == (None, 3, 3)
    assert copy.download_as_bytes() == b"abc"


def test_move(bucket, folder):
    blob = bucket.blob("a.txt")
    blob.metadata = {"a": "1"}
    blob.upload_from_string("abc")
    moved = bucket.move_blob(blob, "c/d.txt")
    assert (moved.metadata, moved.crc32c) == ({"a": "1"}, blob.crc32c)
    assert (folder / "c" / "d.txt").read_text() == "abc"
    assert not (folder / "a.txt").exists()


def test_a_move_to_its_own_name_loses_nothing(bucket):
    blob = bucket.blob("a.txt")
    blob.upload_from_string("abc")
    text = refusal(400, bucket.move_blob, blob, "a.txt")
    assert text == "The object 'a.txt' cannot be moved to its own name."
    assert blob.download_as_bytes() == b"abc"


def test_compose(bucket):
    parts = [bucket.blob(name) for name in ("a", "b")]
    for part in parts:
        part.upload_from_string(part.name * 3)
    whole = bucket.blob("whole")
    whole.compose([*parts, parts[0]])
    assert whole.download_as_bytes() == b"aaabbbaaa"
    assert (whole.component_count, whole.md5_hash) == (3, None)
    assert whole.crc32c == checksums(b"aaabbbaaa")[0]


def test_too_many_to_compose(bucket):
    part = bucket.blob("a")
    part.upload_from_string("a")
    text = refusal(400, bucket.blob("whole").compose, [part] * 33)
    assert text == "The number of source components provided is 33; 1 to 32 are allowed."


def test_a_folder_is_an_object_when_it_was_made_one(bucket, folder):
    (folder / "silent").mkdir()
    bucket.blob("marked/").upload_from_string("")
    assert [blob.name for blob in bucket.list_blobs()] == ["marked/"]
    assert (folder / "marked").is_dir()
    assert bucket.blob("marked/").download_as_bytes() == b""
    assert not bucket.blob("silent/").exists()


def test_a_folder_that_is_an_object_is_deleted(bucket, folder):
    bucket.blob("marked/").upload_from_string("")
    bucket.blob("marked/").delete()
    assert not (folder / "marked").exists()


def test_a_folder_has_no_content(bucket):
    text = refusal(400, bucket.blob("marked/").upload_from_string, "x")
    assert text == (
        f"gs://{bucket.name}/marked/ is a folder here, since its name ends with '/', and cannot "
        "have content. Leave the slash out, or upload it empty."
    )


def test_an_object_below_an_object(bucket):
    bucket.blob("a").upload_from_string("x")
    assert refusal(409, bucket.blob("a/b/c").upload_from_string, "y") == (
        f"gs://{bucket.name}/a/b/ cannot hold objects: gs://{bucket.name}/a is an object itself, "
        "and here an object is a file, which cannot be a folder too. Delete that object, or "
        "choose another name."
    )


def test_an_object_in_the_place_of_a_folder(bucket):
    bucket.blob("a/b").upload_from_string("x")
    assert refusal(409, bucket.blob("a").upload_from_string, "y") == (
        f"gs://{bucket.name}/a cannot be an object: there are objects below "
        f"gs://{bucket.name}/a/, and here an object is a file, which cannot be a folder too. "
        "Delete them, or choose another name."
    )


def test_an_object_in_the_place_of_an_empty_folder(bucket, folder):
    bucket.blob("a/b").upload_from_string("x")
    bucket.blob("a/b").delete()
    bucket.blob("a").upload_from_string("y")
    assert (folder / "a").read_text() == "y"


def test_nothing_is_left_of_a_refused_upload(bucket, folder):
    bucket.blob("a").upload_from_string("x")
    refusal(409, bucket.blob("a/b").upload_from_string, "y")
    assert os.listdir(folder) == ["a"]
    assert os.listdir(folder.parent / ".drafts") == []
