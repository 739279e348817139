"""Objects of a bucket to this machine."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

import attrs

from vertex_flow.calls import Patience
from vertex_flow.errors import SettingError, nearest
from vertex_flow.gcp.transfer.address import Address, address_of, fixed_folder, is_pattern
from vertex_flow.gcp.transfer.buckets import Bucket, Stored
from vertex_flow.gcp.transfer.content import Content, has
from vertex_flow.gcp.transfer.opening import opened
from vertex_flow.gcp.transfer.outcome import Copied, Failure, FileFault, Transfer, concluded, total
from vertex_flow.gcp.transfer.parallel import side_by_side
from vertex_flow.gcp.transfer.progress import Advance, Position, bar
from vertex_flow.place import Place

_SIBLINGS = 1000  # names that are looked at for the nearest one


@attrs.frozen
class _Download:
    """An object and the file that it becomes.

    Attributes:
        stored: The object.
        name: Its name below the folder that was asked for.
        single: Whether it was asked for by its name.
    """

    stored: Stored
    name: str
    single: bool = False


def download(
    place: Place, uri: str, path: Path, *, progress: bool, patience: Patience | None = None
) -> Transfer:
    """Copy objects to a folder.

    Args:
        place: The project, or this machine.
        uri: An object, a folder or a pattern: `*` and `?` for any characters but `/`, `**` for
            any folders, `[a-z]`, `{a,b}`. With `/` at its end it is a folder.
        path: The folder to copy to; for one object the file, unless it is a folder.
        progress: Whether a bar is shown, on a terminal.
        patience: How often a request is tried.

    Raises:
        SettingError: The URI is none, or nothing is there.
        ApiError: Cloud Storage refused.
        TransferFailed: Some objects could not be copied; all others were.
    """
    began = time.monotonic()
    path = Path(os.path.expanduser(path))
    address = address_of(place, uri, "download")
    stop = threading.Event()
    with opened(place, address.bucket, stop, patience) as bucket:
        downloads = _found(bucket, address)
        if os.path.isfile(path) and not downloads[0].single:
            raise SettingError(f"download(path={str(path)!r}): expected a folder; this is a file.")
        sizes = (one.stored.size for one in downloads)
        with bar("Downloading", total(sizes), shown=progress) as advance:
            copy = partial(_copy, bucket, address.bucket, path, advance)
            results = side_by_side(downloads, copy, stop)
    done = [one for one in results if isinstance(one, Copied)]
    failures = [
        Failure(str(Address(address.bucket, one.stored.name)), result)
        for one, result in zip(downloads, results, strict=True)
        if isinstance(result, Exception)
    ]
    return concluded(done, failures, time.monotonic() - began)


def _found(bucket: Bucket, address: Address) -> list[_Download]:
    name = address.name
    if name and not name.endswith("/"):
        exact = next(bucket.listed(name, most=1), None)  # it is the first with this prefix
        if exact and exact.name == name:
            return [_Download(exact, name.rpartition("/")[2], single=True)]
    folder, pattern = address.folder, ""
    if is_pattern(name):
        folder, pattern = fixed_folder(name), name
    found = [
        _Download(one, one.name.removeprefix(folder))
        for one in bucket.listed(folder, pattern=pattern)
        if one.name != folder
    ]
    if not found:
        raise SettingError(_nothing(bucket, address))
    return found


def _nothing(bucket: Bucket, address: Address) -> str:
    said = f"download({str(address)!r})"
    if is_pattern(address.name):
        return f"{said}: no object matches this pattern."
    bare = address.name.rstrip("/")
    above = bare[: bare.rfind("/") + 1]
    siblings = bucket.listed(above, most=_SIBLINGS)
    names = {one.name.removeprefix(above).partition("/")[0] for one in siblings}
    hint = nearest(bare.removeprefix(above), sorted(names - {""}))
    return f"{said}: there is no such object or folder.{hint}"


def _copy(bucket: Bucket, home: str, path: Path, advance: Advance, one: _Download) -> Copied:
    uri, stored = str(Address(home, one.stored.name)), one.stored
    target = path if one.single and not path.is_dir() else _below(path, one.name)
    if one.name.endswith("/"):
        return _folder(target, stored, uri)
    checksum = bucket.checksum(stored)
    if has(target, stored.size, checksum):
        advance(stored.size)
        return Copied(uri, str(target), None)
    if target.is_dir():
        raise FileFault(f"there is a folder where the file has to be: {target}")
    target.parent.mkdir(parents=True, exist_ok=True)
    _fetch(bucket, attrs.evolve(stored, crc32c=checksum), target, Position(advance))
    return Copied(uri, str(target), stored.size)


def _below(folder: Path, name: str) -> Path:
    """The file that an object becomes.

    Raises:
        FileFault: It would not be in the folder.
    """
    parts = name.removesuffix("/").split("/")
    if not name or "\0" in name or {"", ".", ".."} & set(parts):
        raise FileFault("no file in the folder can have this name; copy it alone, to a file")
    target = folder.joinpath(*parts)
    root = os.path.realpath(folder)
    if os.path.commonpath([root, os.path.realpath(target.parent)]) != root:
        raise FileFault(f"{target.parent} is behind a link that leaves {folder}")
    return target


def _folder(target: Path, stored: Stored, uri: str) -> Copied:
    """Make the folder that an object with `/` at its end stands for."""
    if stored.size:
        raise FileFault(
            f"its name ends with '/', as a folder's, but it has {stored.size:,} bytes; copy it "
            "with `gcloud storage cat`"
        )
    there = target.is_dir()
    target.mkdir(parents=True, exist_ok=True)
    return Copied(uri, str(target), None if there else 0)


def _fetch(bucket: Bucket, stored: Stored, target: Path, gauge: Position) -> None:
    """Copy an object beside its place, check it, and put it there."""
    with _part(stored, target) as (part, file):
        bucket.fetch(stored, file, gauge)
        file.flush()
        with Content.open(part) as content:
            found = content.crc32c()
        if found != stored.crc32c or content.size != stored.size:
            part.unlink()
            raise FileFault(
                f"what came is damaged: CRC32C {found}, expected {stored.crc32c}; copy it again"
            )
        part.replace(target)


@contextlib.contextmanager
def _part(stored: Stored, target: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Open the file that an object is copied to first; one that was begun before goes on.

    Its name says which object, and which content of it. One that another process writes to is
    left alone.
    """
    digest = hashlib.sha256(target.name.encode(errors="surrogateescape")).hexdigest()[:16]
    part = target.with_name(f".{digest}-{stored.generation}.part")
    with part.open("ab+") as file:
        if not _is_ours(part, file):
            raise FileFault(f"another process copies it, to {part}")
        if file.seek(0, os.SEEK_END) > stored.size or not stored.generation:
            file.truncate(0)
        yield part, file
    for old in target.parent.glob(f".{digest}-*.part"):
        with contextlib.suppress(OSError):
            old.unlink()


def _is_ours(part: Path, file: IO[bytes]) -> bool:
    """Take a file for this process; not one that another has, or has just put in its place."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(part.stat(), os.fstat(file.fileno()))
    except OSError:
        return False
