from __future__ import annotations

import pytest

from tests.engine.storage.conftest import message


@pytest.fixture
def url(bucket) -> str:
    bucket.blob("ten").upload_from_string("0123456789", content_type="text/plain")
    return f"/download/storage/v1/b/{bucket.name}/o/ten?alt=media"


def test_the_whole(http, url):
    answer = http.get(url)
    assert (answer.status_code, answer.text) == (200, "0123456789")
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["x-goog-hash"].startswith("crc32c=")


@pytest.mark.parametrize(
    ("wanted", "text", "place"),
    [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=-30", "0123456789", "bytes 0-9/10"),
        ("bytes=8-99", "89", "bytes 8-9/10"),
    ],
)
def test_a_range(http, url, wanted, text, place):
    answer = http.get(url, headers={"range": wanted})
    assert (answer.status_code, answer.text) == (206, text)
    assert answer.headers["content-range"] == place


@pytest.mark.parametrize("wanted", ["bytes=1-2,4-5", "lines=1-2", "bytes=5-2", "bytes=-"])
def test_what_is_no_range_gets_the_whole(http, url, wanted):
    assert http.get(url, headers={"range": wanted}).text == "0123456789"


def test_a_range_behind_the_end(http, url):
    answer = http.get(url, headers={"range": "bytes=10-"})
    assert message(answer, 416) == (
        "The requested range 'bytes=10-' cannot be satisfied: there are 10 bytes."
    )


def test_the_path_of_the_metadata_with_alt_media(http, url):
    path = url.replace("/download", "")
    assert http.get(path).text == "0123456789"


def test_a_reader_that_has_the_present_state(http, url):
    etag = http.get(url).headers["etag"]
    answer = http.get(url, headers={"if-none-match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


def test_an_object_that_is_not_there(http, bucket):
    answer = http.get(f"/download/storage/v1/b/{bucket.name}/o/none?alt=media")
    assert message(answer, 404) == f"No such object: {bucket.name}/none"


def test_a_header_of_another_alphabet(http, bucket):
    blob = bucket.blob("a")
    blob.content_disposition = "attachment; filename=größe.txt"
    blob.upload_from_string("x")
    answer = http.get(f"/download/storage/v1/b/{bucket.name}/o/a?alt=media")
    assert answer.headers["content-disposition"] == "attachment; filename=größe.txt"


def test_a_reader_of_googles_client(bucket):
    bucket.blob("a.txt").upload_from_string("line\n" * 1000)
    with bucket.blob("a.txt").open("r", chunk_size=1024) as file:
        assert len(file.readlines()) == 1000


def test_a_compressed_object(bucket):
    import gzip

    blob = bucket.blob("a.gz")
    blob.content_encoding = "gzip"
    blob.upload_from_string(gzip.compress(b"abc"))
    assert blob.download_as_bytes() == b"abc"
    assert gzip.decompress(blob.download_as_bytes(raw_download=True)) == b"abc"
