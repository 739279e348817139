"""The files of a folder that may be sent: no secrets, no caches, nothing from outside of it."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import attrs

from vertex_flow.errors import SettingError
from vertex_flow.gcp.images.dockerignore import IGNORE_FILE, Ignored
from vertex_flow.gcp.images.secret_files import has_secret_name, holds_key
from vertex_flow.modules import NO_SOURCES

_NEVER = NO_SOURCES | {
    ".hg",
    ".svn",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    ".ipynb_checkpoints",
    ".tox",
    ".nox",
    ".DS_Store",
}
_PIECE = 1 << 20


@attrs.frozen
class Entry:
    """A file that is sent, or a link.

    Attributes:
        path: Its path in the folder, with slashes.
        size: Its size in bytes.
        digest: SHA-256 of its bytes; of a link, empty.
        executable: Whether it may be run.
        link: Where a link points to, from its own folder; None for a file.
        text: The bytes of a file that is made here, and lies in no folder.
    """

    path: str
    size: int = 0
    digest: str = ""
    executable: bool = False
    link: str | None = None
    text: bytes | None = None


@attrs.define
class Search:
    """A walk through a folder, in no order that matters.

    Attributes:
        found: The files that are sent, by path.
        links: The links that are sent, and where they point to from their own folders.
        secrets: Paths that are left out since they may hold secrets.
    """

    folder: Path
    ignored: Ignored
    found: dict[str, os.stat_result] = attrs.field(factory=dict)
    links: dict[str, str] = attrs.field(factory=dict)
    secrets: list[str] = attrs.field(factory=list)

    def run(self, names: set[str] | None) -> None:
        """Walk through the folder, or through what has some names in it."""
        self._walk("", (), names)

    def add(self, path: str) -> None:
        """Take a file whatever leaves it out."""
        self._take(path, _status(self.folder, path))

    def read(self) -> Iterator[Entry]:
        """Read what was found; keys and credentials are left out."""
        yield from (Entry(path, link=target) for path, target in self.links.items())
        for path, status in self.found.items():
            digest = _digest(self.folder, path)
            if digest is None:
                self.secrets.append(path)
            else:
                executable = bool(status.st_mode & stat.S_IXUSR)
                yield Entry(path, status.st_size, digest, executable)

    def _walk(self, folder: str, above: tuple[bool, ...], names: set[str] | None) -> None:
        for name in _listed(self.folder, folder):
            if names is None or name in names:
                self._see(f"{folder}/{name}" if folder else name, above)

    def _see(self, path: str, above: tuple[bool, ...]) -> None:
        if _never(self.folder / path):
            return
        left_out, matched = self.ignored.judge(path, above)
        secret = has_secret_name(path)
        if secret and not left_out:
            self.secrets.append(path)
        if secret:
            return
        status = _status(self.folder, path)
        if stat.S_ISDIR(status.st_mode):
            if not left_out or self.ignored.may_keep_below(path):
                self._walk(path, matched, None)
        elif not left_out:
            self._take(path, status)

    def _take(self, path: str, status: os.stat_result) -> None:
        """Take a file or a link; pipes and sockets are none."""
        _check_name(self.folder, path)
        if stat.S_ISLNK(status.st_mode):
            self.links[path] = _link(self.folder, path)
        elif stat.S_ISREG(status.st_mode):
            self.found[path] = status


def _never(file: Path) -> bool:
    """Tell whether this is no source code of the user's, whatever `.dockerignore` says."""
    name = file.name
    if name in _NEVER or name.endswith((".pyc", IGNORE_FILE)):
        return True
    return os.path.isfile(file / "pyvenv.cfg")  # False too where it may not be looked at


def _check_name(folder: Path, path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise SettingError(
            f"{str(folder / path)!r} has a name that is not UTF-8, and cannot be sent: rename it, "
            f"or leave it out in {folder / IGNORE_FILE}."
        ) from None


def _listed(folder: Path, path: str) -> list[str]:
    try:
        return os.listdir(folder / path)
    except OSError as error:
        raise _unreadable(folder, path, error) from error


def _status(folder: Path, path: str) -> os.stat_result:
    try:
        return os.lstat(folder / path)
    except OSError as error:
        raise _unreadable(folder, path, error) from error


def opened(folder: Path, path: str) -> IO[bytes]:
    """Open a file of a folder."""
    try:
        return (folder / path).open("rb")
    except OSError as error:
        raise _unreadable(folder, path, error) from error


def _digest(folder: Path, path: str) -> str | None:
    """SHA-256 of a file; None when it is a key, or credentials."""
    with opened(folder, path) as file:
        piece = file.read(_PIECE)
        if holds_key(piece):
            return None
        digest = hashlib.sha256(piece)
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _link(folder: Path, path: str) -> str:
    """Where a link points to, from its own folder, so that it says the same on any machine."""
    target = os.readlink(folder / path)
    own = os.path.dirname(path)
    where = os.path.relpath(target, folder) if os.path.isabs(target) else os.path.join(own, target)
    inside = posixpath.normpath(Path(where).as_posix())
    if inside == ".." or inside.startswith("../"):
        raise SettingError(
            f"{folder / path} is a link to {target}, which is outside of {folder} and would lead "
            "nowhere in the image: put the files themselves there, or leave the link out in "
            f"{folder / IGNORE_FILE}."
        )
    return posixpath.relpath(inside, own or ".")


def _unreadable(folder: Path, path: str, error: OSError) -> SettingError:
    return SettingError(
        f"{folder / path} cannot be read, {error.strerror}: make it readable, or leave it out in "
        f"{folder / IGNORE_FILE}."
    )
