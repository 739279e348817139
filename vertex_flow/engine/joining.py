"""Which engine a program uses: the one that stands in the folder, else one of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.engine.standing import StandingEngine
from vertex_flow.errors import HomeBusyError

if TYPE_CHECKING:
    from vertex_flow.engine.visited import VisitedEngine

LocalEngine: TypeAlias = "EmbeddedEngine | StandingEngine | VisitedEngine"


def join(home: Path, *, port: int = 0) -> LocalEngine:
    """Give the standing engine of a folder; where none is up, start one that ends with us.

    Args:
        home: Its folder; made when it is not there.
        port: Its port on 127.0.0.1; 0 for any.

    Raises:
        HomeBusyError: Another program has an engine of its own in the folder.
        PortInUseError: The port is taken.
        EngineError: The engine did not start, or the standing one has another port or version.
    """
    standing = StandingEngine.find(home)
    if standing is None:
        try:
            return EmbeddedEngine.start(home, port=port)
        except HomeBusyError:
            standing = StandingEngine.find(home)  # it may have come up in the meantime
            if standing is None:
                raise
    standing.check(port=port)
    return standing
