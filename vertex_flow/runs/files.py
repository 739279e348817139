"""Files that runs have written, on this machine or in a bucket, read within limits."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import attrs

from vertex_flow.calls import Patience
from vertex_flow.errors import SettingError
from vertex_flow.place import Place

_FAR = Patience(attempts=3, longest=4.0)


@attrs.frozen
class Found:
    """A file below a folder.

    Attributes:
        path: Its path below the folder.
        size: Its size in bytes.
        stored: The object in the bucket; None for a file of this machine.
        file: The file; None for an object.
    """

    path: str
    size: int
    stored: Any = None
    file: Path | None = None


def local_path(uri: str, home: Path | None) -> Path | None:
    """Give the path of what is on this machine; None for what is in a bucket elsewhere.

    Args:
        uri: A path, `file://…`, `gs://BUCKET/NAME` or `/gcs/BUCKET/NAME`.
        home: The engine's folder, whose buckets are on this machine; None for none.

    Raises:
        SettingError: It would leave its bucket.
    """
    for scheme in ("gs://", "/gcs/"):
        if uri.startswith(scheme):
            return _in_bucket(uri, uri.removeprefix(scheme), home) if home is not None else None
    try:
        path = Path(unquote(urlsplit(uri).path) if uri.startswith("file://") else uri)
    except ValueError:  # no URL at all
        return None
    return path if path.is_absolute() else None


def _in_bucket(uri: str, name: str, home: Path) -> Path:
    if ".." in name.split("/") or "\0" in name:
        raise SettingError(f"{uri!r} leaves its bucket: a path may not contain '..'.")
    return home / "storage" / name


def read(place: Place | None, uri: str, *, most: int) -> bytes:
    """Read a file.

    Args:
        place: Where the run is; None where that is not known.
        uri: Where the file is.
        most: Its largest size, in bytes.

    Raises:
        SettingError: It is larger, not there, or in no place that can be read.
        ApiError: Cloud Storage refused.
        OSError: It cannot be read.
    """
    path = local_path(uri, place.home if place else None)
    if path is not None:
        _check_size(uri, path.stat().st_size, most)
        return path.read_bytes()
    with _bucket(place, uri) as (bucket, name):
        stored = next((one for one in bucket.listed(name, most=1) if one.name == name), None)
        if stored is None:
            raise SettingError(f"there is no {uri}.")
        _check_size(uri, stored.size, most)
        content = io.BytesIO()
        bucket.fetch(stored, content, lambda _: None)
        return content.getvalue()


@contextmanager
def below(place: Place | None, folder: str, part: str) -> Iterator[tuple[list[Found], Any]]:
    """List the files below a folder whose names contain a text, and open them for copying.

    Args:
        place: Where the run is; None where that is not known.
        folder: URI of the folder.
        part: What the name of each file contains.

    Yields:
        The files in the order of their names, and a function that copies one of them to a path.

    Raises:
        SettingError: The folder is in no place that can be read.
        ApiError: Cloud Storage refused.
    """
    path = local_path(folder, place.home if place else None)
    if path is not None:
        files = sorted(one for one in path.rglob(f"*{part}*") if one.is_file())
        found = [
            Found(one.relative_to(path).as_posix(), one.stat().st_size, file=one) for one in files
        ]
        yield found, _link
        return
    with _bucket(place, folder.rstrip("/") + "/") as (bucket, prefix):
        objects: Sequence[Any] = list(bucket.listed(prefix, pattern=f"{_literal(prefix)}**{part}*"))
        yield (
            [Found(one.name.removeprefix(prefix), one.size, stored=one) for one in objects],
            lambda found, target: _copy(bucket, found, target),
        )


def _link(found: Found, target: Path) -> None:
    if found.file is not None:
        target.symlink_to(found.file)


def _copy(bucket: Any, found: Found, target: Path) -> None:
    with target.open("wb+") as file:
        bucket.fetch(found.stored, file, lambda _: None)


@contextmanager
def _bucket(place: Place | None, uri: str) -> Iterator[tuple[Any, str]]:
    from vertex_flow.gcp.transfer.address import address_of
    from vertex_flow.gcp.transfer.opening import opened

    if place is None:
        raise SettingError(f"{uri} is in a bucket, which is reached by a context: Run.attach(...).")
    address = address_of(place, uri, "read")
    with opened(place, address.bucket, threading.Event(), _FAR) as bucket:
        yield bucket, address.name


def _literal(prefix: str) -> str:
    """A prefix as a pattern of Cloud Storage that means itself."""
    return "".join(f"[{char}]" if char in "*?[{" else char for char in prefix)


def _check_size(uri: str, size: int, most: int) -> None:
    if size > most:
        raise SettingError(f"{uri} has {size:,} bytes, more than the {most:,} that are read.")
