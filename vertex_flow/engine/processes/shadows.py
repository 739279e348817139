"""User modules with the name of a module that a warm parent has loaded already."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from vertex_flow.engine.processes.command import Command


def shadow(origins: Mapping[str, str], command: Command, env: Mapping[str, str]) -> str | None:
    """Find a file that a fresh interpreter would import instead of what the parent has loaded.

    A `statistics.py` beside the training script is an example: forked, the program would get the
    standard library's module.

    Args:
        origins: Folder of each top-level module that the parent has loaded.
        command: The Python command.
        env: Its whole environment.

    Returns:
        Why the program must not be forked, or None.
    """
    for folder in _folders(command, env):
        for name in _modules(folder):
            origin = origins.get(name)
            if origin is not None and Path(origin) != folder:
                return f"{folder / name} has the name of a module that is loaded already"
    return None


def _folders(command: Command, env: Mapping[str, str]) -> Iterator[Path]:
    first = (command.cwd / command.script).parent if command.script else command.cwd
    yield first.resolve()
    for entry in filter(None, env.get("PYTHONPATH", "").split(os.pathsep)):
        yield (command.cwd / entry).resolve()


def _modules(folder: Path) -> Iterator[str]:
    with suppress(OSError):
        for entry in os.scandir(folder):
            if entry.name.endswith(".py"):
                yield entry.name.removesuffix(".py")
            elif entry.name.isidentifier() and entry.is_dir():
                yield entry.name
