from __future__ import annotations

import pytest
from google.api_core.exceptions import NotFound

from tests.engine.storage.conftest import message


def test_many_deletes(bucket, client):
    names = [f"{number}.txt" for number in range(5)]
    for name in names:
        bucket.blob(name).upload_from_string("x")
    with client.batch():
        for name in names:
            bucket.blob(name).delete()
    assert list(bucket.list_blobs()) == []


def test_a_batch_that_fails_in_part(bucket, client):
    bucket.blob("a").upload_from_string("x")
    batch = client.batch()
    client._push_batch(batch)
    bucket.blob("none").delete()
    bucket.blob("a").delete()
    client._pop_batch()
    with pytest.raises(NotFound, match="No such object"):
        batch.finish()
    assert not bucket.blob("a").exists()


def test_metadata(bucket, client):
    blob = bucket.blob("a")
    blob.upload_from_string("x")
    with client.batch():
        blob.metadata = {"a": "1"}
        blob.patch()
    assert blob.metadata == {"a": "1"}


def test_what_is_no_batch(http):
    answer = http.post("/batch/storage/v1", content=b"x", headers={"content-type": "text/plain"})
    assert message(answer, 400) == (
        "A batch is a multipart/mixed request with one call in each part."
    )


def test_uploads_are_no_part_of_a_batch(http, bucket):
    body = (
        "--b\r\nContent-Type: application/http\r\n\r\n"
        f"POST /upload/vertex/b/{bucket.name}/o HTTP/1.1\r\n\r\n\r\n--b--\r\n"
    )
    headers = {"content-type": "multipart/mixed; boundary=b"}
    answer = http.post("/batch/storage/v1", content=body, headers=headers)
    assert "HTTP/1.1 400" in answer.text
    assert "is no method of the JSON API" in answer.text
