"""How many processes the pipelines of an engine run at a time."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from types import TracebackType

_CALM = 60.0  # seconds


def _is_idle() -> bool:
    """Whether the machine has used less than half of its cores in the last minute."""
    return os.getloadavg()[0] < (os.cpu_count() or 1) / 2


class Slots:
    """Lets in as many as there are slots, first come, first served.

    Who is inside may wait for who is outside, for example a component that runs another pipeline
    and waits for it. So when nobody has come or gone for a while and the machine is idle, one more
    is let in.

    Args:
        count: How many slots there are, at least 1.
        calm: The while, in seconds.
        idle: Tells whether the machine is idle.
    """

    def __init__(
        self, count: int, *, calm: float = _CALM, idle: Callable[[], bool] = _is_idle
    ) -> None:
        self._free = count  # below 0 when more were let in
        self._calm = calm
        self._idle = idle
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._waiting.remove(turn)
            else:  # it was let in at the same moment
                self._leave()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        self._free += 1
        self._let_in()

    def _let_in(self, more: int = 0) -> None:
        while self._waiting and self._free + more > 0:
            self._free -= 1
            self._waiting.popleft().set_result(None)
        self._look_later()

    def _look_later(self) -> None:
        """Start the while anew."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._calm, self._look)

    def _look(self) -> None:
        if self._waiting and self._idle():
            self._let_in(more=1 - self._free)
        else:
            self._look_later()
