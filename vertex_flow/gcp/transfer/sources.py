"""Which files of this machine are meant: one, those of a folder, or those that match a pattern."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import attrs

from vertex_flow.engine.storage.globs import Glob
from vertex_flow.errors import SettingError, nearest
from vertex_flow.gcp.transfer.address import fixed_folder, is_pattern
from vertex_flow.gcp.transfer.outcome import Failure, FileFault


@attrs.frozen
class Source:
    """A file.

    Attributes:
        path: Where it is.
        name: Its name below the folder that was asked for, parts separated by `/`.
    """

    path: Path
    name: str


@attrs.frozen
class Sources:
    """What was found.

    Attributes:
        files: The files, in the order of names.
        failures: What could not be looked at.
        single: Whether one file was asked for by its name.
    """

    files: tuple[Source, ...]
    failures: tuple[Failure, ...]
    single: bool = False


def find(path: Path) -> Sources:
    """Find the files that a path means.

    Links are followed: what they lead to is copied. A path that is there is taken as it is, with
    wildcards in its name too.

    Args:
        path: A file, a folder or a pattern: `*` and `?` for any characters but `/`, `**` for any
            folders, `[a-z]`, `{a,b}`.

    Raises:
        SettingError: There is no such path, or nothing matches.
    """
    path = Path(os.path.expanduser(path))
    try:
        is_folder = path.is_dir()
    except OSError as error:
        raise SettingError(f"upload({str(path)!r}): {error.strerror}.") from None
    if is_folder:
        return _found(path, path, "", f"upload({str(path)!r}): there are no files in this folder.")
    if os.path.lexists(path):
        return Sources((Source(path, path.name),), (), single=True)
    text = path.as_posix()
    if not is_pattern(text):
        raise SettingError(f"upload({text!r}): there is no such file or folder.{_hint(path)}")
    base = fixed_folder(text)
    folder = Path(base or ".")
    if not folder.is_dir():
        raise SettingError(f"upload({text!r}): there is no folder {base!r}.{_hint(folder)}")
    deep = "" if "**" in text else " Files in its folders match '**/*'."
    empty = f"upload({text!r}): no file matches this pattern.{deep}"
    return _found(path, folder, text.removeprefix(base), empty)


def _found(path: Path, folder: Path, pattern: str, empty: str) -> Sources:
    depth = None if "**" in pattern or not pattern else pattern.count("/")
    glob = Glob(pattern) if pattern else None
    files: list[Source] = []
    failures: list[Failure] = []
    for one in _walk(folder, "", depth, ()):
        name = one.name if isinstance(one, Source) else os.path.relpath(one.what, folder)
        if glob and not glob.matches(name):
            continue
        if isinstance(one, Source):
            files.append(one)
        else:
            failures.append(one)
    if not files and not failures:
        raise SettingError(empty)
    return Sources(tuple(files), tuple(failures))


def _walk(
    folder: Path, above: str, depth: int | None, parents: tuple[tuple[int, int], ...]
) -> Iterator[Source | Failure]:
    """Give the files of a folder and, down to a depth, of those in it."""
    try:
        found = folder.stat()
    except OSError as error:  # gone since its own folder was read
        yield Failure(str(folder), error)
        return
    here = (found.st_dev, found.st_ino)
    if here in parents:
        yield Failure(str(folder), FileFault("it is a link to a folder that it is in, a loop"))
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Failure(str(folder), error)
        return
    for entry in entries:
        path, name = folder / entry.name, f"{above}{entry.name}"
        if not _is_folder(entry):
            yield Source(path, name)
        elif depth is None or depth > 0:
            deeper = None if depth is None else depth - 1
            yield from _walk(path, f"{name}/", deeper, (*parents, here))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link to itself; what is wrong with it shows when it is opened


def _hint(path: Path) -> str:
    """The nearest name in the folder of a path that is not there, or the folder that is missing."""
    if not path.parent.is_dir():
        return f" There is no folder {str(path.parent)!r} either."
    try:
        return nearest(path.name, os.listdir(path.parent))
    except OSError:
        return ""
