"""The work behind slow resources: one asyncio task a resource."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_log = logging.getLogger(__name__)

# How long cancelled work may take for its end before it is cancelled again, in seconds.
_PATIENCE = 30.0


class Background:
    """The asyncio tasks behind slow resources, by resource name.

    The work itself records its end (succeeded, failed, cancelled) in the store. On
    `asyncio.CancelledError` it stops its processes, records that it was cancelled and raises the
    error again.
    """

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._ending: set[asyncio.Task[Any]] = set()

    def running(self, name: str) -> bool:
        """Tell whether work behind a resource is under way."""
        return name in self._tasks

    def count(self, part: str) -> int:
        """Count the work under way behind resources whose names contain a text."""
        return sum(part in name for name in self._tasks)

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        """Begin the work behind a resource.

        Args:
            name: The resource's name; one work at a time.
            work: What to do.

        Raises:
            RuntimeError: There is work behind this resource already.
        """
        if name in self._tasks:
            work.close()
            raise RuntimeError(f"work behind {name} is under way already")
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[name] = task
        task.add_done_callback(self._forget)

    async def wait(self, name: str) -> None:
        """Wait until the work behind a resource is over; returns at once when there is none.

        Never raises the work's own error, and cancelling the wait leaves the work alone.
        """
        task = self._tasks.get(name)
        if task is not None:
            await asyncio.wait({task})

    async def cancel(self, name: str) -> None:
        """Cancel the work behind a resource and wait until it is over."""
        task = self._tasks.get(name)
        if task is not None:
            await self._end({task})

    async def close(self) -> None:
        """Cancel all work and wait until it is over, work that it started meanwhile included."""
        while self._tasks:
            await self._end(set(self._tasks.values()))

    async def _end(self, tasks: set[asyncio.Task[Any]]) -> None:
        """Cancel work once: a second time would cut off how it ends its processes."""
        pending = tasks
        while pending:
            for task in pending - self._ending:
                task.cancel()
            self._ending |= pending
            _, pending = await asyncio.wait(pending, timeout=_PATIENCE)
            self._ending -= pending  # it has not heard, or does not come to its end

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task.get_name(), None)
        self._ending.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _log.error("the work behind %s failed", task.get_name(), exc_info=error)
