"""The archives of a Python package: looked through before anything of them is unpacked."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from vertex_flow.engine.api.errors import invalid

MOST_ENTRIES = 50_000
MOST_BYTES = 4 << 30
# The longest header of one entry; a real one has a few hundred bytes.
_HEADER = 1 << 20
_OPENERS: dict[str, Callable[[Path], Any]] = {
    ".tar.gz": gzip.open,
    ".tgz": gzip.open,
    ".tar.bz2": bz2.open,
    ".tar.xz": lzma.open,
    ".tar": lambda path: path.open("rb"),
}
_ZIPS = (".whl", ".zip")
_UNREADABLE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    EOFError,
    lzma.LZMAError,
    zlib.error,
    OSError,
    ValueError,
    OverflowError,
)


def check_package(path: Path, uri: str) -> None:
    """Refuse an archive that is not a package, or that would harm this machine.

    Args:
        path: The archive.
        uri: What the request calls it.

    Raises:
        ApiError: INVALID_ARGUMENT; it does not exist, is no archive that pip installs, has entries
            that leave it, or would be larger than 4 GiB or 50,000 files.
    """
    if not path.is_file():
        raise invalid(f"The Python package {uri} does not exist: {path} is not a file.")
    opener = next((open_ for end, open_ in _OPENERS.items() if path.name.endswith(end)), None)
    try:
        if path.name.endswith(_ZIPS):
            _check_zip(path, uri)
        elif opener is not None:
            _check_tar(path, uri, opener)
        else:
            raise invalid(
                f"{uri} is not a Python package: its name ends in none of "
                f"{', '.join([*_OPENERS, *_ZIPS])}. Build one: python -m build, or "
                "python setup.py sdist."
            )
    except _UNREADABLE as error:
        raise invalid(f"The Python package {uri} cannot be read: {error}") from error


def _check_zip(path: Path, uri: str) -> None:
    total = 0
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        _check_count(len(entries), uri)
        for entry in entries:
            total += entry.file_size
            _check_size(total, uri)
            _check_name(entry.filename, uri)
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise invalid(f"The Python package {uri} has a symbolic link: {entry.filename!r}.")


def _check_tar(path: Path, uri: str, opener: Callable[[Path], Any]) -> None:
    with opener(path) as stream, tarfile.open(fileobj=_Bounded(stream, uri), mode="r:") as archive:
        for count, entry in enumerate(archive, 1):
            _check_count(count, uri)
            _check_name(entry.name, uri)
            if entry.issym() or entry.islnk():
                folder = PurePosixPath(entry.name).parent if entry.issym() else PurePosixPath()
                _check_name(_resolved(folder / entry.linkname), uri)
            elif not (entry.isfile() or entry.isdir()):
                raise invalid(f"The Python package {uri} has a device or pipe: {entry.name!r}.")


class _Bounded(io.RawIOBase):
    """A decompressed stream that refuses to be read further than a package reaches."""

    def __init__(self, stream: Any, uri: str) -> None:
        self._stream = stream
        self._uri = uri

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _HEADER:
            raise invalid(f"The Python package {self._uri} has an entry with a header of {size} B.")
        data: bytes = self._stream.read(size)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        _check_size(offset, self._uri)
        position: int = self._stream.seek(offset, whence)
        return position

    def tell(self) -> int:
        position: int = self._stream.tell()
        return position


def _resolved(path: PurePosixPath) -> str:
    """Follow the `..` inside a link's target; what is left of them leads out of the archive."""
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts).replace("//", "/") or "."


def _check_name(name: str, uri: str) -> None:
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or "\0" in name or parts[0].endswith(":"):
        raise invalid(f"The Python package {uri} has an entry outside of itself: {name!r}.")


def _check_count(count: int, uri: str) -> None:
    if count > MOST_ENTRIES:
        raise invalid(f"The Python package {uri} has more than {MOST_ENTRIES:,} entries.")


def _check_size(size: int, uri: str) -> None:
    if size > MOST_BYTES:
        raise invalid(
            f"The Python package {uri} would take more than {MOST_BYTES >> 30} GiB unpacked."
        )
