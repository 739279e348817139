"""A process that the launcher started."""

from __future__ import annotations

import asyncio
import shutil
import signal
from pathlib import Path

from vertex_flow.engine.processes.command import Exit
from vertex_flow.engine.processes.warm import WarmParent


class Process:
    """A running command: the leader of a process group of its own.

    Attributes:
        pid: Process id, and id of the group.
    """

    def __init__(
        self, pid: int, ended: asyncio.Future[Exit], *, parent: WarmParent, scratch: Path
    ) -> None:
        self.pid = pid
        self._ended = ended
        self._parent = parent
        ended.add_done_callback(lambda _: shutil.rmtree(scratch, ignore_errors=True))

    def __repr__(self) -> str:
        state = self._ended.result().describe() if self._ended.done() else "running"
        return f"Process({self.pid}, {state})"

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._ended.done()

    @property
    def exit(self) -> Exit | None:
        """How it ended, or None while it runs."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> Exit:
        """Wait until it has ended; what was left of its group has been killed by then."""
        return await asyncio.shield(self._ended)

    async def terminate(self, grace: float = 5.0) -> None:
        """End the whole process group and wait until it is gone.

        Args:
            grace: Seconds that it has for its own end after SIGTERM; then comes SIGKILL.
        """
        self._parent.signal(self.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(asyncio.shield(self._ended), grace)
        except asyncio.TimeoutError:
            self._parent.signal(self.pid, signal.SIGKILL)
            await self.wait()
        except asyncio.CancelledError:
            self._parent.signal(self.pid, signal.SIGKILL)
            raise
