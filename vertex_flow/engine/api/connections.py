"""Connections that send nothing, or too much, before anybody knows who they are."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class BoundedConnection(HttpToolsProtocol):
    """One HTTP connection; closed when the headers of a request are too slow or too long.

    uvicorn waits for headers without end, and with its quick parser takes headers of any length:
    a program without the token could hold all connections, or all memory.

    Attributes:
        head_seconds: The longest that the headers of a request may take to come.
        head_bytes: The most that they may be.
    """

    head_seconds: ClassVar[float] = 20.0
    head_bytes: ClassVar[int] = 64 * 1024

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._head = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Take what the caller sends; before its headers are whole, only so much of it."""
        before = self.cycle
        if self._deadline is None and (before is None or before.response_complete):
            self._expect()
        self._head += len(data)
        super().data_received(data)
        if self.cycle is not before:
            self._settle()
        elif self._deadline is not None and self._head > self.head_bytes:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._settle()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._head = 0
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self.head_seconds, self.transport.abort)

    def _settle(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
