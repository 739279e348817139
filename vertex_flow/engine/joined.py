"""An engine in a process that this program did not start, and does not end."""

from __future__ import annotations

from pathlib import Path

from vertex_flow.engine.state.presence import Presence


class JoinedEngine:
    """What engines have in common that go on without this program.

    Attributes:
        home: The engine's folder.
        endpoint: Where it is reached, for example `http://127.0.0.1:41234`.
        token: What callers must show.
        pid: The engine's process.
    """

    def __init__(self, home: Path, facts: Presence) -> None:
        self.home = home
        self.endpoint = facts.endpoint
        self.token = (home / "token").read_text(encoding="ascii").strip()
        self.pid = facts.pid

    @property
    def shared(self) -> bool:
        """Whether others may need it: always."""
        return True

    @property
    def outlives(self) -> bool:
        """Whether it goes on without this program: yes."""
        return True

    def is_that_of(self, facts: Presence) -> bool:
        """Whether a folder speaks of this engine, and not of one that came after it."""
        return (facts.pid, facts.endpoint) == (self.pid, self.endpoint)

    def close(self) -> None:
        """Leave it; it goes on."""
