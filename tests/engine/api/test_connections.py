"""Who may hold a connection, and for how long, before anything is known of them."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from vertex_flow.engine.api.connections import BoundedConnection

HELLO = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class HastyConnection(BoundedConnection):
    head_seconds = 0.3


async def _hello(_: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = Starlette(routes=[Route("/", _hello)])
    config = uvicorn.Config(app, http=HastyConnection, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(30)


@contextlib.contextmanager
def _connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        yield connection


def _is_closed(connection: socket.socket) -> bool:
    """Wait for the other side's end; the socket's time limit is the wait's."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def _ask(connection: socket.socket) -> bytes:
    connection.sendall(HELLO)
    answer = b""
    while not answer.endswith(b"hello"):
        answer += connection.recv(4096)
    return answer


def test_a_connection_that_says_nothing_is_closed(port: int) -> None:
    with _connected(port) as connection:
        assert _is_closed(connection)


def test_headers_that_come_too_slowly_end_the_connection(port: int) -> None:
    with _connected(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        assert _is_closed(connection)


def test_headers_without_end_end_the_connection(port: int) -> None:
    with _connected(port) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 200_000)
        assert _is_closed(connection)


def test_a_connection_serves_one_request_after_the_other(port: int) -> None:
    with _connected(port) as connection:
        first, second = _ask(connection), _ask(connection)

    assert (first[:15], second[:15]) == (b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK")


def test_the_second_request_of_a_connection_must_not_be_slow_either(port: int) -> None:
    with _connected(port) as connection:
        _ask(connection)
        connection.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        assert _is_closed(connection)


def test_others_are_served_while_many_are_slow(port: int) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(_connected(port)).sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        with _connected(port) as connection:
            assert _ask(connection).startswith(b"HTTP/1.1 200 OK")
