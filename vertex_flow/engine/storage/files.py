"""Buckets as folders and objects as files: finding, writing and removing them safely."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from vertex_flow.engine.api.errors import permission_denied
from vertex_flow.engine.storage.naming import check_bucket, check_object, is_bucket, is_object
from vertex_flow.engine.storage.records import FOLDER, Version
from vertex_flow.engine.storage.refusals import in_the_way, no_bucket, no_object, no_space

# Never all of the disk: the engine and its jobs write beside it. In bytes.
_SPARE = 16 * 1024 * 1024
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_LATEST = 2**63 - 1  # nanoseconds since 1970, in the year 2262
_DRAFTS = ".drafts"  # no bucket's name begins with a dot


class Files:
    """The folder of the buckets.

    No name leads out of it: a path that does, by `..` or by a symbolic link, is refused.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._real = Path(os.path.realpath(root))
        self._drafts = root / _DRAFTS

    def buckets(self) -> list[str]:
        """Give the names of the buckets, sorted."""
        with os.scandir(self._root) as entries:
            return sorted(
                entry.name
                for entry in entries
                if is_bucket(entry.name) and entry.is_dir(follow_symlinks=False)
            )

    def bucket(self, bucket: str) -> Path:
        """Give the folder of a bucket.

        Raises:
            ApiError: NOT_FOUND when there is none, INVALID_ARGUMENT when none can be.
        """
        folder = self._folder(bucket)
        self._inside(folder)
        return folder

    def make_bucket(self, bucket: str) -> None:
        """Make the folder of a bucket.

        Raises:
            FileExistsError: It is there.
        """
        check_bucket(bucket)
        (self._root / bucket).mkdir()

    def remove_bucket(self, bucket: str) -> None:
        """Remove the folder of a bucket without objects, empty folders in it too.

        Raises:
            ApiError: ALREADY_EXISTS when there are files in it that are no objects.
        """
        try:
            _remove_empty(self.bucket(bucket))
        except OSError as error:
            raise in_the_way(
                f"The bucket you tried to delete is not empty: {error}, whose name no object has."
            ) from error

    def path(self, bucket: str, name: str) -> Path:
        """Give the file that an object is, there or not.

        Raises:
            ApiError: NOT_FOUND for a bucket that is not there, INVALID_ARGUMENT for a name that
                no file can have, PERMISSION_DENIED for a path that leaves the folder.
        """
        check_object(bucket, name)
        path = self._folder(bucket) / name
        self._inside(path)
        return path

    def version(self, bucket: str, name: str) -> Version:
        """Give the state of the file of an object; every folder has the same.

        Raises:
            ApiError: NOT_FOUND.
        """
        try:
            found = self.path(bucket, name).stat()
        except OSError as error:
            if error.errno not in _ABSENT:
                raise
            raise no_object(bucket, name) from error
        if name.endswith("/") and stat.S_ISDIR(found.st_mode):
            return FOLDER
        if name.endswith("/") or not stat.S_ISREG(found.st_mode):
            raise no_object(bucket, name)
        return version_of(found)

    def open(self, bucket: str, name: str) -> int:
        """Open the file of an object for reading; the caller closes the descriptor.

        Raises:
            ApiError: NOT_FOUND.
        """
        path = os.path.realpath(self.path(bucket, name))
        try:
            # A pipe would keep the opener waiting for a writer.
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            if error.errno not in _ABSENT:
                raise
            raise no_object(bucket, name) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise no_object(bucket, name)
        return handle

    def draft(self, name: str = "") -> Path:
        """Give the path of a file that is written before it becomes an object.

        Args:
            name: Its name when it is to be found again; by default a new one.
        """
        self._drafts.mkdir(exist_ok=True)
        return self._drafts / (name or f"draft-{secrets.token_hex(16)}")

    def clean_drafts(self, kept: frozenset[str]) -> None:
        """Remove the drafts of a killed engine, but for those of uploads that can go on."""
        if self._drafts.is_symlink():
            self._drafts.unlink()  # what is in its target are no drafts of ours
        if not self._drafts.is_dir():
            return
        for path in self._drafts.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name.partition(".")[0] not in kept:
                path.unlink(missing_ok=True)

    def remove_drafts(self, name: str) -> None:
        """Remove a draft and its parts, `name` and `name.*`."""
        for path in self._drafts.iterdir():
            if path.name.partition(".")[0] == name:
                path.unlink(missing_ok=True)

    def link(self, bucket: str, name: str, draft: Path) -> None:
        """Make a draft of the file of an object, without a copy where the disk can do so."""
        path = os.path.realpath(self.path(bucket, name))  # what a link means, not the link
        try:
            draft.hardlink_to(path)
        except OSError:
            shutil.copy2(path, draft)

    def place(self, draft: Path, bucket: str, name: str) -> None:
        """Make a draft the object of a name, at once and as a whole.

        Raises:
            ApiError: ALREADY_EXISTS when a file is where the name needs a folder, or a folder
                with objects is where it needs a file.
        """
        path = self.path(bucket, name)
        self.make_folder(bucket, name.rpartition("/")[0])
        if path.is_dir():
            self._clear(path, bucket, name)
        draft.replace(path)

    def make_folder(self, bucket: str, name: str) -> None:
        """Make a folder of a bucket and those above it.

        Raises:
            ApiError: ALREADY_EXISTS when a file is in its place.
        """
        folder = self.bucket(bucket)
        for part in filter(None, name.split("/")):
            folder /= part
            try:
                folder.mkdir(exist_ok=True)
            except FileExistsError as error:
                other = folder.relative_to(self._root / bucket)
                raise in_the_way(
                    f"gs://{bucket}/{name}/ cannot hold objects: gs://{bucket}/{other} is an "
                    "object itself, and here an object is a file, which cannot be a folder too. "
                    "Delete that object, or choose another name."
                ) from error

    def remove(self, bucket: str, name: str) -> None:
        """Remove the file of an object; a folder goes when nothing is in it.

        The folders above it stay: a job may be about to write into them.
        """
        path = self.path(bucket, name)
        if not name.endswith("/"):
            path.unlink()
            return
        with contextlib.suppress(OSError):  # other objects are in it
            path.rmdir()

    def check_space(self, needed: int) -> None:
        """Refuse an upload that the disk has no room for.

        Raises:
            ApiError: 507.
        """
        if needed + _SPARE > shutil.disk_usage(self._root).free:
            raise no_space(needed)

    def walk(self, bucket: str, prefix: str, start: str, *, deep: bool) -> Iterator[str]:
        """Give the names of files and, with `/` at the end, folders, in the order of names.

        Args:
            bucket: The bucket.
            prefix: What all names begin with.
            start: The first name; those before it are left out.
            deep: Whether what is in folders is given too.
        """
        base = self.bucket(bucket)
        folder = prefix.rpartition("/")[0]
        if folder and not is_object(folder):
            return
        at = base / folder
        if not at.is_dir() or not self._is_inside(at):
            return
        above = f"{folder}/" if folder else ""
        if above and above == prefix and above >= start:
            yield above
        yield from (name for name in _names(at, above, start, deep) if name.startswith(prefix))

    def holds_files(self, bucket: str, folder: str) -> bool:
        """Tell whether there is a file in a folder of a bucket, or in one of its folders."""
        at = self.bucket(bucket) / folder
        return any(not name.endswith("/") for name in _names(at, folder, "", deep=True))

    def _folder(self, bucket: str) -> Path:
        check_bucket(bucket)
        folder = self._root / bucket
        if not folder.is_dir():
            raise no_bucket(bucket)
        return folder

    def _clear(self, path: Path, bucket: str, name: str) -> None:
        try:
            _remove_empty(path)
        except OSError as error:
            raise in_the_way(
                f"gs://{bucket}/{name} cannot be an object: there are objects below "
                f"gs://{bucket}/{name}/, and here an object is a file, which cannot be a folder "
                "too. Delete them, or choose another name."
            ) from error

    def _inside(self, path: Path) -> None:
        if not self._is_inside(path):
            raise permission_denied(
                f"gs://{path.relative_to(self._root)} is behind a symbolic link that leaves the "
                "folder of the engine's buckets."
            )

    def _is_inside(self, path: Path) -> bool:
        return self._real in Path(os.path.realpath(path)).parents


def version_of(found: os.stat_result) -> Version:
    """Give the state that a file has."""
    # Anybody may set a file's time to one that no date has; 0 is that of folders.
    return Version(min(max(found.st_mtime_ns, 1), _LATEST), found.st_size)


def _names(folder: Path, base: str, start: str, deep: bool) -> Iterator[str]:
    for name, is_folder in _entries(folder, base):
        if name >= start or (is_folder and start.startswith(name)):
            yield name
            if is_folder and deep:
                yield from _names(folder / name[len(base) : -1], name, start, deep)


def _entries(folder: Path, base: str) -> list[tuple[str, bool]]:
    """List a folder; a folder's name counts with its slash, as in the names of what is in it."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return []  # removed while it was listed
    names = [
        (f"{base}{entry.name}/" if is_folder else f"{base}{entry.name}", is_folder)
        for entry, is_folder in found
    ]
    return sorted(pair for pair in names if is_object(pair[0]))


def _remove_empty(folder: Path) -> None:
    """Remove a folder in which there are only folders.

    Raises:
        OSError: There is a file in it; then nothing is removed.
    """
    for _, _, files in os.walk(folder):
        if files:
            raise OSError(f"{folder} holds {files[0]}")
    for at, _, _ in os.walk(folder, topdown=False):
        os.rmdir(at)
