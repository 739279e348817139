"""Cloud Storage over HTTP: JSON, uploads, downloads and batches, and the numbers of projects."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vertex_flow.engine.api.bodies import read
from vertex_flow.engine.api.errors import not_found
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.storage import batch
from vertex_flow.engine.storage.bodies import parsed
from vertex_flow.engine.storage.buckets import Buckets
from vertex_flow.engine.storage.files import Files
from vertex_flow.engine.storage.methods import Call, Methods, decoded
from vertex_flow.engine.storage.objects import Objects
from vertex_flow.engine.storage.parts import Parts
from vertex_flow.engine.storage.projects import Projects
from vertex_flow.engine.storage.receiving import Receiving
from vertex_flow.engine.storage.records import Records
from vertex_flow.engine.storage.refusals import error_body
from vertex_flow.engine.storage.sending import Sending
from vertex_flow.engine.storage.uploads import Uploads
from vertex_flow.errors import ApiError

_JSON = "/storage/v1/"
_UPLOADS = ("/upload/storage/v1/", "/resumable/upload/storage/v1/")
_DOWNLOAD = "/download/storage/v1/"
_BATCH = "/batch/storage/v1"
_PROJECTS = "/v3/projects/"
_VERTEX = ("/v1/", "/ui/")
# The longest requests that are no upload, in bytes.
_LARGEST = 1024 * 1024
_LARGEST_BATCH = 32 * 1024 * 1024


class StorageApi:
    """Answers what Google's clients ask of Cloud Storage.

    Blocking work, on files and on SQLite, is done in threads; the event loop never waits for it.

    Args:
        home: The engine's folder.
    """

    def __init__(self, home: Home) -> None:
        files = Files(home.storage)
        self._records = Records(home.root / "storage.db")
        self._projects = Projects(self._records)
        objects = Objects(files, self._records)
        uploads = Uploads(files, self._records, objects)
        buckets = Buckets(files, self._records, self._projects)
        self._methods = Methods(files, self._records, buckets, objects)
        self._sending = Sending(objects)
        self._receiving = Receiving(
            files, objects, uploads, Parts(files, objects, uploads), self._methods
        )

    def close(self) -> None:
        """Close the file of what is known of buckets and objects."""
        self._records.close()

    def takes(self, path: str, query: str) -> bool:
        """Tell whether a request is for this service, and not for Vertex AI.

        Args:
            path: Its path.
            query: Its query string.
        """
        own = (_JSON, *_UPLOADS, _DOWNLOAD, _PROJECTS)
        in_parts = _is_in_parts(query) and not path.startswith(_VERTEX)
        return path.startswith(own) or path == _BATCH or in_parts

    async def answer(self, request: Request, path: str, root: str) -> Response:
        """Answer a request.

        Args:
            request: The request.
            path: Its path as it was sent, without what comes before the service's own.
            root: Root URL of the API as the caller reaches it.

        Raises:
            ApiError: What Cloud Storage would refuse.
        """
        query = parse_qs(request.url.query, keep_blank_values=True)
        if path.startswith(_PROJECTS):
            if request.method != "GET":
                raise not_found(f"{path} answers GET, not {request.method}.")
            name = decoded(path.removeprefix(_PROJECTS))
            return JSONResponse(await asyncio.to_thread(self._projects.get, name))
        if path == _BATCH:
            return await self._batch(request, root)
        for prefix in _UPLOADS:
            if path.startswith(prefix):
                call = _call(request, path.removeprefix(prefix), query, root)
                return await self._receiving.answer(call, request)
        if _is_in_parts(request.url.query):
            call = _call(request, path.lstrip("/"), query, root)
            return await self._receiving.part(call, request)
        if path.startswith(_DOWNLOAD) or query.get("alt") == ["media"]:
            inner = path.removeprefix(_DOWNLOAD).removeprefix(_JSON)
            return await self._sending.answer(_call(request, inner, query, root))
        return await self._json(request, path.removeprefix(_JSON), query, root)

    def refused(self, error: ApiError) -> Response:
        """Give an error in Cloud Storage's own JSON."""
        if error.code == 304:
            return Response(status_code=304)
        return JSONResponse(error_body(error), error.code)

    async def _json(
        self, request: Request, path: str, query: dict[str, list[str]], root: str
    ) -> Response:
        body = parsed(await read(request, _LARGEST))
        call = _call(request, path, query, root, body)
        answer = await asyncio.to_thread(self._methods.answer, call)
        return Response(status_code=204) if answer is None else JSONResponse(answer)

    async def _batch(self, request: Request, root: str) -> Response:
        body = await read(request, _LARGEST_BATCH)
        kind = request.headers.get("content-type", "")
        content, kind = await asyncio.to_thread(
            batch.answer, body, kind, root, self._methods.answer
        )
        return Response(content, media_type=kind)


def _is_in_parts(query: str) -> bool:
    """Tell whether a request is one of an upload in parts, of the XML API."""
    names = parse_qs(query, keep_blank_values=True)
    return "uploads" in names or "uploadId" in names


def _call(
    request: Request, path: str, query: dict[str, list[str]], root: str, body: Any = None
) -> Call:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Call(verb=request.method, path=path, query=query, headers=headers, body=body, root=root)
