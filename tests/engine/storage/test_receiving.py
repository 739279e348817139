from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import signal
import time

import httpx
import pytest

from tests.engine.storage.conftest import message
from vertex_flow.engine.embedded import EmbeddedEngine

MIB = 1024 * 1024


def begin(http: httpx.Client, bucket: str, name: str = "a.bin", **metadata: str) -> str:
    """Begin an upload of many requests, and give its URL."""
    answer = http.post(
        f"/upload/storage/v1/b/{bucket}/o?uploadType=resumable",
        json={"name": name, **metadata},
        headers={"x-upload-content-type": "text/x-mine"},
    )
    assert answer.status_code == 200, answer.text
    return answer.headers["location"]


def put(http: httpx.Client, url: str, data: bytes, place: str, **headers: str) -> httpx.Response:
    return http.put(url, content=data, headers={"content-range": f"bytes {place}", **headers})


def related(body: bytes, newline: str, *, end: str = "--") -> tuple[bytes, dict[str, str]]:
    """An upload with its metadata in front."""
    head = newline.join(
        [
            "--b0und",
            "Content-Type: application/json",
            "",
            '{"name": "a.txt", "metadata": {"a": "1"}}',
            "--b0und",
            "content-type: text/x-mine",
            "",
            "",
        ]
    )
    content = head.encode() + body + f"{newline}--b0und{end}".encode()
    return content, {"content-type": 'multipart/related; boundary="b0und"'}


def test_media(http, bucket, folder):
    answer = http.post(
        f"/upload/storage/v1/b/{bucket.name}/o",
        params={"uploadType": "media", "name": "a/b c.txt"},
        content=b"abc",
        headers={"content-type": "text/x-mine"},
    )
    assert answer.json()["contentType"] == "text/x-mine"
    assert (folder / "a" / "b c.txt").read_bytes() == b"abc"


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_multipart(http, bucket, folder, newline):
    body = b"\r\n--b0un\n--b0un\r\n" * 3
    content, headers = related(body, newline)
    url = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=multipart"
    answer = http.post(url, content=content, headers=headers).json()
    assert (answer["contentType"], answer["metadata"]) == ("text/x-mine", {"a": "1"})
    assert (folder / "a.txt").read_bytes() == body


def test_a_multipart_body_that_is_cut(http, bucket, folder):
    content, headers = related(b"abc", "\r\n")
    url = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=multipart"
    answer = http.post(url, content=content[:-9], headers=headers)
    assert message(answer, 400) == (
        "The multipart body ended before its last boundary. Nothing was stored."
    )
    assert os.listdir(folder) == []


def test_a_multipart_body_without_a_boundary(http, bucket):
    url = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=multipart"
    answer = http.post(url, content=b"x", headers={"content-type": "multipart/related"})
    assert "names no boundary of its parts" in message(answer, 400)


def test_an_unknown_kind_of_upload(http, bucket):
    answer = http.post(f"/upload/storage/v1/b/{bucket.name}/o?uploadType=magic")
    assert message(answer, 400) == (
        "Invalid uploadType: 'magic'. Expected media, multipart or resumable."
    )


def test_an_upload_in_many_requests(http, bucket, folder):
    url = begin(http, bucket.name, cacheControl="no-store")
    first = put(http, url, b"a" * MIB, f"0-{MIB - 1}/*")
    assert (first.status_code, first.headers["range"]) == (308, f"bytes=0-{MIB - 1}")
    asked = put(http, url, b"", "*/*")
    assert (asked.status_code, asked.headers["range"]) == (308, f"bytes=0-{MIB - 1}")
    assert not (folder / "a.bin").exists()
    last = put(http, url, b"b" * 5, f"{MIB}-{MIB + 4}/{MIB + 5}").json()
    assert (last["size"], last["contentType"], last["cacheControl"]) == (
        str(MIB + 5),
        "text/x-mine",
        "no-store",
    )
    assert (folder / "a.bin").read_bytes() == b"a" * MIB + b"b" * 5


def test_bytes_that_come_twice_count_once(http, bucket, folder):
    url = begin(http, bucket.name)
    put(http, url, b"abcdef", "0-5/*")
    put(http, url, b"defghi", "3-8/9")
    assert (folder / "a.bin").read_bytes() == b"abcdefghi"


def test_bytes_that_are_missing(http, bucket):
    url = begin(http, bucket.name)
    put(http, url, b"abc", "0-2/*")
    assert message(put(http, url, b"xyz", "5-7/8"), 400) == (
        "The content begins at byte 5, but only 3 bytes came in before."
    )


def test_more_bytes_than_were_said(http, bucket):
    url = begin(http, bucket.name)
    assert message(put(http, url, b"abcdef", "0-5/4"), 400) == (
        "The upload has 6 bytes, more than the 4 it said."
    )


def test_an_upload_that_has_not_begun_to_come(http, bucket):
    answer = put(http, begin(http, bucket.name), b"", "*/*")
    assert answer.status_code == 308
    assert "range" not in answer.headers


def test_an_upload_that_has_ended_is_shown_again(http, bucket):
    url = begin(http, bucket.name)
    ended = put(http, url, b"abc", "0-2/3").json()
    assert put(http, url, b"", "*/3").json() == ended


def test_an_empty_upload(http, bucket, folder):
    answer = put(http, begin(http, bucket.name), b"", "*/0")
    assert answer.json()["size"] == "0"
    assert (folder / "a.bin").read_bytes() == b""


def test_a_cancelled_upload(http, bucket):
    url = begin(http, bucket.name)
    assert http.delete(url).status_code == 499
    assert "No such upload" in message(put(http, url, b"abc", "0-2/3"), 404)


@pytest.mark.parametrize("stated", ["metadata", "header"])
def test_a_wrong_checksum(http, bucket, folder, stated):
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    metadata = {"md5Hash": wrong} if stated == "metadata" else {}
    headers = {"x-goog-hash": f"md5={wrong}"} if stated == "header" else {}
    others = os.listdir(folder.parent / ".drafts")
    url = begin(http, bucket.name, **metadata)
    text = message(put(http, url, b"abc", "0-2/3", **headers), 400)
    assert text.startswith(f"Provided md5Hash {wrong!r} doesn't match calculated md5Hash ")
    assert os.listdir(folder) == []
    assert os.listdir(folder.parent / ".drafts") == others


def test_an_upload_to_a_bucket_that_is_not_there(http):
    answer = http.post("/upload/storage/v1/b/not-there/o?uploadType=resumable", json={"name": "a"})
    assert message(answer, 404).startswith("The specified bucket does not exist: not-there. ")


def test_an_upload_that_the_disk_has_no_room_for(http, bucket):
    answer = http.post(
        f"/upload/storage/v1/b/{bucket.name}/o?uploadType=resumable",
        json={"name": "a"},
        headers={"x-upload-content-length": str(10**18)},
    )
    assert message(answer, 507) == (
        "The disk that holds the engine's folder would be full with the "
        "1,000,000,000,000,000,000 bytes of this upload. Nothing that was stored is lost: free "
        "some space and send the request again."
    )


def test_a_caller_that_hangs_up_leaves_nothing(http, bucket, folder, until):
    def broken():
        yield b"a" * MIB
        raise InterruptedError

    drafts = folder.parent / ".drafts"
    others = os.listdir(drafts)
    url = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=a"
    with pytest.raises(InterruptedError):
        http.post(url, content=broken())
    until(lambda: os.listdir(drafts) == others)
    assert os.listdir(folder) == []


def test_a_long_upload_is_not_in_memory(http, bucket, engine):
    """64 MiB go through while the engine's memory grows by less than half of that."""

    def memory() -> int:
        with open(f"/proc/{engine.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) // 1024

    url = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=long"
    before = memory()
    grown = []

    def content():
        for _ in range(64):
            yield b"x" * MIB
            grown.append(memory() - before)

    assert http.post(url, content=content()).json()["size"] == str(64 * MIB)
    with http.stream("GET", f"/download/storage/v1/b/{bucket.name}/o/long?alt=media") as answer:
        assert sum(map(len, answer.iter_bytes())) == 64 * MIB
    assert max(*grown, memory() - before) < 32


def test_an_upload_goes_on_after_the_engine_was_killed(tmp_path):
    home = tmp_path / "home"
    data = os.urandom(3 * MIB)
    with EmbeddedEngine.start(home) as engine:
        port = int(engine.endpoint.rpartition(":")[2])
        headers = {"authorization": f"Bearer {engine.token}"}
        with httpx.Client(base_url=engine.endpoint, headers=headers, timeout=60) as http:
            http.post("/storage/v1/b?project=acme", json={"name": "mine"})
            url = begin(http, "mine", metadata={"a": "1"})
            put(http, url, data[:MIB], f"0-{MIB - 1}/*")
        os.kill(engine.pid, signal.SIGKILL)
        while os.path.exists(f"/proc/{engine.pid}") and not _is_over(engine.pid):
            time.sleep(0.02)
    with EmbeddedEngine.start(home, port=port), httpx.Client(headers=headers, timeout=60) as http:
        assert put(http, url, b"", "*/*").headers["range"] == f"bytes=0-{MIB - 1}"
        found = put(http, url, data[MIB:], f"{MIB}-{3 * MIB - 1}/{3 * MIB}").json()
    assert found["md5Hash"] == base64.b64encode(hashlib.md5(data).digest()).decode()
    assert found["metadata"] == {"a": "1"}
    assert (home / "storage" / "mine" / "a.bin").read_bytes() == data


def _is_over(pid: int) -> bool:
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "Z"


def test_a_writer_of_googles_client(bucket, folder):
    with bucket.blob("a.bin").open("wb", chunk_size=256 * 1024) as file:
        for _ in range(5):
            file.write(b"x" * 200_000)
    assert (folder / "a.bin").stat().st_size == 1_000_000


def test_fifty_megabytes_by_googles_client(bucket, folder):
    data = os.urandom(1000) * 50_000
    blob = bucket.blob("big.bin", chunk_size=8 * MIB)
    blob.upload_from_file(io.BytesIO(data), size=len(data))
    assert (blob.size, blob.md5_hash) == (
        len(data),
        base64.b64encode(hashlib.md5(data).digest()).decode(),
    )
    assert bucket.blob("big.bin").download_as_bytes() == data


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ({"nmae": "a"}, "Unknown name 'nmae': Cannot find field."),
        ({}, "Required parameter: name, the name of the object."),
        ({"name": 5}, "Required parameter: name, the name of the object."),
        ({"name": "a", "contentType": 5}, "Invalid value for 'contentType': expected a text of"),
        ({"name": "a", "contentType": "a\r\nX-Evil: 1"}, "expected a text of one line, not "),
        ({"name": "a", "metadata": {"a": 1}}, "Invalid value for 'metadata': expected texts by"),
        ({"name": "a", "metadata": {"a": "x" * 9000}}, "it has 9001 bytes; at most 8192 are"),
        (["a"], "The body is to be a JSON object, not list."),
    ],
)
def test_wrong_metadata(http, bucket, metadata, text):
    url = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=resumable"
    answer = http.post(url, content=json.dumps(metadata))
    assert text in message(answer, 400)


@pytest.mark.parametrize("field", ["kmsKeyName", "temporaryHold", "retention"])
def test_settings_that_the_engine_does_not_have(http, bucket, field):
    url = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=resumable"
    answer = http.post(url, json={"name": "a", field: {"mode": "Locked"}})
    assert message(answer, 501).startswith(f"{field!r} is a setting of Cloud Storage that the ")
