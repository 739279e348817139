"""The console: a program of its own, which the engine starts, asks and ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response

from vertex_flow.engine.api.errors import error_body, unavailable
from vertex_flow.engine.processes.logs import last_lines
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import ApiError

_START = 60.0  # how long it may take to start, in seconds
_ANSWER = 120.0  # how long it may take for a page: one in the cloud is asked, in seconds
_LIMITS = {"timeout": httpx.Timeout(_ANSWER).as_dict()}
_GRACE = 3.0  # how long it may take to end, in seconds
_TAIL = 10
# Headers that are about one connection, or that are written anew.
_OWN = frozenset({b"connection", b"content-length", b"keep-alive", b"transfer-encoding", b"date"})


class Console:
    """Passes requests for pages on to the program that makes them; starts it when it is not up.

    It is a process of its own so that what pages need stays out of the engine, and so that what
    goes wrong there does. It reads the engine as any program does, through the API.

    Args:
        home: The engine's folder.
        port: The engine's port, which the pages are reached at.
    """

    def __init__(self, home: Home, port: int) -> None:
        self._home = home
        self._port = port
        self._log = home.root / "console.log"
        self._starting = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._url = ""
        # No client: it would keep the cookie of one browser, and show it for the next one.
        self._transport = httpx.AsyncHTTPTransport(verify=False)

    async def answer(self, request: Request, body: bytes) -> Response:
        """Pass a request on, and its answer back.

        Raises:
            ApiError: UNAVAILABLE: the program does not start, or does not answer.
        """
        await self._ensure()
        # As bytes: cookies of other programs on this machine come along, and may hold any.
        given = [(name, value) for name, value in request.headers.raw if name not in _OWN]
        raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
        url = httpx.URL(self._url).copy_with(raw_path=_target(raw, request.scope["query_string"]))
        asked = httpx.Request(request.method, url, headers=given, content=body, extensions=_LIMITS)
        try:
            answer = await self._transport.handle_async_request(asked)
            content = await answer.aread()
        except httpx.HTTPError as error:
            raise unavailable(f"The console does not answer: {error!r}. Log: {self._log}") from None
        response = Response(content, answer.status_code)
        kept = [(k, v) for k, v in answer.headers.raw if k.lower() not in _OWN]
        own = [(k, v) for k, v in response.raw_headers if k == b"content-length"]
        response.raw_headers = [(k.lower(), v) for k, v in kept] + own
        return response

    def refused(self, error: ApiError) -> Response:
        """Word an error for a person with a browser."""
        text = f"{error_body(error)['error']['message']}\n"
        return Response(text, error.code, media_type="text/plain")

    async def close(self) -> None:
        """End the program."""
        process, self._process = self._process, None
        await self._transport.aclose()
        if process is not None:
            await _end(process)

    async def _ensure(self) -> None:
        """Start the program, unless it is up."""
        async with self._starting:
            if self._process is not None and self._process.returncode is None:
                return
            self._process = await self._spawn()
            try:
                self._url = await asyncio.wait_for(_said(self._process), _START)
            except (asyncio.TimeoutError, ValueError, KeyError):
                process, self._process = self._process, None
                await _end(process)
                tail = "".join(f"  {line}\n" for line in last_lines(self._log)[-_TAIL:])
                raise unavailable(f"The console did not start.\n{tail}Log: {self._log}") from None

    async def _spawn(self) -> asyncio.subprocess.Process:
        words = ("--home", str(self._home.root), "--port", str(self._port))
        with self._log.open("wb") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "vertex_flow.ui", *words),
                stdin=asyncio.subprocess.PIPE,  # its end is the engine's, however that comes
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=dict(os.environ),
            )


def _target(path: bytes, query: bytes) -> bytes:
    return path + b"?" + query if query else path


async def _said(process: asyncio.subprocess.Process) -> str:
    """Read where a program that starts is reached."""
    assert process.stdout is not None  # noqa: S101 - it was started with a pipe
    facts: dict[str, Any] = json.loads(await process.stdout.readline())
    return str(facts["url"])


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), _GRACE)
    except asyncio.TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
