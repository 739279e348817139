"""An engine that another program has started for itself, and that is looked into from here."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from vertex_flow.engine import program
from vertex_flow.engine.joined import JoinedEngine
from vertex_flow.engine.joining import LocalEngine, join
from vertex_flow.engine.state import presence
from vertex_flow.errors import HomeBusyError

if TYPE_CHECKING:
    from vertex_flow.engine.state.presence import Presence

_SETTLE = 70.0  # how long an engine that ends may take: it may have reports to write, in seconds
_PAUSE = 0.1


class VisitedEngine(JoinedEngine):
    """The engine of another program: what is in it can be read and cancelled, not added to.

    Attributes:
        home: The engine's folder.
        endpoint: Where it is reached, for example `http://127.0.0.1:41234`.
        token: What callers must show.
        pid: The engine's process.
        owner: The program that it ends with.
    """

    def __init__(self, home: Path, facts: Presence) -> None:
        super().__init__(home, facts)
        self.owner = facts.parent or facts.pid

    @classmethod
    def find(cls, home: Path, *, own: bool = False) -> VisitedEngine | None:
        """Find the engine of a program in a folder; None when there is none that answers.

        Args:
            home: Its folder.
            own: Whether that of this program counts, too.
        """
        home = home.expanduser().absolute()
        facts = presence.read(home)
        if facts is None or facts.standing or (facts.parent == os.getpid() and not own):
            return None
        return cls(home, facts) if program.answers(facts.endpoint, home) else None

    def now(self) -> LocalEngine:
        """Give the engine to look into now: when that program has ended, another one."""
        facts = presence.read(self.home)
        if facts is not None and self.is_that_of(facts):
            return self
        return visit(self.home)


def visit(home: Path, *, port: int = 0) -> LocalEngine:
    """Give an engine to look at what is in a folder, whoever it belongs to.

    That of another program is taken as it is; where none is up, one is started that ends with us.

    Args:
        home: Its folder; made when it is not there.
        port: Port on 127.0.0.1 of one that is started; 0 for any.

    Raises:
        HomeBusyError: The folder is held by an engine that neither answers nor ends.
        PortInUseError: The port is taken.
        EngineError: The engine did not start, or the standing one has another port or version.
    """
    deadline = time.monotonic() + _SETTLE
    while True:
        found = VisitedEngine.find(home)
        if found is not None:
            return found
        try:
            return join(home, port=port)
        except HomeBusyError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE)
