"""What an artifact on this machine holds, as text: never as anything that a browser would run."""

from __future__ import annotations

import io
import itertools
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import attrs

_BYTES = 200_000
_ENTRIES = 500
_MOST_ENTRIES = 10_000  # that are looked through
_PROBE = 4096
_HEADER = 16 * 1024  # bytes of an array's file that its header is looked for in


@attrs.frozen(kw_only=True)
class Preview:
    """The look of a file or folder.

    Attributes:
        path: Where it is.
        kind: `folder`, `text`, `arrays`, `binary`, or `gone`.
        size: Its bytes; of a folder, 0.
        text: What is shown of it.
        cut: Whether there is more of it.
        entries: What is in a folder: the path below the artifact, and the bytes; None for a folder.
    """

    path: Path
    kind: str
    size: int = 0
    text: str = ""
    cut: bool = False
    entries: tuple[tuple[str, int | None], ...] = ()


def preview(root: Path, inside: str = "") -> Preview:
    """Look at an artifact, or at a file in its folder.

    Args:
        root: The artifact.
        inside: Path below it; empty for the artifact itself.

    Returns:
        Its look; that of something gone where the path leads out of the artifact.
    """
    path = root
    try:
        path = (root / inside).resolve() if inside else root
        if inside and not path.is_relative_to(root.resolve()):
            return Preview(path=root, kind="gone")
        if path.is_dir():
            return _folder(path, inside)
        if not path.is_file():  # a pipe or a device may never end, or never begin
            return Preview(path=path, kind="gone")
        return _file(path)
    except (OSError, ValueError):  # ValueError: no path has a zero byte
        return Preview(path=path, kind="gone")


def _folder(path: Path, inside: str) -> Preview:
    with os.scandir(path) as entries_of:
        some = list(itertools.islice(entries_of, _MOST_ENTRIES))
    found = sorted(some, key=lambda one: (one.is_file(), one.name))
    prefix = f"{inside.rstrip('/')}/" if inside else ""
    entries = tuple(
        (prefix + _name(one), one.stat().st_size if one.is_file() else None)
        for one in found[:_ENTRIES]
    )
    return Preview(path=path, kind="folder", entries=entries, cut=len(found) > _ENTRIES)


def _name(entry: os.DirEntry[str]) -> str:
    """Give the name of a file as text: on disk it is any bytes."""
    return os.fsencode(entry.name).decode("utf-8", "replace")


def _file(path: Path) -> Preview:
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(_BYTES)
    if start[:2] == b"PK" and (arrays := _arrays(path)):
        return Preview(path=path, kind="arrays", size=size, text=arrays)
    if b"\0" in start[:_PROBE]:
        return Preview(path=path, kind="binary", size=size)
    said = start.decode("utf-8", "replace")
    cut = size > len(start)
    return Preview(path=path, kind="text", size=size, text=said if cut else _pretty(said), cut=cut)


def _pretty(said: str) -> str:
    """Indent what is JSON, unless that makes it long."""
    if said.lstrip()[:1] not in ("{", "["):
        return said
    try:
        value = json.loads(said)
        parts = json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value)
        text = ""
        for part in parts:  # a few brackets in brackets are indented to very much
            text += part
            if len(text) > _BYTES:
                return said
        return text
    except (ValueError, RecursionError):
        return said


def _arrays(path: Path) -> str:
    """Say what arrays an npz file holds; only the beginning of each is read."""
    lines = []
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist()[:_ENTRIES]:
                if name.endswith(".npy"):
                    with archive.open(name) as file:
                        said = _array(file.read(_HEADER))
                    lines += [f"{name.removesuffix('.npy')}  {said}"] if said else []
    except Exception:  # a file may call itself an archive, and hold anything
        return ""
    return "\n".join(lines)


def _array(start: bytes) -> str:
    """Say the type and the shape of an array; the empty text where its header is none."""
    from numpy.lib import format as npy

    file = io.BytesIO(start)
    read: Any = npy.read_array_header_1_0
    try:
        if npy.read_magic(file)[0] > 1:
            read = npy.read_array_header_2_0
        shape, _, dtype = read(file)
    except ValueError:
        return ""
    return f"{dtype}  {shape}"
