"""For tests of users' own flows and stages: engines for pytest, and the contract of a stage."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vertex_flow.testing.engines import VertexEngine
    from vertex_flow.testing.stages import StageContract

__all__ = ["StageContract", "VertexEngine"]

_HOMES = {"StageContract": "stages", "VertexEngine": "engines"}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: pytest loads this package at every start."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
