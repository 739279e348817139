"""A port of this machine and the server behind it, until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from vertex_flow.errors import EngineError, PortInUseError

if TYPE_CHECKING:
    import uvicorn


@contextlib.contextmanager
def listen(port: int, *, usual: int = 0) -> Iterator[socket.socket]:
    """Open a port on 127.0.0.1, so that callers may connect from here on.

    Args:
        port: The port that is asked for; 0 for any.
        usual: The port that is tried first where any will do; 0 for none.

    Raises:
        PortInUseError: The port is taken.
        EngineError: It cannot be opened.
    """
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it on, an answer's
    # body waits 40 ms for the caller's acknowledgement of its headers.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with listener:
        if port or not _bind(listener, usual):
            _bind_to(listener, port)
        listener.listen(128)
        yield listener


def server_of(app: Any, *, grace: int) -> uvicorn.Server:
    """Make the server of an application, which leaves the signals to who runs it.

    Args:
        app: The ASGI application.
        grace: How long requests under way may take once it is to end, in seconds.
    """
    import uvicorn

    from vertex_flow.engine.api.connections import BoundedConnection

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Leave them alone: there may be processes to end first."""
            yield

    config = uvicorn.Config(
        app,
        http=BoundedConnection,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=grace,
    )
    return Server(config)


def on_signals(end: Callable[[], None]) -> None:
    """Have a function called when the process is told to end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, end)


def on_end_of_input(end: Callable[[], None]) -> None:
    """Have a function called when standard input ends: with the process at its other end."""
    loop = asyncio.get_running_loop()
    stdin = sys.stdin.fileno()

    def read() -> None:
        if not os.read(stdin, 4096):
            loop.remove_reader(stdin)
            end()

    loop.add_reader(stdin, read)


def _bind(listener: socket.socket, port: int) -> bool:
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def _bind_to(listener: socket.socket, port: int) -> None:
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(port) from error
        raise EngineError(f"port {port} on 127.0.0.1 cannot be opened: {error}") from error
