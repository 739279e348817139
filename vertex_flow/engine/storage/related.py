"""Reads a `multipart/related` upload as it comes in: the metadata first, then the content."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.message import Message
from email.parser import BytesHeaderParser
from typing import Any

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.storage.bodies import parsed

_LONGEST_HEAD = 1024 * 1024  # bytes of metadata, headers included


class Related:
    """An upload of two parts.

    Args:
        chunks: The body of the request.
        content_type: Its header of that name, which holds the boundary.

    Raises:
        ApiError: INVALID_ARGUMENT when there is no boundary.
    """

    def __init__(self, chunks: AsyncIterator[bytes], content_type: str) -> None:
        header = Message()
        header["Content-Type"] = content_type
        boundary = header.get_boundary()
        if not boundary:
            raise invalid(f"Content-Type {content_type!r} names no boundary of its parts.")
        self._boundary = b"--" + boundary.encode("latin-1", "replace")
        self._chunks = chunks
        self._buffer = bytearray()
        self._newline = b"\r\n"

    async def metadata(self) -> tuple[Any, str]:
        """Read the first part, and the headers of the second one.

        Returns:
            The object's JSON, and the type of the content, which may be empty.
        """
        await self._until(self._boundary)
        while len(self._buffer) < 2:
            await self._more()
        self._newline = b"\r\n" if self._buffer.startswith(b"\r\n") else b"\n"
        await self._until(self._newline * 2)
        text = await self._until(self._newline + self._boundary)
        head = await self._until(self._newline * 2)
        headers = BytesHeaderParser().parsebytes(head.lstrip())
        return parsed(text) or {}, str(headers.get("Content-Type", ""))

    async def content(self) -> AsyncIterator[bytes]:
        """Give the second part, piece by piece."""
        end = self._newline + self._boundary
        while (at := self._buffer.find(end)) < 0:
            sure = len(self._buffer) - len(end)
            if sure > 0:
                yield bytes(self._buffer[:sure])
                del self._buffer[:sure]
            await self._more()
        yield bytes(self._buffer[:at])
        async for _ in self._chunks:  # what comes after the last part means nothing
            pass

    async def _until(self, marker: bytes) -> bytes:
        while (at := self._buffer.find(marker)) < 0:
            if len(self._buffer) > _LONGEST_HEAD:
                raise invalid(f"The metadata is longer than {_LONGEST_HEAD} bytes.")
            await self._more()
        found = bytes(self._buffer[:at])
        del self._buffer[: at + len(marker)]
        return found

    async def _more(self) -> None:
        async for chunk in self._chunks:
            if chunk:
                self._buffer += chunk
                return
        raise invalid("The multipart body ended before its last boundary. Nothing was stored.")
