"""Files of this machine to a bucket."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import attrs

from vertex_flow.calls import Patience
from vertex_flow.gcp.transfer.address import Address, address_of, name_fault
from vertex_flow.gcp.transfer.buckets import Bucket, Stored
from vertex_flow.gcp.transfer.content import Content
from vertex_flow.gcp.transfer.opening import opened
from vertex_flow.gcp.transfer.outcome import Copied, Failure, FileFault, Transfer, concluded, total
from vertex_flow.gcp.transfer.parallel import side_by_side
from vertex_flow.gcp.transfer.progress import Advance, Position, bar
from vertex_flow.gcp.transfer.sources import Source, Sources, find
from vertex_flow.place import Place


@attrs.frozen
class _Upload:
    """A file and the object that it becomes.

    Attributes:
        path: The file.
        name: Name of the object.
    """

    path: Path
    name: str


def upload(
    place: Place, path: Path, uri: str, *, progress: bool, patience: Patience | None = None
) -> Transfer:
    """Copy files to a bucket.

    Args:
        place: The project, or this machine.
        path: A file, a folder or a pattern.
        uri: A folder in a bucket. For one file, a URI that ends with the file's name or suffix is
            that of the object itself, unless it ends with `/`.
        progress: Whether a bar is shown, on a terminal.
        patience: How often a request is tried.

    Raises:
        SettingError: The path is not there or nothing matches, or the URI is none.
        ApiError: Cloud Storage refused.
        TransferFailed: Some files could not be copied; all others were.
    """
    began = time.monotonic()
    address = address_of(place, uri, "upload")
    found = find(path)
    uploads, failures = _named(found, address)
    stop = threading.Event()
    with opened(place, address.bucket, stop, patience) as bucket:
        present = _present(bucket, uploads)
        sizes = [_size(one.path) for one in uploads]
        with bar("Uploading", total(sizes), shown=progress) as advance:
            copy = partial(_copy, bucket, address.bucket, present, advance)
            results = side_by_side(uploads, copy, stop)
    done = [one for one in results if isinstance(one, Copied)]
    failures += [
        Failure(str(one.path), result)
        for one, result in zip(uploads, results, strict=True)
        if isinstance(result, Exception)
    ]
    return concluded(done, failures, time.monotonic() - began)


def _named(found: Sources, address: Address) -> tuple[list[_Upload], list[Failure]]:
    """Name the objects that files become; and say which can have no name."""
    uploads, failures = [], list(found.failures)
    for source in found.files:
        name = address.name if _is_object(found, source, address) else address.folder + source.name
        fault = name_fault(name)
        if fault:
            reason = FileFault(f"no object can have the name {name[:200]!r}: {fault}")
            failures.append(Failure(str(source.path), reason))
        else:
            uploads.append(_Upload(source.path, name))
    return uploads, failures


def _is_object(found: Sources, source: Source, address: Address) -> bool:
    """Tell whether a URI is that of one object, and not of the folder that it goes to."""
    last = address.name.rpartition("/")[2]
    if not found.single or not last:
        return False
    return last == source.name or (last.endswith(source.path.suffix) and bool(source.path.suffix))


def _present(bucket: Bucket, uploads: Sequence[_Upload]) -> dict[str, Stored]:
    """What is in the bucket of that which is to come: one list, whatever the number of files."""
    if not uploads:
        return {}
    names = sorted(one.name for one in uploads)
    first, last = names[0], names[-1]
    if first == last:
        found = bucket.listed(first, most=1)
    else:
        found = bucket.listed(_common_folder(first, last), first=first, last=last)
    wanted = set(names)
    return {one.name: one for one in found if one.name in wanted}


def _common_folder(first: str, last: str) -> str:
    pairs = zip(first, last, strict=False)
    same = next((at for at, (one, other) in enumerate(pairs) if one != other), len(first))
    return first[: first.rfind("/", 0, same) + 1]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # what is wrong with it is said when it is copied


def _copy(
    bucket: Bucket, home: str, present: Mapping[str, Stored], advance: Advance, one: _Upload
) -> Copied:
    uri = str(Address(home, one.name))
    with Content.open(one.path) as content:
        there = present.get(one.name)
        if there and there.size == content.size and bucket.checksum(there) == content.crc32c():
            advance(content.size)
            return Copied(uri, str(one.path), None)
        bucket.put(content, one.name, Position(advance))
        return Copied(uri, str(one.path), content.size)
