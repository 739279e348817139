"""Python modules on this machine: the folder that one is found in, and the files of its code."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from vertex_flow.errors import SettingError, nearest

NO_SOURCES = frozenset({"__pycache__", ".git", ".venv", ".vertex_flow"})
"""Names of the folders that hold no source code, or not the user's."""

# What else is in these folders is not the user's, and changes with its version alone.
_INSTALLED = {"site-packages", "dist-packages"}


def folder_of(module: str, source: str) -> Path:
    """Find the folder from which `python -m MODULE` finds a trainer's module.

    Args:
        module: Dotted name of the module.
        source: The folder that is looked at first; Python's path comes after it.

    Raises:
        SettingError: The module is in none of them.
    """
    wanted = Path(source).expanduser()
    candidates = [wanted, *(Path(entry) for entry in sys.path if entry)]
    for folder in candidates:
        if module_file(folder, module) is not None:
            return folder.resolve()
    raise SettingError(
        f"Trainer(module={module!r}): there is no such module in {wanted.resolve()} nor "
        f"on Python's path.{_nearest_module(wanted, module)} Give the folder that "
        "holds its package: Trainer(..., source='path/to/folder')."
    )


def module_file(folder: Path, module: str) -> Path | None:
    """The file that `python -m MODULE` runs in a folder, or None when it is not there."""
    path = folder.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__main__.py"):
        if file.is_file():
            return file
    return None


def is_installed(folder: Path) -> bool:
    """Tell whether a folder holds what pip has installed, and not only the user's own code."""
    return not _INSTALLED.isdisjoint(folder.parts)


def files_of(folder: Path, package: str) -> list[Path]:
    """The files of a package or module, and of what its code imports from the same folder.

    Args:
        folder: The folder that holds it.
        package: Its name, without a dot.

    Returns:
        The files, sorted.
    """
    found: dict[str, list[Path]] = {}
    names = [package]
    while names:
        name = names.pop()
        if name not in found:
            found[name] = list(_files(folder / name))
            names += [] if is_installed(folder) else _imported(found[name])
    return sorted(file for files in found.values() for file in files)


def _nearest_module(folder: Path, module: str) -> str:
    """The closest of the modules in a folder, as deep in packages as the one that is missing."""
    pattern = "/".join(["*"] * (module.count(".") + 1))
    files = folder.glob(f"{pattern}.py")
    names = sorted(".".join(file.relative_to(folder).with_suffix("").parts) for file in files)
    return nearest(module, [name for name in names if not name.startswith(".")])


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
        if file.is_file() and not NO_SOURCES.intersection(inside.parts):
            yield file
