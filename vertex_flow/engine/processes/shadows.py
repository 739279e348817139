"""User modules with the name of a module that a warm parent has loaded already."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from vertex_flow.engine.processes.command import Command


def own_modules(command: Command, env: Mapping[str, str]) -> tuple[Path, ...]:
    """List the modules in the folders of a Python command, as paths without suffix.

    Args:
        command: The command.
        env: Its whole environment.
    """
    return tuple(place for folder in _folders(command, env) for place in _modules(folder))


def shadow(origins: Mapping[str, str], modules: Iterable[Path]) -> str | None:
    """Find a module that a fresh interpreter would import instead of what the parent has loaded.

    A `statistics.py` beside the training script is an example: forked, the program would get the
    standard library's module.

    Args:
        origins: Folder of each top-level module that the parent has loaded.
        modules: The program's own modules, as `own_modules` gives them.

    Returns:
        Why the program must not be forked, or None.
    """
    for place in modules:
        origin = origins.get(place.name)
        if origin is not None and Path(origin) != place.parent:
            return f"{place} has the name of a module that is loaded already"
    return None


def _folders(command: Command, env: Mapping[str, str]) -> Iterator[Path]:
    first = (command.cwd / command.script).parent if command.script else command.cwd
    yield first.resolve()
    for entry in filter(None, env.get("PYTHONPATH", "").split(os.pathsep)):
        yield (command.cwd / entry).resolve()


def _modules(folder: Path) -> Iterator[Path]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield folder / entry.name.removesuffix(".py")
            elif entry.name.isidentifier() and entry.is_dir():
                yield folder / entry.name
