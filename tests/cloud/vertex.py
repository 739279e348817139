"""An engine as Vertex AI in the cloud: reached by a context of a project, with somebody between
who records what is sent, and who loses answers."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
from google.oauth2.credentials import Credentials

from tests.cloud.discovery import find_method, unknown_fields
from vertex_flow import GcpContext
from vertex_flow.engine.embedded import EmbeddedEngine

PROJECT, LOCATION = "acme", "us-central1"
PARENT = f"projects/{PROJECT}/locations/{LOCATION}"
JOBS = f"POST /v1/{PARENT}/pipelineJobs"
"""The request that creates a pipeline job."""


@attrs.frozen
class Sent:
    """A request that came through.

    Attributes:
        request: Verb and path, for example `GET /v1/projects/…`.
        body: The message, or None.
    """

    request: str
    body: Any


class Between:
    """Passes requests on to an engine, and makes trouble.

    Attributes:
        url: Root URL, the endpoint of the API.
        sent: Every request, those too that were not passed on.
        problems: Requests that Vertex AI's discovery document does not have, or whose messages
            have fields that it does not have.
        own: Answers to requests of Vertex AI's that an engine does not serve.
    """

    def __init__(self, url: str, engine: EmbeddedEngine) -> None:
        self.url = url
        self.sent: list[Sent] = []
        self.problems: list[str] = []
        self.own: dict[str, Any] = {}
        self._engine = urlsplit(engine.endpoint).netloc
        self._troubles: list[tuple[str, int]] = []
        self._lock = threading.Lock()

    def lose(self, request: str, times: int = 1) -> None:
        """Pass the next requests that start so on, and cut the connection before the answer."""
        self._troubles += [(request, 0)] * times

    def refuse(self, request: str, code: int, times: int = 1) -> None:
        """Answer the next requests that start so with a code, and do not pass them on."""
        self._troubles += [(request, code)] * times

    def count(self, request: str) -> int:
        """Tell how often a request has come that starts so."""
        return sum(one.request.startswith(request) for one in self.sent)

    def bodies(self, request: str) -> list[Any]:
        """The messages of the requests that start so."""
        return [one.body for one in self.sent if one.request.startswith(request)]

    def take(self, verb: str, path: str, body: bytes) -> int | None:
        """Record a request, and give what trouble it gets: a code, 0 for a cut, or None."""
        plain, request = urlsplit(path).path, f"{verb} {path}"
        message = json.loads(body) if body else None
        with self._lock:
            self.sent.append(Sent(request, message))
            method = find_method("aiplatform.v1", verb, plain)
            if method is None:
                self.problems.append(f"there is no {request}")
            elif verb != "GET":
                unknown = unknown_fields("aiplatform.v1", method.request, message or {})
                self.problems += [f"{method.id} was sent unknown fields: {unknown}"] * bool(unknown)
            found = next((one for one in self._troubles if request.startswith(one[0])), None)
            if found is None:
                return None
            self._troubles.remove(found)
            return found[1]

    def passed_on(self, verb: str, path: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        """Ask the engine, for all but what is answered here."""
        if f"{verb} {path}" in self.own:
            return 200, json.dumps(self.own[f"{verb} {path}"]).encode()
        connection = http.client.HTTPConnection(self._engine, timeout=60)
        kept = ("authorization", "content-type")
        own = {name: value for name, value in headers.items() if name.lower() in kept}
        connection.request(verb, path, body=body or None, headers=own)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content


@attrs.frozen
class Vertex:
    """Vertex AI as a test has it.

    Attributes:
        engine: What does the work.
        between: What requests go through.
        context: The project.
    """

    engine: EmbeddedEngine
    between: Between
    context: GcpContext

    def jobs(self) -> list[str]:
        """Display names of the pipeline jobs that there are."""
        with self.context.apis as apis:
            found = apis.vertex._pipelines.list_pipeline_jobs(parent=PARENT)
            return [one.display_name for one in found]


@contextmanager
def vertex_ai(home: Path, **settings: Any) -> Iterator[Vertex]:
    """Serve Vertex AI for a project until the block ends; nothing wrong must have been sent.

    Args:
        home: The engine's folder.
        settings: Further settings of the context, such as the endpoints of other services.
    """
    with EmbeddedEngine.start(home) as engine, _between(engine) as between:
        endpoints = {**settings.pop("api_endpoints", {}), "aiplatform": between.url}
        given = {"training_image": "us-docker.pkg.dev/acme/x/trainer:1", **settings}
        context = GcpContext(
            project=PROJECT,
            location=LOCATION,
            credentials=Credentials(engine.token),
            api_endpoints=endpoints,
            **given,
        )
        yield Vertex(engine, between, context)
        assert between.problems == []


@contextmanager
def _between(engine: EmbeddedEngine) -> Iterator[Between]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            trouble = between.take(self.command, self.path, body)
            if trouble:
                self._send(trouble, json.dumps(_refusal(trouble)).encode())
                return
            code, content = between.passed_on(self.command, self.path, self.headers, body)
            if trouble is None:
                self._send(code, content)

        def _send(self, code: int, content: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - their names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    between = Between(f"http://127.0.0.1:{server.server_address[1]}", engine)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield between
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _refusal(code: int) -> dict[str, Any]:
    status = {429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}.get(code, "INTERNAL")
    return {"error": {"code": code, "status": status, "message": "try again"}}
