"""What artifacts hold, in short: to tell whether two of them are the same."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from vertex_flow.calls import Patience
from vertex_flow.errors import ApiError, SettingError
from vertex_flow.place import Place

_MOST_FILES = 2_000
_MOST_BYTES = 500_000_000  # that are read; a bucket knows the checksums of its objects
_PATIENCE = Patience(attempts=3, longest=4.0)


class _TooMuchError(Exception):
    """There is more than is read for this."""


def content_of(uri: str, place: Place | None) -> str | None:
    """Give a digest of an artifact: of the names, sizes and bytes of its files.

    Args:
        uri: A path of this machine, or `gs://BUCKET/NAME`.
        place: Where the run is; None where that is not known.

    Returns:
        The digest; the empty text where nothing is there; None where that cannot be told: it is
        elsewhere, large, or may not be read.
    """
    if place is None:
        return None
    try:
        if uri.startswith("gs://"):
            return _digest(_objects(uri, place))
        return _digest(_files(Path(uri))) if place.home and uri.startswith("/") else None
    except (ApiError, SettingError, OSError, ValueError, _TooMuchError):
        return None


def _digest(parts: Iterable[tuple[str, str]]) -> str:
    digest, empty = hashlib.sha256(), True
    for part in parts:
        empty = False
        digest.update("\0".join([*part, ""]).encode(errors="surrogateescape"))
    return "" if empty else digest.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, str]]:
    """Give the name of each file at a path, and a digest of its bytes."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path] if path.exists() else []
    found = [file for file in files if file.is_file()]
    if len(found) > _MOST_FILES or sum(file.stat().st_size for file in found) > _MOST_BYTES:
        raise _TooMuchError
    for file in found:
        yield str(file.relative_to(path)), hashlib.sha256(file.read_bytes()).hexdigest()


def _objects(uri: str, place: Place) -> Iterator[tuple[str, str]]:
    """Give the name of each object at a URI, and its checksum."""
    from vertex_flow.gcp.transfer.address import address_of
    from vertex_flow.gcp.transfer.opening import opened

    address = address_of(place, uri, "diff")
    with opened(place, address.bucket, threading.Event(), _PATIENCE) as bucket:
        listed = bucket.listed(address.name, most=_MOST_FILES + 1)
        for count, stored in enumerate(listed):
            if count == _MOST_FILES:
                raise _TooMuchError
            if stored.name == address.name or stored.name.startswith(address.folder):
                yield stored.name.removeprefix(address.name), bucket.checksum(stored)
