"""What is sent to build a training image, and a digest of it: the same sources, the same digest."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import attrs

from vertex_flow.errors import SettingError
from vertex_flow.gcp.images.dockerfiles import (
    TENSORFLOW,
    Dockerfile,
    check_copies,
    find_dockerfile,
    find_requirements,
    make_dockerfile,
)
from vertex_flow.gcp.images.dockerignore import IGNORE_FILE, Ignored
from vertex_flow.gcp.images.source_files import Entry, Search, opened
from vertex_flow.modules import files_of, folder_of, is_installed, module_file

if TYPE_CHECKING:
    from vertex_flow.training import Trainer

_FORM = 1
"""Changes when the same sources are to be built anew, because the form of what is sent changes."""


@attrs.frozen
class BuildContext:
    """What a training image is built from.

    Attributes:
        folder: The folder that is sent.
        dockerfile: The Dockerfile.
        base: The base image that it is told to take; empty for its own.
        entries: What is sent, sorted by path.
        secrets: Paths that were left out since they may hold secrets.
    """

    folder: Path
    dockerfile: Dockerfile
    base: str
    entries: tuple[Entry, ...]
    secrets: tuple[str, ...]

    @property
    def tag(self) -> str:
        """The tag of an image of these sources: `src-` and 24 digits.

        It follows from the names, bytes, links and executable bits of what is sent, from the
        Dockerfile and from the base image; from no time, owner, order or folder.
        """
        facts: list[Any] = [_FORM, self.dockerfile.path, self.base]
        facts += [[one.path, one.digest, one.executable, one.link] for one in self.entries]
        return f"src-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]}"

    @property
    def size(self) -> int:
        """Bytes of all that is sent, before it is packed."""
        return sum(one.size for one in self.entries)

    def write(self, file: IO[bytes]) -> None:
        """Write what is sent as a `.tar.gz`, the same bytes for the same sources.

        Args:
            file: Where it is written to.

        Raises:
            SettingError: A file has changed since it was first read.
        """
        with (
            gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for folder in _folders(self.entries):
                archive.addfile(_info(folder, tarfile.DIRTYPE, 0o755))
            for one in self.entries:
                self._add(archive, one)

    def _add(self, archive: tarfile.TarFile, one: Entry) -> None:
        if one.link is not None:
            info = _info(one.path, tarfile.SYMTYPE, 0o777)
            info.linkname = one.link
            archive.addfile(info)
            return
        info = _info(one.path, tarfile.REGTYPE, 0o755 if one.executable else 0o644)
        info.size = one.size
        with io.BytesIO(one.text) if one.text is not None else opened(self.folder, one.path) as it:
            read = _Hashed(it)
            try:
                archive.addfile(info, read)
            except OSError as error:
                raise _changed(one.path) from error
            if read.digest.hexdigest() != one.digest or it.read(1):
                raise _changed(one.path)


def collect(trainer: Trainer, *, max_mb: int | None = None) -> BuildContext:
    """Find what the training image of a trainer is built from.

    With a Dockerfile of the user's that is the folder that holds the trainer's package, without
    what its `.dockerignore` leaves out; without one, the package and what it imports beside it.

    Args:
        trainer: The trainer.
        max_mb: How much may be sent at most, in MB; None for any amount.

    Raises:
        SettingError: There is no such module, something cannot be read, a link leads out of the
            folder, the Dockerfile copies a secret, or there is more than `max_mb`.
    """
    try:
        return _collected(trainer, max_mb)
    except OSError as error:
        raise SettingError(
            f"Trainer(module={trainer.module!r}): {error.filename} cannot be read, "
            f"{error.strerror}."
        ) from error


def _collected(trainer: Trainer, max_mb: int | None) -> BuildContext:
    folder = folder_of(trainer.module, trainer.source)
    own = None if is_installed(folder) else find_dockerfile(folder, trainer.module)
    search = Search(folder, Ignored.read(folder, own.path if own else None))
    if own is None:
        search.run(_names(trainer, folder))
        dockerfile = _made(trainer, search)
    else:
        search.run(None)
        search.add(own.path)
        dockerfile = own
    _check_size(trainer, search, max_mb)
    entries = [*search.read(), *([_entry(dockerfile)] if dockerfile.made else [])]
    check_copies(dockerfile, search.secrets)
    _check_base(trainer, dockerfile)
    return BuildContext(
        folder,
        dockerfile,
        trainer.base_image,
        tuple(sorted(entries, key=lambda one: one.path)),
        tuple(sorted(search.secrets)),
    )


def _names(trainer: Trainer, folder: Path) -> set[str]:
    """What is sent of a folder for a trainer without a Dockerfile."""
    package = trainer.module.partition(".")[0]
    names = {file.relative_to(folder).parts[0] for file in files_of(folder, package)}
    requirements = find_requirements(folder, package)
    return names | ({requirements.partition("/")[0]} if requirements else set())


def _made(trainer: Trainer, search: Search) -> Dockerfile:
    folder, package = search.folder, trainer.module.partition(".")[0]
    module = module_file(folder, trainer.module)
    if module is not None and module.relative_to(folder).as_posix() not in search.found:
        raise SettingError(
            f"Trainer(module={trainer.module!r}): {module} would not be in the image. Either "
            f"{folder / IGNORE_FILE} leaves it out: add the line !{package}. Or it is behind a "
            "link: put the folder itself there."
        )
    requirements = find_requirements(folder, package)
    if requirements not in search.found:
        requirements = None
    tops = {path.partition("/")[0] for path in search.found} - {requirements}
    folders = [f"{one}/" if (folder / one).is_dir() else one for one in sorted(tops)]
    return make_dockerfile(trainer.base_image or _tensorflow(trainer), folders, requirements)


def _tensorflow(trainer: Trainer) -> str:
    kind = trainer.accelerator_type
    gpu = isinstance(kind, str) and kind.startswith("NVIDIA")
    return f"{TENSORFLOW}-gpu" if gpu else TENSORFLOW


def _entry(dockerfile: Dockerfile) -> Entry:
    text = dockerfile.text.encode()
    digest = hashlib.sha256(text).hexdigest()
    return Entry(dockerfile.path, len(text), digest, text=text)


def _check_base(trainer: Trainer, dockerfile: Dockerfile) -> None:
    if trainer.base_image and not (dockerfile.made or dockerfile.takes_base):
        raise SettingError(
            f"Trainer(base_image={trainer.base_image!r}): {dockerfile.path} names its base image "
            "itself. Let it take another one: ARG BASE=... before FROM ${BASE}."
        )


def _check_size(trainer: Trainer, search: Search, max_mb: int | None) -> None:
    sizes = {path: status.st_size for path, status in search.found.items()}
    total = sum(sizes.values())
    if max_mb is None or total <= max_mb * 1_000_000:
        return
    largest = sorted(sizes, key=lambda path: (-sizes[path], path))[:5]
    listed = "\n".join(f"  {sizes[path] / 1e6:.1f} MB  {path}" for path in largest)
    raise SettingError(
        f"Trainer(module={trainer.module!r}): an image of {search.folder} takes "
        f"{total / 1e6:.1f} MB of files, more than {max_mb} MB. Leave out what it does not need "
        f"in {search.folder / IGNORE_FILE}, or allow more: build_image(..., "
        f"max_mb={total // 1_000_000 + 1}). The largest are\n{listed}"
    )


def _changed(path: str) -> SettingError:
    return SettingError(f"{path} has changed while it was read: build the image again.")


def _folders(entries: Iterable[Entry]) -> list[str]:
    """The folders of what is sent; empty ones are not sent, as Git does not keep them."""
    found: set[str] = set()
    for one in entries:
        parts = one.path.split("/")[:-1]
        found.update("/".join(parts[:count]) for count in range(1, len(parts) + 1))
    return sorted(found)


def _info(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    """A file in an archive, of no owner and of no time."""
    info = tarfile.TarInfo(path)
    info.type, info.mode = kind, mode
    return info


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """Read some bytes."""
        piece = self._file.read(size)
        self.digest.update(piece)
        return piece
