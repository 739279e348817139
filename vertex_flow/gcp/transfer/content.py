"""A file that is read to be copied: its bytes, its checksum, and whether it stays the same."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vertex_flow.gcp.transfer.outcome import FileFault

PIECE = 1024 * 1024  # bytes that are read at a time


class Content:
    """An open file.

    Args:
        path: The file, for errors.
        handle: Its descriptor.
    """

    def __init__(self, path: Path, handle: int) -> None:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise FileFault("it is no regular file")
        self.path = path
        self.size = found.st_size
        self.changed = found.st_mtime_ns
        self._handle = handle

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Content]:
        """Open a file; a pipe is refused, and not waited for.

        Raises:
            OSError: It cannot be read.
            FileFault: It is no regular file.
        """
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            yield cls(path, handle)
        finally:
            os.close(handle)

    def pieces(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Give the bytes from a start to an end.

        Raises:
            FileFault: The file has changed since it was opened.
        """
        end = self.size if end is None else end
        while start < end:
            data = os.pread(self._handle, min(PIECE, end - start), start)
            if not data:
                self.check_unchanged()
                raise FileFault("it is shorter than its size")
            yield data
            start += len(data)
        self.check_unchanged()

    def crc32c(self) -> str:
        """The checksum of the whole, in base64, as Cloud Storage gives it."""
        return crc32c(self.pieces())

    def check_unchanged(self) -> None:
        """Refuse a file that was written to since it was opened.

        Raises:
            FileFault: It was.
        """
        now = os.fstat(self._handle)
        if (now.st_size, now.st_mtime_ns) != (self.size, self.changed):
            raise FileFault("it was changed while it was copied; copy it again when it is finished")


def crc32c(pieces: Iterator[bytes]) -> str:
    """The CRC32C of bytes, in base64, as Cloud Storage gives it."""
    import google_crc32c

    value = 0
    for piece in pieces:
        value = google_crc32c.extend(value, piece)
    return base64.b64encode(value.to_bytes(4, "big")).decode("ascii")


def has(path: Path, size: int, checksum: str) -> bool:
    """Tell whether a file is there with a size and a CRC32C."""
    try:
        with Content.open(path) as content:
            return content.size == size and content.crc32c() == checksum
    except (OSError, FileFault):
        return False
