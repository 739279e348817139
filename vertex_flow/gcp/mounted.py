"""What is mounted at a folder, and which processes use it: read from Linux's `/proc`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import attrs

_ESCAPE = re.compile(rb"\\([0-7]{3})")


@attrs.frozen
class Mounted:
    """A file system at a folder.

    Attributes:
        kind: Its type; that of gcsfuse is `fuse.gcsfuse`.
        source: What is mounted; by gcsfuse, the name of the bucket.
    """

    kind: str
    source: str


def mounted_at(path: Path) -> Mounted | None:
    """Find what is mounted at a folder; one whose program has died is found too.

    Args:
        path: The folder, absolute and without links.
    """
    found = None
    for line in _lines(Path("/proc/self/mountinfo")):
        left, _, right = line.partition(b" - ")
        if os.fsencode(path) == _plain(left.split(b" ")[4]):  # the last one lies on top
            kind, source = right.split(b" ")[:2]
            found = Mounted(kind.decode(), os.fsdecode(_plain(source)))
    return found


def users_of(path: Path) -> list[str]:
    """Name the processes that have a folder, or something in it, open or as working directory.

    Args:
        path: The folder, absolute and without links.

    Returns:
        For example `process 123 (bash)`; those of other users cannot be seen.
    """
    return [
        f"process {entry.name} ({_name(entry)})"
        for entry in sorted(Path("/proc").glob("[0-9]*"), key=lambda one: int(one.name))
        if any(target == path or path in target.parents for target in _held(entry))
    ]


def _lines(file: Path) -> list[bytes]:
    try:
        return file.read_bytes().splitlines()
    except OSError:
        return []  # no Linux


def _plain(text: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), text)


def _held(process: Path) -> Iterator[Path]:
    """The folders and files that a process has; none when it has ended, or is not ours."""
    try:
        links = [process / "cwd", process / "root", *(process / "fd").iterdir()]
    except OSError:
        return
    for link in links:
        try:
            yield Path(os.readlink(link))
        except OSError:
            continue


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "ended"
