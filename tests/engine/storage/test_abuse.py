"""Cloud Storage for callers who mean no good: refused or bounded, and the next one is served."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.storage.conftest import message

_NINES = "9" * 5000
_TEXTS = st.sampled_from(
    [
        "",
        "a",
        "o",
        "d/",
        "d/x",
        "../x",
        "..",
        ".",
        "/etc/passwd",
        "a//b",
        "a\\..\\b",
        "\x00",
        "a\r\nX-Evil: 1",
        "²",
        "→",
        "x" * 300,
        "x/" * 600,
        "-1",
        "0",
        _NINES,
        "*a*a*a*a*b",
        "[z-a]",
        "[!]",
        "items(name",
        "bytes=0-",
        f"bytes={_NINES}-1",
        f"bytes {_NINES}-1/2",
        "bytes */*",
        "true",
    ]
) | st.text(max_size=8)
_JSON = st.recursive(
    st.sampled_from(["NaN", "1e999", '"\\ud800"', "null", "1", "-1", "true", '""', '"a"', '"→"']),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda parts: f"[{','.join(parts)}]")
        | st.tuples(st.sampled_from(["a", "", "\\ud800", "name", "generation"]), inner).map(
            lambda pair: f'{{"{pair[0]}":{pair[1]}}}'
        )
    ),
    max_leaves=4,
)
_FIELDS = [
    "name",
    "acl",
    "bindings",
    "contentType",
    "cors",
    "destination",
    "etag",
    "labels",
    "location",
    "metadata",
    "retention",
    "sourceObjects",
    "storageClass",
    "version",
    "website",
]
_BODIES = (
    _JSON
    | st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=2).map(
        lambda fields: "{" + ",".join(f'"{key}":{text}' for key, text in fields.items()) + "}"
    )
    | _TEXTS
)
_HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "range",
            "content-range",
            "content-type",
            "if-match",
            "if-none-match",
            "x-goog-hash",
            "x-goog-meta-a",
            "x-upload-content-length",
            "x-upload-content-type",
        ]
    ),
    (_TEXTS | st.just("multipart/related; boundary=b")).map(
        lambda text: re.sub(r"[\x00-\x1f]", "", text).strip().encode("latin-1", "ignore")
    ),
    max_size=2,
)
_QUERIES = st.dictionaries(
    st.sampled_from(
        [
            "alt",
            "contentEncoding",
            "delimiter",
            "fields",
            "generation",
            "ifGenerationMatch",
            "includeTrailingDelimiter",
            "matchGlob",
            "maxResults",
            "name",
            "pageToken",
            "partNumber",
            "prefix",
            "project",
            "startOffset",
            "uploadType",
            "upload_id",
            "uploadId",
            "uploads",
            "x",
        ]
    ),
    _TEXTS | st.sampled_from(["media", "multipart", "resumable"]),
    max_size=3,
)
_PATHS = [
    "GET /storage/v1/b",
    "POST /storage/v1/b",
    "GET /storage/v1/b/{bucket}",
    "PATCH /storage/v1/b/{bucket}",
    "PUT /storage/v1/b/{bucket}/iam",
    "GET /storage/v1/b/{bucket}/o",
    "GET /storage/v1/b/{name}/o",
    "GET /storage/v1/b/{bucket}/o/{name}",
    "PATCH /storage/v1/b/{bucket}/o/{name}",
    "DELETE /storage/v1/b/{bucket}/o/{name}",
    "POST /storage/v1/b/{bucket}/o/{name}/compose",
    "POST /storage/v1/b/{bucket}/o/o/copyTo/b/{bucket}/o/{name}",
    "POST /storage/v1/b/{bucket}/o/{name}/rewriteTo/b/{bucket}/o/{name}",
    "POST /storage/v1/b/{bucket}/o/o/moveTo/o/{name}",
    "GET /download/storage/v1/b/{bucket}/o/{name}",
    "POST /upload/storage/v1/b/{bucket}/o",
    "PUT /upload/storage/v1/b/{bucket}/o",
    "PUT /{bucket}/{name}",
    "POST /{bucket}/{name}",
    "POST /batch/storage/v1",
    "GET /v3/projects/{name}",
]


@pytest.mark.parametrize("call", _PATHS)
def test_no_request_is_too_strange_to_be_answered(http, bucket, folder, call):
    verb, _, path = call.partition(" ")

    @settings(
        derandomize=True,
        deadline=None,
        database=None,
        max_examples=20,
        suppress_health_check=list(HealthCheck),
    )
    @given(_TEXTS, _QUERIES, _HEADERS, _BODIES)
    def ask(name, query, headers, body):
        (folder / "d").mkdir(exist_ok=True)
        (folder / "o").write_text("content")
        where = path.format(bucket=bucket.name, name=quote(name, safe=""))
        content = body.encode("utf-8", "surrogatepass")
        answer = http.request(verb, where, params=query, headers=headers, content=content)
        assert answer.status_code != 500, answer.text
        assert http.get(f"/storage/v1/b/{bucket.name}/o").status_code == 200
        assert http.get("/storage/v1/b?project=acme").status_code == 200

    ask()


@pytest.mark.parametrize(
    "value", ["NaN", "1e999", '"\\ud800"', '{"\\ud800":1}', "[" * 70 + "]" * 70]
)
def test_what_could_never_be_shown_is_not_stored(http, bucket, value):
    url = f"/storage/v1/b/{bucket.name}"
    answer = http.patch(url, content=f'{{"website":{{"a":{value}}}}}')
    assert "Invalid JSON payload received" in message(answer, 400)
    assert http.get(url).status_code == 200


def test_megabytes_of_settings(http, bucket):
    answer = http.patch(f"/storage/v1/b/{bucket.name}", json={"cors": ["x" * 300_000]})
    assert "at most 262144 are allowed" in message(answer, 400)


def test_a_project_that_can_be_none_makes_no_bucket(http):
    answer = http.post("/storage/v1/b", params={"project": "no project!"}, json={"name": "none-1"})
    assert "Invalid project id: 'no project!'" in message(answer, 400)
    assert http.get("/storage/v1/b/none-1").status_code == 404


def test_a_header_in_a_parameter(http, bucket):
    query = {"uploadType": "media", "name": "o", "contentEncoding": "gzip\r\nX-Evil: 1"}
    answer = http.post(f"/upload/storage/v1/b/{bucket.name}/o", params=query, content=b"x")
    assert "expected a text of one line" in message(answer, 400)


@pytest.mark.parametrize("field", ["contentType", "cacheControl", "storageClass"])
def test_letters_that_no_header_has(http, bucket, folder, field):
    (folder / "o").write_text("x")
    url = f"/storage/v1/b/{bucket.name}/o/o"
    assert http.patch(url, json={field: "→"}).status_code == 200
    assert http.get(url, params={"alt": "media"}).text == "x"


@pytest.mark.parametrize("seconds", [0, -(10**11), 2**33, 10**12])
def test_a_file_of_no_known_time(http, bucket, folder, seconds):
    (folder / "o").touch()
    os.utime(folder / "o", (seconds, seconds))
    listed = http.get(f"/storage/v1/b/{bucket.name}/o", params={"fields": "items/name"})
    assert listed.json() == {"items": [{"name": "o"}]}


def test_a_link_is_moved_as_what_it_means(http, bucket, folder):
    (folder / "a").mkdir()
    (folder / "target").write_text("x")
    (folder / "a" / "link").symlink_to("../target")
    url = f"/storage/v1/b/{bucket.name}/o"
    assert http.post(f"{url}/a%2Flink/moveTo/o/moved").status_code == 200
    assert http.get(f"{url}/moved", params={"alt": "media"}).text == "x"
    assert not (folder / "moved").is_symlink()


@pytest.mark.parametrize(
    "body",
    [b"<Part>" * 150_000, b"<Part><PartNumber>1</PartNumber><ETag>" + b" " * 900_000 + b"</Part>"],
)
def test_xml_that_takes_long_to_look_through(http, bucket, body):
    begun = http.post(f"/{bucket.name}/o?uploads").text
    upload_id = begun.partition("<UploadId>")[2].partition("<")[0]
    answer = http.post(f"/{bucket.name}/o", params={"uploadId": upload_id}, content=body)
    assert "A part needs a PartNumber and an ETag" in message(answer, 400)


def test_a_batch_of_a_million_parts(http, engine):
    before = _peak(engine.pid)
    kind = {"content-type": "multipart/mixed; boundary=b"}
    answer = http.post("/batch/storage/v1", content=b"--b\r\n\r\n" * 1_000_000, headers=kind)
    assert message(answer, 400) == "The batch has more than 1000 calls."
    assert _peak(engine.pid) - before < 100_000


def test_requests_of_one_upload_at_the_same_time(http, bucket, engine):
    url = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=resumable&name=o"
    place = http.post(url).headers["location"].removeprefix(engine.endpoint)
    content = os.urandom(3_000_000)

    def put(_: int) -> httpx.Response:
        headers = {**http.headers, "content-range": f"bytes 0-{len(content) - 1}/{len(content)}"}
        return httpx.put(f"{engine.endpoint}{place}", content=content, headers=headers, timeout=60)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(put, range(4)))
    assert {answer.status_code for answer in answers} == {200}
    found = http.get(f"/storage/v1/b/{bucket.name}/o/o", params={"alt": "media"})
    assert found.content == content


def test_a_bad_download_leaves_no_file_open(http, bucket, folder, engine):
    (folder / "o").write_text("x")
    before = _open_files(engine.pid)
    for _ in range(20):
        url = f"/storage/v1/b/{bucket.name}/o/o?alt=media"
        assert http.get(url, headers={"range": "bytes=9-"}).status_code == 416
        with http.stream("GET", url) as answer:
            assert answer.status_code == 200
    assert _open_files(engine.pid) <= before + 1


def _peak(pid: int) -> int:
    """Give the most memory that a process has had, in KiB."""
    return int(re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def _open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))
