"""Answers downloads."""

from __future__ import annotations

import asyncio
import os

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from vertex_flow.engine.api.errors import not_found
from vertex_flow.engine.storage.downloads import content, span
from vertex_flow.engine.storage.methods import Call, decoded
from vertex_flow.engine.storage.objects import Found, Objects
from vertex_flow.engine.storage.parameters import check
from vertex_flow.engine.storage.records import FOLDER
from vertex_flow.engine.storage.resources import download_headers


class Sending:
    """Gives the content of objects.

    Args:
        objects: The objects.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def answer(self, call: Call) -> Response:
        """Answer a download.

        Raises:
            ApiError: NOT_FOUND, 304, 412, 416.
        """
        check(call.query, call.headers)
        parts = call.path.split("/")
        if call.verb != "GET" or len(parts) != 4 or (parts[0], parts[2]) != ("b", "o"):
            raise not_found(
                f"No download is at {call.verb} {call.path}: it is GET b/<bucket>/o/<name>"
            )
        handle, found = await asyncio.to_thread(self._open, call, parts[1], parts[3])
        try:
            return _Download(handle, found, call.headers.get("range"))
        except BaseException:
            os.close(handle)
            raise

    def _open(self, call: Call, bucket: str, name: str) -> tuple[int, Found]:
        found = self._objects.find(
            decoded(bucket), decoded(name), generation=call.number("generation")
        )
        call.conditions.check(found.facts, reading=True)
        if found.version == FOLDER:
            return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), self._objects.hashed(found)
        handle, found = self._objects.open(found)
        if "range" in call.headers:  # nobody checks a part against the checksum of the whole
            return handle, found
        try:
            return handle, self._objects.hashed(found)
        except BaseException:
            os.close(handle)
            raise


class _Download(StreamingResponse):
    """The content of an open file; closes it, also for a caller who hung up before the first byte.

    Args:
        handle: The descriptor.
        found: The object that it is.
        wanted: The header `Range`, or None.

    Raises:
        ApiError: 416.
    """

    def __init__(self, handle: int, found: Found, wanted: str | None) -> None:
        size = found.version.size
        part = span(wanted, size)
        first, end = part or (0, size)
        headers = download_headers(found.facts, found.version, whole=part is None)
        headers["Content-Length"] = str(end - first)
        if part is not None:
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
        super().__init__(content(handle, first, end), 200 if part is None else 206, headers)
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            os.close(self._handle)
