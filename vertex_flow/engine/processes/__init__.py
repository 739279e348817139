"""Processes behind tasks, jobs and trials: how they are started, followed and ended.

The names are loaded when they are first used: a warm parent imports this package, and what it
imports is in the memory of every process forked from it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vertex_flow.engine.processes.command import Command, Exit, installs
    from vertex_flow.engine.processes.docker import Container, ContainerProcess, Docker, docker_for
    from vertex_flow.engine.processes.environments import RequirementsError
    from vertex_flow.engine.processes.imports import heavy_imports, imports_of, optional_imports
    from vertex_flow.engine.processes.launcher import Launcher
    from vertex_flow.engine.processes.process import Process

__all__ = [
    "Command",
    "Container",
    "ContainerProcess",
    "Docker",
    "Exit",
    "Launcher",
    "Process",
    "RequirementsError",
    "docker_for",
    "heavy_imports",
    "imports_of",
    "installs",
    "optional_imports",
]


def __getattr__(name: str) -> Any:
    homes = {
        "Command": "command",
        "Container": "docker",
        "ContainerProcess": "docker",
        "Docker": "docker",
        "docker_for": "docker",
        "Exit": "command",
        "Launcher": "launcher",
        "Process": "process",
        "RequirementsError": "environments",
        "heavy_imports": "imports",
        "imports_of": "imports",
        "installs": "command",
        "optional_imports": "imports",
    }
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{homes[name]}"), name)
