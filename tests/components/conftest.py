"""A loopback server that answers as Vertex AI's REST API does, from a table of answers."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest

PARENT = "projects/acme/locations/europe-west4"


@attrs.define
class Vertex:
    """Answers by verb and path, and what was asked for."""

    answers: dict[str, Any] = attrs.Factory(dict)
    requests: list[dict[str, Any]] = attrs.Factory(list)

    def serve(self, verb: str, path: str, *answers: Any) -> None:
        """Answer a request; of several answers each is given once and the last for ever."""
        self.answers[f"{verb} /v1/{path}"] = list(answers)

    def asked(self, verb: str) -> list[dict[str, Any]]:
        return [request for request in self.requests if request["verb"] == verb]


def handler_for(vertex: Vertex) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            url = urlsplit(self.path)
            size = int(self.headers.get("Content-Length", 0))
            vertex.requests.append(
                {
                    "verb": self.command,
                    "path": url.path,
                    "query": {key: found[0] for key, found in parse_qs(url.query).items()},
                    "body": json.loads(self.rfile.read(size) or "null"),
                    "token": self.headers.get("Authorization"),
                }
            )
            found = vertex.answers.get(f"{self.command} {url.path}")
            body = {"error": {"code": 404, "status": "NOT_FOUND", "message": "nothing here"}}
            if found:
                body = found.pop(0) if len(found) > 1 else found[0]
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_GET = do_POST = do_PATCH = answer  # noqa: N815 - http.server's names

        def log_message(self, *args: Any) -> None:
            """Keep the tests' output clean."""

    return Handler


@pytest.fixture
def vertex(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vertex]:
    table = Vertex()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(table))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("VERTEX_FLOW_API_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("VERTEX_FLOW_API_TOKEN", "secret")
    yield table
    server.shutdown()
    thread.join()
    server.server_close()
