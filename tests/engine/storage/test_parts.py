from __future__ import annotations

import os

import pytest
from google.cloud.storage import transfer_manager

from tests.engine.storage.conftest import message

MIB = 1024 * 1024


def test_parts_side_by_side(bucket, folder, tmp_path):
    data = os.urandom(3 * MIB + 5)
    (tmp_path / "a.bin").write_bytes(data)
    blob = bucket.blob("x/a b.bin")
    blob.metadata = {"a": "1"}
    transfer_manager.upload_chunks_concurrently(
        str(tmp_path / "a.bin"),
        blob,
        chunk_size=MIB,
        worker_type=transfer_manager.THREAD,
        content_type="text/x-mine",
    )
    assert (folder / "x" / "a b.bin").read_bytes() == data
    found = bucket.get_blob("x/a b.bin")
    assert (found.content_type, found.metadata) == ("text/x-mine", {"a": "1"})
    target = tmp_path / "b.bin"
    transfer_manager.download_chunks_concurrently(
        found, str(target), chunk_size=MIB, worker_type=transfer_manager.THREAD
    )
    assert target.read_bytes() == data


def test_many_files(bucket, tmp_path):
    names = [f"{number}.txt" for number in range(20)]
    for name in names:
        (tmp_path / name).write_text(name)
    results = transfer_manager.upload_many_from_filenames(
        bucket, names, source_directory=str(tmp_path), worker_type=transfer_manager.THREAD
    )
    assert results == [None] * 20
    (tmp_path / "down").mkdir()
    transfer_manager.download_many_to_path(
        bucket,
        names,
        destination_directory=str(tmp_path / "down"),
        worker_type=transfer_manager.THREAD,
    )
    assert [(tmp_path / "down" / name).read_text() for name in names] == names


@pytest.fixture
def upload(http, bucket) -> str:
    """URL of an upload in parts."""
    answer = http.post(f"/{bucket.name}/a.bin?uploads")
    upload_id = answer.text.partition("<UploadId>")[2].partition("<")[0]
    return f"/{bucket.name}/a.bin?uploadId={upload_id}"


def listed(*parts: tuple[int, str]) -> str:
    inner = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
        for number, etag in parts
    )
    return f"<CompleteMultipartUpload>{inner}</CompleteMultipartUpload>"


def test_a_part_that_did_not_come(http, upload):
    etag = http.put(f"{upload}&partNumber=1", content=b"abc").headers["etag"]
    answer = http.post(upload, content=listed((1, etag), (2, etag)))
    assert message(answer, 400) == "Part 2 did not come in whole. Send it again."


def test_a_part_of_another_content(http, upload):
    http.put(f"{upload}&partNumber=1", content=b"abc")
    answer = http.post(upload, content=listed((1, '"other"')))
    assert message(answer, 400) == "Part 1 did not come in whole. Send it again."


def test_no_parts(http, upload):
    assert "at least one of them" in message(http.post(upload, content=listed()), 400)


def test_a_wrong_number(http, upload):
    answer = http.put(f"{upload}&partNumber=0", content=b"abc")
    assert message(answer, 400) == "partNumber is '0'; 1 to 10000 are allowed."


def test_a_cancelled_upload(http, upload, folder):
    http.put(f"{upload}&partNumber=1", content=b"abc")
    assert http.delete(upload).status_code == 204
    answer = http.put(f"{upload}&partNumber=1", content=b"abc")
    assert "No such upload" in message(answer, 404)
