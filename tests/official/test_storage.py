"""`storage.Client()` as it is, found by nothing but the environment variable."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from google.cloud import storage
from google.cloud.storage import transfer_manager

from tests.official.conftest import Official

MIB = 1024 * 1024


@pytest.fixture
def bucket(sdk: Official) -> storage.Bucket:
    return storage.Client().bucket("local")


def test_an_object_there_and_back(bucket: storage.Bucket, sdk: Official) -> None:
    bucket.blob("a/b.txt").upload_from_string("hello")
    assert sdk.path("gs://local/a/b.txt").read_text() == "hello"
    assert bucket.blob("a/b.txt").download_as_text() == "hello"


def test_fifty_megabytes(bucket: storage.Bucket, tmp_path: Path) -> None:
    data = os.urandom(MIB) * 50
    (tmp_path / "big").write_bytes(data)
    bucket.blob("big", chunk_size=8 * MIB).upload_from_filename(str(tmp_path / "big"))
    bucket.blob("big", chunk_size=8 * MIB).download_to_filename(str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == data


def test_side_by_side_in_processes(bucket: storage.Bucket, tmp_path: Path) -> None:
    data = os.urandom(3 * MIB)
    (tmp_path / "parts").write_bytes(data)
    transfer_manager.upload_chunks_concurrently(
        str(tmp_path / "parts"), bucket.blob("parts"), chunk_size=MIB, max_workers=2
    )
    transfer_manager.download_chunks_concurrently(
        bucket.blob("parts"), str(tmp_path / "back"), chunk_size=MIB, max_workers=2
    )
    assert (tmp_path / "back").read_bytes() == data


def test_a_writer(bucket: storage.Bucket) -> None:
    with bucket.blob("written").open("wb") as file:
        file.write(b"x" * MIB)
    assert bucket.get_blob("written").size == MIB
