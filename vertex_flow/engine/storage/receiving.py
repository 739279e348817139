"""Answers uploads: at once, with metadata in front, in many requests, and in parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from weakref import WeakValueDictionary

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vertex_flow.engine.api.bodies import chunks, read
from vertex_flow.engine.api.errors import invalid, not_found
from vertex_flow.engine.storage.bodies import parsed
from vertex_flow.engine.storage.conditions import plain_number
from vertex_flow.engine.storage.digests import PIECE, Digests, stated_in
from vertex_flow.engine.storage.files import Files
from vertex_flow.engine.storage.methods import Call, Methods, decoded
from vertex_flow.engine.storage.objects import Found, Objects
from vertex_flow.engine.storage.parameters import check
from vertex_flow.engine.storage.parts import Parts, part_headers
from vertex_flow.engine.storage.related import Related
from vertex_flow.engine.storage.selection import Selection
from vertex_flow.engine.storage.uploads import Draft, Range, Target, Uploads, finish

_LONGEST_METADATA = 1024 * 1024  # bytes
_OF_PARTS = frozenset({"uploads", "uploadId", "partNumber"})


class Receiving:
    """Takes in the content of objects; however long, it is never in memory as a whole.

    Args:
        files: Where drafts are written.
        objects: What they become.
        uploads: Those of many requests.
        parts: Those of the XML API.
        methods: Shows an object.
    """

    def __init__(
        self, files: Files, objects: Objects, uploads: Uploads, parts: Parts, methods: Methods
    ) -> None:
        self._files = files
        self._objects = objects
        self._uploads = uploads
        self._parts = parts
        self._methods = methods
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def answer(self, call: Call, request: Request) -> Response:
        """Answer an upload of the JSON API.

        Raises:
            ApiError: INVALID_ARGUMENT, NOT_FOUND, 412, or 507 when the disk is full.
        """
        check(call.query, call.headers)
        await self._check_space(call)
        if "upload_id" in call.query:
            return await self._go_on(call, request, call.parameters["upload_id"])
        bucket = _bucket(call)
        kind = call.parameters.get("uploadType", "")
        if kind == "resumable":
            return await self._begin(call, request, bucket)
        if kind == "multipart":
            return await self._multipart(call, request, bucket)
        if kind == "media":
            return await self._media(call, request, bucket)
        raise invalid(f"Invalid uploadType: {kind!r}. Expected media, multipart or resumable.")

    async def part(self, call: Call, request: Request) -> Response:
        """Answer a request of an upload in parts.

        Raises:
            ApiError: INVALID_ARGUMENT, NOT_FOUND, or 507 when the disk is full.
        """
        if not call.query.keys() <= _OF_PARTS:
            raise invalid(f"An upload in parts takes {', '.join(sorted(_OF_PARTS))} only.")
        bucket, _, name = call.path.partition("/")
        upload_id = call.parameters.get("uploadId", "")
        if call.verb == "POST" and "uploads" in call.query:
            text = await asyncio.to_thread(
                self._parts.begin, decoded(bucket), decoded(name), call.headers
            )
            return Response(text, media_type="application/xml")
        if call.verb == "PUT":
            return await self._part(call, request, upload_id)
        if call.verb == "POST":
            body = await read(request, _LONGEST_METADATA)
            text, _ = await asyncio.to_thread(self._parts.end, upload_id, body)
            return Response(text, media_type="application/xml")
        if call.verb == "DELETE":
            await asyncio.to_thread(self._parts.cancel, upload_id)
            return Response(status_code=204)
        raise not_found(f"{call.verb} is no request of an upload in parts.")

    async def _part(self, call: Call, request: Request, upload_id: str) -> Response:
        await self._check_space(call)
        number = call.parameters.get("partNumber", "")
        draft = await asyncio.to_thread(self._parts.draft, upload_id, number)
        try:
            await self._fill(draft, chunks(request))
        finally:
            draft.close()
        draft.digests.check(stated_in(call.headers.get("x-goog-hash", "")))
        return Response(headers=part_headers(draft))

    async def _media(self, call: Call, request: Request, bucket: str) -> Response:
        facts = {"contentType": call.headers.get("content-type", "application/octet-stream")}
        target = Target.of(bucket, call.parameters, call.headers, facts)
        return await self._store(call, target, chunks(request))

    async def _multipart(self, call: Call, request: Request, bucket: str) -> Response:
        related = Related(chunks(request), call.headers.get("content-type", ""))
        body, kind = await related.metadata()
        if isinstance(body, dict) and kind:
            body = {"contentType": kind, **body}
        target = Target.of(bucket, call.parameters, call.headers, body)
        return await self._store(call, target, related.content())

    async def _store(self, call: Call, target: Target, content: AsyncIterator[bytes]) -> Response:
        await asyncio.to_thread(self._files.path, target.bucket, target.name)
        with self._objects.draft() as path:
            draft = Draft(path, Digests())
            try:
                await self._fill(draft, content)
            finally:
                draft.close()
            stated = stated_in(call.headers.get("x-goog-hash", ""))
            found = await asyncio.to_thread(finish, self._objects, target, draft, stated)
        return await self._shown(call, found)

    async def _begin(self, call: Call, request: Request, bucket: str) -> Response:
        body = parsed(await read(request, _LONGEST_METADATA)) or {}
        kind = call.headers.get("x-upload-content-type")
        if isinstance(body, dict) and kind:
            body = {"contentType": kind, **body}
        target = Target.of(bucket, call.parameters, call.headers, body)
        upload_id = await asyncio.to_thread(self._uploads.begin, target)
        path = f"/upload/storage/v1/{call.path}?uploadType=resumable&upload_id={upload_id}"
        headers = {"Location": f"{call.root}{path}", "X-GUploader-UploadID": upload_id}
        return Response(headers=headers)

    async def _go_on(self, call: Call, request: Request, upload_id: str) -> Response:
        """Take the next request of an upload; two at once would mix their bytes."""
        async with self._turns.setdefault(upload_id, asyncio.Lock()):
            return await self._next(call, request, upload_id)

    async def _next(self, call: Call, request: Request, upload_id: str) -> Response:
        if call.verb == "DELETE":
            await asyncio.to_thread(self._uploads.cancel, upload_id)
            return Response(status_code=499)
        found = await asyncio.to_thread(self._uploads.ended, upload_id)
        if found is not None:
            return await self._shown(call, found)
        place = Range.of(call.headers.get("content-range"))
        size = await asyncio.to_thread(self._uploads.size, upload_id)
        if place.first is None and place.total != size:
            return _incomplete(size)
        draft = await asyncio.to_thread(self._uploads.draft, upload_id)
        try:
            if place.first is not None:
                await self._fill(draft, _after(chunks(request), place.first, size))
        finally:
            await asyncio.to_thread(self._uploads.pause, upload_id, draft)
        return await self._paused(call, upload_id, place)

    async def _paused(self, call: Call, upload_id: str, place: Range) -> Response:
        size = await asyncio.to_thread(self._uploads.size, upload_id)
        whole = "content-range" not in call.headers
        if not whole and place.total != size:
            if place.total is not None and size > place.total:
                await asyncio.to_thread(self._uploads.cancel, upload_id)
                raise invalid(f"The upload has {size} bytes, more than the {place.total} it said.")
            return _incomplete(size)
        stated = stated_in(call.headers.get("x-goog-hash", ""))
        draft = await asyncio.to_thread(self._uploads.draft, upload_id)
        found = await asyncio.to_thread(self._uploads.end, upload_id, draft, stated)
        return await self._shown(call, found)

    async def _shown(self, call: Call, found: Found) -> Response:
        selection = Selection(call.parameters.get("fields", ""))
        return JSONResponse(selection.of(await asyncio.to_thread(self._methods.shown, call, found)))

    async def _fill(self, draft: Draft, content: AsyncIterator[bytes]) -> None:
        """Write content piece by piece, in threads."""
        buffer = bytearray()
        async for chunk in content:
            buffer += chunk
            if len(buffer) >= PIECE:
                await asyncio.to_thread(self._write, draft, bytes(buffer))
                buffer.clear()
        if buffer:
            await asyncio.to_thread(self._write, draft, bytes(buffer))

    def _write(self, draft: Draft, data: bytes) -> None:
        self._files.check_space(len(data))  # content may come without its length in front
        draft.write(data)

    async def _check_space(self, call: Call) -> None:
        names = ("content-length", "x-upload-content-length")
        needed = max(plain_number(call.headers.get(name, 0), name) for name in names)
        await asyncio.to_thread(self._files.check_space, needed)


def _bucket(call: Call) -> str:
    parts = call.path.split("/")
    if call.verb != "POST" or len(parts) != 3 or (parts[0], parts[2]) != ("b", "o"):
        raise not_found(f"No upload is at {call.verb} {call.path}; it is POST b/<bucket>/o.")
    return decoded(parts[1])


def _incomplete(size: int) -> Response:
    """Say how much of an upload is there."""
    headers = {"Range": f"bytes=0-{size - 1}"} if size else {}
    return Response(status_code=308, headers=headers)


async def _after(content: AsyncIterator[bytes], first: int, size: int) -> AsyncIterator[bytes]:
    """Give what comes after the bytes that are there already.

    Raises:
        ApiError: INVALID_ARGUMENT when bytes are missing in between.
    """
    if first > size:
        raise invalid(f"The content begins at byte {first}, but only {size} bytes came in before.")
    skipped = size - first
    async for chunk in content:
        if skipped < len(chunk):
            yield chunk[skipped:]
        skipped = max(0, skipped - len(chunk))
