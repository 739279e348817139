"""Reads instances from files, one after the other and never a whole file at once."""

from __future__ import annotations

import base64
import csv
import gzip
import json
import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, NoReturn

import google_crc32c

from vertex_flow.engine.api.errors import invalid, reason
from vertex_flow.engine.batch_predictions.instances import (
    MOST_BYTES,
    Instance,
    Shape,
    of_bytes,
    unread,
)
from vertex_flow.engine.batch_predictions.sources import Source
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import ApiError

FORMATS = ("csv", "file-list", "jsonl", "tf-record", "tf-record-gzip")

_SHOWN = 1000  # characters of a line that could not be read
_MASK = 0xA282EAD8  # what TensorFlow adds to checksums
_BOM = b"\xef\xbb\xbf"


class Reader:
    """Reads the instances of a job.

    Args:
        format: One of `FORMATS`.
        shape: What is made of each row.
        home: Resolves the URIs of a file list.
    """

    def __init__(self, format: str, shape: Shape, home: Home) -> None:
        self._shape = shape
        self._home = home
        readers: dict[str, Callable[[BinaryIO], Iterator[Instance]]] = {
            "csv": self._csv,
            "file-list": self._file_list,
            "jsonl": self._jsonl,
            "tf-record": _records,
            "tf-record-gzip": _zipped_records,
        }
        self._read = readers[format]

    def read(self, sources: Iterable[Source]) -> Iterator[Instance | ApiError]:
        """Read files; one that cannot be read (further) gives an error, and the next follows."""
        for source in sources:
            try:
                with source.open() as file:
                    yield from self._read(file)
            except (ApiError, OSError, EOFError, UnicodeError, zlib.error) as error:
                found = reason(error) if isinstance(error, ApiError) else invalid(str(error))
                yield ApiError(found.code, found.status, f"{source.uri}: {found.message}")

    def _jsonl(self, file: BinaryIO) -> Iterator[Instance]:
        for line in _lines(file):
            yield _or_error(line, self._of_json)

    def _of_json(self, line: bytes) -> Instance:
        text = line.decode()
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
        except RecursionError:
            raise invalid("the line is nested too deep.") from None
        except ValueError as error:
            raise invalid(f"the line is not JSON: {error}.") from None
        return self._shape.of_value(value)

    def _csv(self, file: BinaryIO) -> Iterator[Instance]:
        lines = _lines(file)
        first = next(lines, None)
        if first is None:
            raise invalid("the file is empty; its first row has to be a header.")
        names = _cells(first, quoting=csv.QUOTE_MINIMAL)
        for line in lines:
            yield _or_error(line, lambda text: self._of_cells(names, text))

    def _of_cells(self, names: list[str], line: bytes) -> Instance:
        values = _cells(line, quoting=csv.QUOTE_NONNUMERIC)
        if len(values) != len(names):
            raise invalid(f"the row has {len(values)} values, and the header {len(names)} names.")
        if any(isinstance(value, float) and not math.isfinite(value) for value in values):
            raise invalid("the row holds NaN or infinity, which JSON cannot hold.")
        return self._shape.of_row(names, values)

    def _file_list(self, file: BinaryIO) -> Iterator[Instance]:
        for line in _lines(file):
            yield _or_error(line, self._of_file)

    def _of_file(self, line: bytes) -> Instance:
        uri = line.decode().strip()
        try:
            with Source(uri, self._home).open() as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise invalid(f"{uri} cannot be read: {error.strerror}.") from error
        if len(data) > MOST_BYTES:
            raise invalid(f"{uri} has more than the {MOST_BYTES} bytes that can be sent.")
        return of_bytes(base64.b64encode(data).decode(), uri)


def _or_error(line: bytes, read: Callable[[bytes], Instance]) -> Instance:
    if len(line) > MOST_BYTES:
        return unread(
            line[:_SHOWN].decode("utf-8", "replace"),
            invalid(f"the line has more than the {MOST_BYTES} bytes that can be sent."),
        )
    try:
        return read(line)
    except UnicodeDecodeError:
        error = invalid("the line is no UTF-8 text.")
    except ApiError as refused:
        error = refused
    return unread(line[:_SHOWN].decode("utf-8", "replace"), error)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Give the lines that are not empty; of one that is too long, more bytes than are allowed."""
    first = True
    while line := file.readline(MOST_BYTES + 2):
        rest = line
        while len(rest) > MOST_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(MOST_BYTES + 2)
        text = (line.removeprefix(_BOM) if first else line).strip(b"\r\n")
        first = False
        if text.strip():
            yield text


def _cells(line: bytes, *, quoting: Any) -> list[Any]:
    """Read a row."""
    text = line.decode()
    try:
        return next(csv.reader([text], quoting=quoting, strict=True))
    except ValueError as error:
        raise invalid(
            f"{error}. Strings are put into double quotation marks; what has none is a number."
        ) from None
    except csv.Error as error:
        raise invalid(f"the row is not CSV: {error}. A value cannot hold a line break.") from None


def _records(file: BinaryIO) -> Iterator[Instance]:
    """Read TFRecords: length, its checksum, content, its checksum; all little-endian."""
    while head := file.read(12):
        length = int.from_bytes(head[:8], "little")
        if len(head) < 12 or _checksum(head[:8]) != head[8:]:
            raise invalid("this is no TFRecord file, or it is damaged.")
        if length > MOST_BYTES:
            raise invalid(f"a record has {length} bytes; at most {MOST_BYTES} can be sent.")
        data, checksum = file.read(length), file.read(4)
        if len(data) < length or _checksum(data) != checksum:
            raise invalid("the TFRecord file is damaged, or cut off.")
        yield of_bytes(base64.b64encode(data).decode())


def _zipped_records(file: BinaryIO) -> Iterator[Instance]:
    with gzip.GzipFile(fileobj=file) as inner:
        yield from _records(inner)  # type: ignore[arg-type]  # it reads like any binary file


def _checksum(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    masked = ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF
    return int(masked).to_bytes(4, "little")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
