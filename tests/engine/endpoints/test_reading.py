from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from vertex_flow.engine.endpoints import reading
from vertex_flow.engine.endpoints.probes import HttpCheck, Probe, Prober
from vertex_flow.errors import ApiError


@contextmanager
def hostile(status: int, headers: dict[str, str], part: bytes, times: int) -> Iterator[str]:
    """Serve one answer, of many parts, on the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # the reader has had enough
                for _ in range(times):
                    self.wfile.write(part)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _read(url: str) -> httpx.Response:
    async def read() -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await reading.whole(client, client.build_request("GET", url))

    return asyncio.run(read())


def test_an_answer_is_read_as_it_is_meant():
    packed = gzip.compress(b"petals")
    with hostile(201, {"Content-Encoding": "gzip", "X-Mark": "a"}, packed, 1) as url:
        answer = _read(url)
    assert (answer.status_code, answer.content) == (201, b"petals")
    assert (answer.headers["x-mark"], answer.headers["content-length"]) == ("a", "6")


def test_an_answer_without_end_is_given_up():
    with (
        hostile(200, {}, b"x" * 1_000_000, 10**9) as url,
        pytest.raises(ApiError, match="answer is too long: more than 67108864 bytes"),
    ):
        _read(url)


def test_an_answer_that_unpacks_to_too_much_is_given_up():
    bomb = gzip.compress(b"0" * 70_000_000)
    with (
        hostile(200, {"Content-Encoding": "gzip"}, bomb, 1) as url,
        pytest.raises(ApiError, match="answer is too long"),
    ):
        _read(url)


def test_a_status_that_http_has_not():
    with (
        hostile(999, {}, b"", 0) as url,
        pytest.raises(ApiError, match="answered with a status of 999"),
    ):
        _read(url)


def test_a_broken_packing_is_an_error_of_the_request():
    with (
        hostile(200, {"Content-Encoding": "gzip"}, b"no gzip at all", 1) as url,
        pytest.raises(httpx.RequestError),
    ):
        _read(url)


def test_a_probe_does_not_read_the_body():
    async def check(port: int) -> str | None:
        async def run(argv: tuple[str, ...], timeout: float) -> str | None:
            raise AssertionError(argv, timeout)

        async with httpx.AsyncClient(trust_env=False) as client:
            prober = Prober(client=client, port=port, run=run)
            return await prober.fault(Probe(check=HttpCheck(path="/"), timeout=20))

    with hostile(200, {}, b"x" * 1_000_000, 10**9) as url:
        assert asyncio.run(check(int(url.rpartition(":")[2]))) is None
