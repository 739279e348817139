"""A Vertex AI of a few lines on the loopback interface, which answers as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from google.auth.credentials import AnonymousCredentials

from vertex_flow import GcpContext

PARENT = "projects/acme/locations/us-central1"

Answer = tuple[int, Any]


class Loopback:
    """Answers of a server, and what it was asked.

    Attributes:
        url: Root URL of the server.
        answers: For `VERB path`, the answers in order; the last one stays.
        asked: Each request: verb, path, token, body.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, str, str, Any]] = []

    def on(self, request: str, *answers: Any, code: int = 200) -> None:
        """Answer a request, for example `GET /v1/x`, with JSON values, one after the other."""
        self.answers[request] = [(code, answer) for answer in answers]

    def answer(self, verb: str, path: str, token: str, body: Any) -> Answer:
        """Give the next answer."""
        self.asked.append((verb, path, token, body))
        known = self.answers.get(f"{verb} {unquote(path.partition('?')[0])}")
        if not known:
            return 404, error(404, "NOT_FOUND", f"no {path}")
        return known.pop(0) if len(known) > 1 else known[0]


def error(code: int, status: str, message: str) -> dict[str, Any]:
    """An error in Google's form."""
    return {"error": {"code": code, "status": status, "message": message}}


def context_at(url: str) -> GcpContext:
    """The project of `PARENT`, whose Vertex AI is a server of this module."""
    return GcpContext(
        project="acme",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        api_endpoints={"aiplatform": url},
    )


@contextmanager
def serving() -> Iterator[Loopback]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            token = self.headers.get("Authorization", "")
            code, answer = loopback.answer(self.command, self.path, token, body)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the library's names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    loopback = Loopback(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield loopback
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
