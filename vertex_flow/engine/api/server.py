"""HTTP, and nothing else: who may call, how long a body may be, and what goes back."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import attrs
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from vertex_flow.engine.api.bodies import read
from vertex_flow.engine.api.errors import (
    cancelled,
    disk_full,
    error_body,
    internal,
    invalid,
    not_found,
    out_of_disk,
    permission_denied,
    unauthenticated,
)
from vertex_flow.engine.api.proof import engine_proof
from vertex_flow.engine.api.raw import passed_on
from vertex_flow.engine.api.rpc import RawBody, RawResponse, Router
from vertex_flow.errors import ApiError
from vertex_flow.names import storage_host

_log = logging.getLogger(__name__)

# Vertex AI's limits, in bytes: for a prediction, and for everything else.
_PREDICTION = 1_572_864
_LARGEST = 10 * 1024 * 1024
# From this size on, reading a body takes long enough for others to notice.
_SLOW = 128 * 1024
_PREDICTIONS = (":predict", ":rawPredict", ":streamRawPredict", ":explain")
# The start of a body that is a `RawPredictRequest`, which instances never look like.
_WRAPPED = re.compile(rb'\s*\{\s*"http(B|_b)ody"\s*:')
# Google's generated REST clients poll operations here; the cloud answers both.
_OPERATION = re.compile(r"/ui/(projects/.*/operations/[^/]+)")
CONSOLE = "/console/"
"""What the paths of the pages for browsers begin with."""
# Below it stands the secret that opens the storage to callers without credentials.
_OPEN = "/-"
_SECRET = re.compile(r"^(/-/)[^/]*")
# The port that clients leave out of `Host`.
_PLAIN_HTTP = 80
_VERBS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


class Neighbour(Protocol):
    """A service beside Vertex AI's, with paths and errors of its own, such as Cloud Storage."""

    def takes(self, path: str, query: str) -> bool:
        """Tell whether a request is for this service."""
        ...

    async def answer(self, request: Request, path: str, root: str) -> Response:
        """Answer a request; `path` is as it was sent, `root` is the URL before it."""
        ...

    def refused(self, error: ApiError) -> Response:
        """Word an error as this service does."""
        ...


class Pages(Protocol):
    """What answers browsers; it asks itself who they are."""

    async def answer(self, request: Request, body: bytes) -> Response:
        """Answer a request for a page."""
        ...

    def refused(self, error: ApiError) -> Response:
        """Word an error for a person."""
        ...


def application(  # noqa: PLR0913 - one door for all that answers
    router: Router,
    *,
    token: str,
    port: int,
    log: Path,
    storage: Neighbour | None = None,
    console: Pages | None = None,
    counts: Callable[[], dict[str, Any]] = dict,
) -> Starlette:
    """Make the ASGI application that serves the API.

    Args:
        router: What answers.
        token: What callers must send as `Authorization: Bearer <token>`.
        port: The port that callers must name in `Host`, so that a web page that has its own name
            point to this machine gets nothing.
        log: Where unexpected errors are explained; their answer names it.
        storage: Answers for Cloud Storage, or None.
        console: Answers what is below `/console/`, or None.
        counts: Gives the numbers of predictions that were asked for.
    """
    door = _Door(
        router=router,
        token=token,
        port=port,
        log=log,
        storage=storage,
        console=console,
        counts=counts,
    )
    below = (CONSOLE.rstrip("/"), f"{CONSOLE}{{path:path}}")
    pages = [Route(path, door.page, methods=["GET", "POST"]) for path in below]
    return Starlette(
        routes=[
            Route("/healthz", door.healthz, methods=["GET"]),
            Route("/statz", door.statz, methods=["GET"]),
            *(pages if console else ()),
            Route("/{path:path}", door.answer, methods=_VERBS),
        ],
        exception_handlers={404: _lost, 405: _lost},
    )


@attrs.frozen(kw_only=True)
class _Door:
    """Lets requests in and answers out."""

    router: Router
    token: str
    port: int
    log: Path
    storage: Neighbour | None
    console: Pages | None
    counts: Callable[[], dict[str, Any]]

    async def healthz(self, request: Request) -> Response:
        """Say that the engine is up; needs no token."""
        return await self._guarded(request, self._ok)

    async def statz(self, request: Request) -> Response:
        """Say how many predictions were asked for, which the cloud says elsewhere."""
        return await self._guarded(request, self._counts)

    async def page(self, request: Request) -> Response:
        """Answer a browser; pages ask for a key of their own."""
        refused = self.console.refused if self.console else None
        return await self._guarded(request, self._page, refused)

    async def answer(self, request: Request) -> Response:
        """Answer a request of the API, or of its neighbour."""
        sent, query = _sent_path(request), request.url.query
        opened = sent.startswith(f"{_OPEN}/")
        if self.storage and (opened or self.storage.takes(sent, query)):
            return await self._guarded(request, self._answer_storage, self.storage.refused)
        return await self._guarded(request, self._answer)

    async def _guarded(
        self,
        request: Request,
        inner: Callable[[Request], Awaitable[Response]],
        refused: Callable[[ApiError], Response] | None = None,
    ) -> Response:
        """Turn whatever goes wrong into Google's shape of an error; the server lives on."""
        refused = refused or _refused
        try:
            self._check_origin(request)
            return await inner(request)
        except ApiError as error:
            return refused(error)
        except ClientDisconnect:
            return refused(cancelled("The caller hung up."))
        except Exception as error:
            path = _SECRET.sub(r"\1...", request.url.path)
            _log.exception("%s %s failed", request.method, path)
            return refused(self._unexpected(error))

    async def _ok(self, request: Request) -> Response:
        challenge = request.headers.get("x-challenge", "")
        said = {"X-Proof": engine_proof(self.token, self.port, challenge)} if challenge else None
        return PlainTextResponse("ok", headers=said)

    async def _counts(self, request: Request) -> Response:
        self._check_token(request)
        return JSONResponse(self.counts())

    async def _page(self, request: Request) -> Response:
        if self.console is None:
            raise not_found("This engine has no console.")
        return await self.console.answer(request, await _body(request, request.url.path))

    async def _answer(self, request: Request) -> Response:
        self._check_token(request)
        path = _OPERATION.sub(r"/v1/\1", request.scope["path"])
        route = self.router.route(request.method, path)
        data = await _body(request, path)
        large = len(data) > _SLOW
        body = _raw(request, data) if route.rpc.raw else await _json(data, large=large)
        result = await self.router.answer(route, _query(request), body, large=large)
        if isinstance(result, RawResponse):
            return passed_on(result, wrapped=route.rpc.raw and isinstance(body, dict))
        return JSONResponse(result)

    async def _answer_storage(self, request: Request) -> Response:
        """Answer a request for Cloud Storage, which shows the token or comes by the open URL."""
        path, root = _sent_path(request), f"http://{request.headers['host']}"
        if path.startswith(f"{_OPEN}/"):
            secret, slash, rest = path.removeprefix(f"{_OPEN}/").partition("/")
            path = slash + rest
            root = f"{root}{_OPEN}/{secret}"
            self._check_secret(secret)
        else:
            self._check_token(request)
        if self.storage is None or not self.storage.takes(path, request.url.query):
            raise not_found(f"The local engine's Cloud Storage has no {request.method} {path}.")
        return await self.storage.answer(request, path, root)

    def _check_secret(self, given: str) -> None:
        right = storage_host("", self.token).rpartition("/")[2]
        if not secrets.compare_digest(given.encode(), right.encode()):
            raise unauthenticated(
                "The URL is not that of the engine's storage. STORAGE_EMULATOR_HOST is set by "
                "GcpContext.init_aiplatform, and in the engine's own processes; it changes with "
                "the engine's token."
            )

    def _check_origin(self, request: Request) -> None:
        hosts = {f"127.0.0.1:{self.port}", f"localhost:{self.port}"}
        if self.port == _PLAIN_HTTP:
            hosts |= {"127.0.0.1", "localhost"}
        host = request.headers.get("host", "")
        if host.lower() not in hosts:
            raise permission_denied(
                f"The Host header is {host!r}; the local engine answers "
                f"127.0.0.1:{self.port} and localhost:{self.port} only."
            )
        origin = request.headers.get("origin")
        if origin is not None and origin.lower() not in {f"http://{name}" for name in hosts}:
            raise permission_denied(
                f"The request comes from a web page at {origin!r}; the local engine answers "
                "programs on this machine only."
            )

    def _check_token(self, request: Request) -> None:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        right = secrets.compare_digest(given.strip().encode(), self.token.encode())
        if kind.lower() != "bearer" or not right:
            raise unauthenticated(
                "The request has no valid token. Send 'Authorization: Bearer <token>' with the "
                f"token in {self.log.parent / 'token'}."
            )

    def _unexpected(self, error: Exception) -> ApiError:
        if disk_full(error):
            return out_of_disk()
        return internal(
            f"The local engine failed: {type(error).__name__}: {error}. This is a fault of the "
            f"engine, not of the request; the details are in {self.log}."
        )


async def _lost(request: Request, error: Exception) -> Response:
    """Answer a path that no route takes, such as one with a line break, or an unknown verb."""
    return _refused(not_found(f"The local engine has no {request.method} {request.url.path!r}."))


def _sent_path(request: Request) -> str:
    """Give the path as it was sent, its names percent-encoded."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return raw.decode("ascii", "replace")


def _refused(error: ApiError) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if error.code == 401 else None
    return JSONResponse(error_body(error), error.code, headers)


async def _body(request: Request, path: str) -> bytes:
    return await read(request, _PREDICTION if path.endswith(_PREDICTIONS) else _LARGEST)


async def _json(data: bytes, *, large: bool) -> Any:
    return await asyncio.to_thread(_parse, data) if large else _parse(data)


def _parse(data: bytes) -> Any:
    if not data.strip():
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise invalid(f"Invalid JSON payload received. {error}.") from error


def _raw(request: Request, data: bytes) -> Any:
    """Give a body that may be anything; Google's own client wraps it into a message."""
    if _WRAPPED.match(data):
        return _parse(data)
    content_type = request.headers.get("content-type", "application/octet-stream")
    return RawBody(content_type=content_type, data=data)


def _query(request: Request) -> dict[str, str | list[str]]:
    query: dict[str, str | list[str]] = {}
    for name in request.query_params:
        values = request.query_params.getlist(name)
        query[name] = values[0] if len(values) == 1 else values
    return query
