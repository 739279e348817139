"""What artifacts hold, in short: to tell whether two of them are the same."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from vertex_flow.calls import Patience
from vertex_flow.errors import ApiError, SettingError
from vertex_flow.gcp.transfer.content import Content
from vertex_flow.gcp.transfer.outcome import FileFault
from vertex_flow.place import Place
from vertex_flow.runs.files import local_path

_MOST_FILES = 2_000
_MOST_BYTES = 5_000_000_000  # that are read; a bucket knows the checksums of its objects
_PATIENCE = Patience(attempts=3, longest=4.0)


class _TooMuchError(Exception):
    """There is more than is read for this."""


def content_of(uri: str, place: Place | None) -> str | None:
    """Give a digest of an artifact: of the names, sizes and checksums (CRC32C) of its files.

    It is the same for the same files on this machine and in a bucket.

    Args:
        uri: A path of this machine, `file://…`, `gs://BUCKET/NAME` or `/gcs/BUCKET/NAME`.
        place: Where the run is; None where that is not known.

    Returns:
        The digest; the empty text where nothing is there; None where that cannot be told: it is
        elsewhere, large, or may not be read.
    """
    if place is None:
        return None
    try:
        if place.home:
            path = local_path(uri, place.home)
            return _digest(_files(path)) if path else None
        return _digest(_objects(uri, place)) if uri.startswith("gs://") else None
    except (ApiError, SettingError, FileFault, OSError, ValueError, _TooMuchError):
        return None


def _digest(parts: Iterable[tuple[str, ...]]) -> str:
    digest, empty = hashlib.sha256(), True
    for part in parts:
        empty = False
        digest.update("\0".join([*part, ""]).encode(errors="surrogateescape"))
    return "" if empty else digest.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, ...]]:
    """Give the name, the size and the checksum of each file at a path."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path] if path.exists() else []
    found = [file for file in files if file.is_file()]
    if len(found) > _MOST_FILES or sum(file.stat().st_size for file in found) > _MOST_BYTES:
        raise _TooMuchError
    for file in found:
        name = file.relative_to(path).as_posix() if file != path else ""
        with Content.open(file) as content:
            yield name, str(content.size), content.crc32c()


def _objects(uri: str, place: Place) -> Iterator[tuple[str, ...]]:
    """Give the name, the size and the checksum of each object at a URI."""
    from vertex_flow.gcp.transfer.address import address_of
    from vertex_flow.gcp.transfer.opening import opened

    address = address_of(place, uri, "diff")
    with opened(place, address.bucket, threading.Event(), _PATIENCE) as bucket:
        listed = bucket.listed(address.name, most=_MOST_FILES + 1)
        for count, stored in enumerate(listed):
            if count == _MOST_FILES:
                raise _TooMuchError
            if stored.name == address.name or stored.name.startswith(address.folder):
                name = stored.name.removeprefix(address.name).lstrip("/")
                yield name, str(stored.size), bucket.checksum(stored)
