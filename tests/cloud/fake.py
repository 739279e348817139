"""A Google Cloud on the loopback interface: its routes and messages are those of Google's own
discovery documents, its behaviour is what the services of `tests/cloud` say."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import attrs

from tests.cloud.discovery import Method, method, unknown_fields

Answer = dict[str, Any]


@attrs.frozen
class Asked:
    """A request.

    Attributes:
        method: Id of the method, for example `iam.projects.serviceAccounts.get`.
        parts: The parts of the path that vary, in order.
        query: Query parameters.
        body: The message, or None.
        token: The header Authorization.
        lists: Every value of each query parameter, for those that are repeated.
    """

    method: str
    parts: tuple[str, ...]
    query: Mapping[str, str]
    body: Any
    token: str
    lists: Mapping[str, list[str]] = attrs.field(factory=dict)


Handler = Callable[[Asked], Answer]


class Refused(Exception):  # noqa: N818 - reads as what is answered
    """What a service answers instead."""

    def __init__(
        self,
        code: int,
        status: str,
        message: str,
        *,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.headers = dict(headers or {})
        details = [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": reason,
                "domain": "googleapis.com",
                "metadata": dict(metadata or {}),
            }
        ]
        error = {"code": code, "message": message, "status": status}
        self.body = {"error": {**error, **({"details": details} if reason else {})}}


class Cut(Exception):  # noqa: N818 - reads as what happens
    """The connection is cut without an answer."""


class FakeCloud:
    """Serves the methods that are added, and nothing else.

    Attributes:
        url: Root URL, the endpoint of every API.
        asked: Every request that came, those that were refused too.
        problems: What the fake itself got wrong; a test that ends with any has failed.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self.problems: list[str] = []
        self._handlers: list[tuple[str, Method, Handler]] = []
        self._troubles: dict[str, list[Exception]] = {}
        self._left: int | None = None
        self._loses = False
        self._lock = threading.RLock()

    def serve(self, api: str, methods: Mapping[str, Handler]) -> None:
        """Serve methods of an API.

        Args:
            api: Name and version, for example `iam.v1`.
            methods: Handler by method id, `iam.` included.
        """
        for name, handler in methods.items():
            self._handlers.append((api, method(api, name), handler))

    def trouble(self, method: str, *troubles: Exception) -> None:
        """Have the next requests of a method end in `Refused` or `Cut`, one after the other."""
        self._troubles.setdefault(method, []).extend(troubles)

    def cut_after(self, count: int | None) -> None:
        """Answer so many requests more and then cut every connection; None heals."""
        self._left, self._loses = count, False

    def lose_after(self, count: int) -> None:
        """Answer so many requests more, do what the next asks without answer, then cut all."""
        self._left, self._loses = count, True

    def answer(self, verb: str, url: str, token: str, body: Any) -> Answer:
        """Give the answer to a request; raises `Refused` or `Cut`."""
        with self._lock:
            loses = self._spend()
            api, found, handler, asked = self._find(verb, url, token, body)
            self.asked.append(asked)
            self._check(api, found, asked)
            answer = handler(asked)
            wrong = unknown_fields(api, found.response, answer)
            if wrong:
                self.problems.append(f"{found.id} answered with unknown fields: {wrong}")
            if loses:
                raise Cut
            return answer

    def _spend(self) -> bool:
        """Count a request; tell whether its answer is lost."""
        if self._left is None:
            return False
        if self._left > 0:
            self._left -= 1
            return False
        if not self._loses:
            raise Cut
        self._loses = False
        return True

    def _find(
        self, verb: str, url: str, token: str, body: Any
    ) -> tuple[str, Method, Handler, Asked]:
        split = urlsplit(url)
        lists = parse_qs(split.query)
        query = {key: values[-1] for key, values in lists.items()}
        for api, one, handler in self._handlers:
            match = one.pattern.fullmatch(split.path)
            if match and one.verb == verb:
                parts = tuple(map(unquote, match.groups()))
                return api, one, handler, Asked(one.id, parts, query, body, token, lists)
        self.problems.append(f"nothing serves {verb} {split.path}")
        raise Refused(404, "NOT_FOUND", f"no such method: {verb} {split.path}")

    def _check(self, api: str, found: Method, asked: Asked) -> None:
        if self._troubles.get(found.id):
            raise self._troubles[found.id].pop(0)
        unknown = unknown_fields(api, found.request, asked.body)
        unknown += sorted(set(asked.query) - found.query - {"$alt"})  # $alt: the form of enums
        if unknown:
            self.problems.append(f"{found.id} was sent unknown fields: {unknown}")
            raise Refused(400, "INVALID_ARGUMENT", f"unknown fields: {unknown}")


@contextmanager
def fake_cloud() -> Iterator[FakeCloud]:
    """Serve a cloud without any service until the block ends; it must have had no problems."""

    class Handle(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # the body must not wait for the headers' acknowledgement

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            token = self.headers.get("Authorization", "")
            try:
                self._send(200, cloud.answer(self.command, self.path, token, body), {})
            except Refused as refused:
                self._send(refused.code, refused.body, refused.headers)
            except Cut:
                self.close_connection = True
                self.connection.close()
            except Exception as error:
                cloud.problems.append(f"{self.command} {self.path}: {error!r}")
                self._send(501, {"error": {"code": 501, "message": repr(error)}}, {})

        def _send(self, code: int, answer: Any, headers: Mapping[str, str]) -> None:
            content = json.dumps(answer).encode()
            self.send_response(code)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - their names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handle)
    server.daemon_threads = True
    cloud = FakeCloud(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield cloud
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert cloud.problems == []
