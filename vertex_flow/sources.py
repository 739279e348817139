"""The source code of trainers on this machine: where it is, and a digest of what it says."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from vertex_flow.errors import SettingError, nearest
from vertex_flow.training import Trainer

_IGNORED = {"__pycache__", ".git", ".venv", ".vertex_flow"}
# What else is in these folders is not the user's, and changes with its version alone.
_INSTALLED = {"site-packages", "dist-packages"}


def local_image(trainer: Trainer) -> str:
    """Name a trainer's source code as the local engine takes it for a training image.

    Args:
        trainer: The trainer.

    Returns:
        `file:///folder@sha256:digest`; the digest changes when a file of the package does, or one
        of the modules and packages beside it that its code imports, so that results of older
        code are not reused.

    Raises:
        SettingError: The module is neither in the trainer's source folder nor on Python's path.
    """
    folder = _folder(trainer)
    return f"{folder.as_uri()}@sha256:{_digest(folder, trainer.module.partition('.')[0])}"


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


def _digest(folder: Path, package: str) -> str:
    digest = hashlib.sha256()
    for file in _closure(folder, package):
        digest.update(file.relative_to(folder).as_posix().encode())
        digest.update(b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _closure(folder: Path, package: str) -> list[Path]:
    """The files of a package, and of what its code imports from the same folder."""
    found: dict[str, list[Path]] = {}
    names = [package]
    while names:
        name = names.pop()
        if name not in found:
            found[name] = list(_files(folder / name))
            names += _imported(found[name]) if _INSTALLED.isdisjoint(folder.parts) else []
    return sorted(file for files in found.values() for file in files)


def _imported(files: Iterable[Path]) -> Iterator[str]:
    """The top-level names that the code in some files imports."""
    for file in files:
        if file.suffix != ".py":
            continue
        try:
            tree = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError):
            continue  # it fails when it is run, and says more then
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def _files(package: Path) -> Iterator[Path]:
    module = package.with_suffix(".py")
    if not package.is_dir():
        yield from [module] if module.is_file() else []
        return
    for file in package.rglob("*"):
        # Only what is below the package: it may itself be installed in a .venv.
        inside = file.relative_to(package)
        if file.is_file() and not _IGNORED.intersection(inside.parts):
            yield file
