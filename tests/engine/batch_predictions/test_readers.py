from __future__ import annotations

import base64
import gzip
import json
import tracemalloc
from typing import Any

import google_crc32c
import pytest
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.batch_predictions import readers
from vertex_flow.engine.batch_predictions.instances import Instance, Shape
from vertex_flow.engine.batch_predictions.readers import Reader
from vertex_flow.engine.batch_predictions.sources import Source
from vertex_flow.errors import ApiError


def checksum(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    return (((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF).to_bytes(4, "little")


def record(data: bytes) -> bytes:
    """A TFRecord, as TensorFlow documents its form."""
    head = len(data).to_bytes(8, "little")
    return head + checksum(head) + data + checksum(data)


@pytest.fixture
def read(home, tmp_path):
    """Read files of a format; a pair for each instance, and the errors of files."""

    def reading(format: str, *contents: bytes) -> list[Any]:
        sources = []
        for number, content in enumerate(contents):
            path = tmp_path / f"in-{number}"
            path.write_bytes(content)
            sources.append(Source(str(path), home))
        shape = Shape(types.BatchPredictionJob.InstanceConfig())
        return [told(row) for row in Reader(format, shape, home).read(sources)]

    return reading


def told(row: Instance | ApiError) -> Any:
    if isinstance(row, ApiError):
        return row.message.partition(": ")[2]
    shown = json.loads(f"{{{row.shown}}}")["instance"]
    return (shown, row.error.message) if row.error else (shown, json.loads(row.sent))


def test_json_lines(read):
    found = read("jsonl", b"\xef\xbb\xbf1\r\n \n[2]\n", b'{"a": "\xc3\xbc"}')

    assert found == [(1, 1), ([2], [2]), ({"a": "ü"}, {"a": "ü"})]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"{", "the line is not JSON: Expecting property name"),
        (b"NaN", "the line is not JSON: NaN is no JSON number."),
        (b"\xff", "the line is no UTF-8 text."),
        (b"[" * 100_000, "the line is nested too deep."),
    ],
)
def test_a_line_that_is_not_json_costs_no_other_line(read, line, text):
    first, (_, error), last = read("jsonl", b"1\n" + line + b"\n2\n")

    assert (first, last) == ((1, 1), (2, 2))
    assert error.startswith(text)


def test_a_line_that_is_too_long_is_passed_over(read, monkeypatch):
    monkeypatch.setattr(readers, "MOST_BYTES", 100)

    first, (shown, error), last = read("jsonl", b"1\n" + b"x" * 1000 + b"\n2\n")

    assert (first, last) == ((1, 1), (2, 2))
    assert shown.startswith("xxx")
    assert error == "the line has more than the 100 bytes that can be sent."


def test_a_long_file_is_not_kept_in_memory(home, tmp_path):
    path = tmp_path / "long.jsonl"
    path.write_text('["0123456789"]\n' * 400_000)  # 6 MB
    shape = Shape(types.BatchPredictionJob.InstanceConfig())
    rows = Reader("jsonl", shape, home).read([Source(str(path), home)])
    tracemalloc.start()
    for _ in range(1000):
        next(rows)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


class TestCsv:
    def test_quotes_tell_strings_from_numbers(self, read):
        found = read("csv", b'a,"b"\n1,"1"\n-2.5e3,"x,y"\n"",0\n')

        assert [sent for _, sent in found] == [[1.0, "1"], [-2500.0, "x,y"], ["", 0.0]]
        assert all(isinstance(sent[0], float | str) for _, sent in found)

    @pytest.mark.parametrize(
        ("row", "text"),
        [
            (
                b"cat,1",
                "could not convert string to float: 'cat'. Strings are put into double quotation "
                "marks; what has none is a number.",
            ),
            (b"1", "the row has 1 values, and the header 2 names."),
            (b"nan,1", "the row holds NaN or infinity, which JSON cannot hold."),
            (b'"a', "the row is not CSV: unexpected end of data. A value cannot hold a line"),
            (b'"\xff",1', "the line is no UTF-8 text."),
        ],
    )
    def test_a_row_that_does_not_fit(self, read, row, text):
        (_, error), last = read("csv", b"a,b\n" + row + b"\n1,2\n")

        assert last == ([1.0, 2.0], [1.0, 2.0])
        assert error.startswith(text)

    def test_a_header_that_is_no_text(self, read):
        assert read("csv", b"\xff\n1\n")[0].startswith("'utf-8' codec can't decode byte 0xff")

    def test_a_file_without_a_header(self, read):
        assert read("csv", b"") == ["the file is empty; its first row has to be a header."]


class TestFileList:
    def test_files_that_cannot_be_read(self, read, tmp_path, monkeypatch):
        monkeypatch.setattr(readers, "MOST_BYTES", 300)
        (tmp_path / "large").write_bytes(b"x" * 301)
        (tmp_path / "small").write_bytes(b"hi")
        uris = [f"{tmp_path}/none", f"{tmp_path}/large", "x.png", f"{tmp_path}/small"]

        found = read("file-list", "\n".join(uris).encode())

        assert [error for _, error in found[:2]] == [
            f"{tmp_path}/none is not there, or no file.",
            f"{tmp_path}/large has more than the 300 bytes that can be sent.",
        ]
        assert "'x.png' is not a place the local engine knows." in found[2][1]
        assert found[3] == (f"{tmp_path}/small", {"b64": "aGk="})


class TestRecords:
    def test_records_are_bytes(self, read):
        sent = {"b64": base64.b64encode(b"\x00one").decode()}

        assert read("tf-record", record(b"\x00one") + record(b"")) == [
            (sent, sent),
            ({"b64": ""}, {"b64": ""}),
        ]

    def test_zipped_records(self, read):
        (_, sent), *rest = read("tf-record-gzip", gzip.compress(record(b"one")))

        assert (sent, rest) == ({"b64": "b25l"}, [])

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (b"text, text, text", "this is no TFRecord file, or it is damaged."),
            (record(b"one")[:-2], "the TFRecord file is damaged, or cut off."),
            (record(b"one").replace(b"one", b"two"), "the TFRecord file is damaged, or cut off."),
        ],
    )
    def test_a_damaged_file(self, read, content, text):
        assert read("tf-record", content, record(b"")) == [text, ({"b64": ""}, {"b64": ""})]

    def test_a_record_that_says_it_is_huge(self, read):
        head = (1 << 60).to_bytes(8, "little")

        assert read("tf-record", head + checksum(head)) == [
            f"a record has {1 << 60} bytes; at most {32 * 1024 * 1024} can be sent."
        ]

    @pytest.mark.parametrize("content", [b"no gzip", gzip.compress(record(b"one"), mtime=0)[:-9]])
    def test_a_damaged_archive(self, read, content):
        assert isinstance(read("tf-record-gzip", content)[-1], str)

    def test_what_tensorflow_writes(self, read):
        """`tf.io.TFRecordWriter(...).write(b"hello")` of TensorFlow 2.21."""
        written = bytes.fromhex("0500000000000000eab2043e68656c6c6fbb1f1c19")

        assert [sent for _, sent in read("tf-record", written)] == [{"b64": "aGVsbG8="}]
