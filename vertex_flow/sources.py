"""The source code of trainers on this machine: where it is, and a digest of what it says."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from vertex_flow.errors import SettingError, nearest
from vertex_flow.training import Trainer

_IGNORED = {"__pycache__", ".git", ".venv", ".vertex_flow"}


def local_image(trainer: Trainer) -> str:
    """Name a trainer's source code as the local engine takes it for a training image.

    Args:
        trainer: The trainer.

    Returns:
        `file:///folder@sha256:digest`; the digest changes when a file of the package does, so
        that results of older code are not reused.

    Raises:
        SettingError: The module is neither in the trainer's source folder nor on Python's path.
    """
    folder = _folder(trainer)
    package = folder / trainer.module.split(".")[0]
    return f"{folder.as_uri()}@sha256:{_digest(package)}"


def _folder(trainer: Trainer) -> Path:
    """The folder from which `python -m MODULE` finds the module."""
    wanted = Path(trainer.source).expanduser()
    candidates = [wanted, *(Path(entry) for entry in sys.path if entry)]
    for folder in candidates:
        if _module_file(folder, trainer.module) is not None:
            return folder.resolve()
    raise SettingError(
        f"Trainer(module={trainer.module!r}): there is no such module in {wanted.resolve()} nor "
        f"on Python's path.{_nearest_module(wanted, trainer.module)} Give the folder that "
        "holds its package: Trainer(..., source='path/to/folder')."
    )


def _module_file(folder: Path, module: str) -> Path | None:
    path = folder.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__main__.py"):
        if file.is_file():
            return file
    return None


def _nearest_module(folder: Path, module: str) -> str:
    """The closest of the modules in a folder, as deep in packages as the one that is missing."""
    pattern = "/".join(["*"] * (module.count(".") + 1))
    files = folder.glob(f"{pattern}.py")
    names = sorted(".".join(file.relative_to(folder).with_suffix("").parts) for file in files)
    return nearest(module, [name for name in names if not name.startswith(".")])


def _digest(package: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(_files(package)):
        digest.update(str(file.relative_to(package.parent)).encode())
        digest.update(b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _files(package: Path) -> Iterator[Path]:
    if not package.is_dir():
        yield package.with_suffix(".py")
        return
    for file in package.rglob("*"):
        # Only what is below the package: it may itself be installed in a .venv.
        inside = file.relative_to(package)
        if file.is_file() and not _IGNORED.intersection(inside.parts):
            yield file
