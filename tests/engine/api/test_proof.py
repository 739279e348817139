from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from vertex_flow.engine import program
from vertex_flow.engine.api.proof import engine_proof
from vertex_flow.engine.embedded import EmbeddedEngine


def test_an_engine_shows_that_it_knows_its_token(engine: EmbeddedEngine) -> None:
    answer = httpx.get(f"{engine.endpoint}/healthz", headers={"x-challenge": "a"})
    port = program.port_of(engine.endpoint)

    assert answer.headers["x-proof"] == engine_proof(engine.token, port, "a")
    assert engine.token not in str(answer.headers)


def test_a_proof_holds_for_one_token_port_and_challenge() -> None:
    ways = [("t", 1, "a"), ("u", 1, "a"), ("t", 2, "a"), ("t", 1, "b")]

    assert len({engine_proof(*way) for way in ways}) == len(ways)


def test_another_server_is_no_engine(engine: EmbeddedEngine) -> None:
    asked = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Pass the question on to the engine, and its answer back."""
            asked.append(str(self.headers))
            challenge = {"x-challenge": self.headers["x-challenge"]}
            answer = httpx.get(f"{engine.endpoint}{self.path}", headers=challenge)
            self.send_response(200)
            self.send_header("X-Proof", answer.headers["x-proof"])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        assert not program.answers(endpoint, engine.home)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert program.answers(engine.endpoint, engine.home)
    assert len(asked) == 1
    assert engine.token not in asked[0]
