"""Serves the console until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vertex_flow.errors import PortInUseError
from vertex_flow.ui.entry import Entry

if TYPE_CHECKING:
    import uvicorn

    from vertex_flow.context import GcpContext


def behind_engine(home: Path, port: int, announce: Callable[[str], None]) -> None:
    """Serve the console of an engine, which passes requests on; ends when standard input ends.

    Args:
        home: The engine's folder.
        port: The engine's port.
        announce: Called with the URL that the engine reaches this process at.
    """
    from vertex_flow.context import GcpContext

    secret = (home / "token").read_text(encoding="ascii").strip()
    context = GcpContext.local(home)
    entry = Entry(secret=secret, port=port)
    way_in = f"vertex-flow ui --home {home}"
    with _listen(0) as listener:
        announce(f"http://127.0.0.1:{listener.getsockname()[1]}")
        asyncio.run(_serve(_app(context, entry, way_in), listener, watch=True))


def of_project(
    context: GcpContext, port: int, way_in: str, announce: Callable[[str], None]
) -> None:
    """Serve the console of a cloud project until Ctrl-C.

    Args:
        context: The project.
        port: Port on 127.0.0.1; 0 for any free one.
        way_in: Command that prints a URL that lets a browser in.
        announce: Called with a URL that lets a browser in.

    Raises:
        PortInUseError: The port is taken.
    """
    with _listen(port) as listener:
        entry = Entry(secret=secrets.token_urlsafe(32), port=listener.getsockname()[1])
        app = _app(context, entry, way_in)
        announce(entry.url())
        asyncio.run(_serve(app, listener, watch=False))


def _app(context: GcpContext, entry: Entry, way_in: str) -> Any:
    from vertex_flow.ui.app import application
    from vertex_flow.ui.site import Site

    return application(Site(context), entry, way_in)


@contextlib.contextmanager
def _listen(port: int) -> Iterator[socket.socket]:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortInUseError(port) from error
        listener.listen(128)
        yield listener


async def _serve(app: Any, listener: socket.socket, *, watch: bool) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Leave the signals to what is below: uvicorn raises them again once it has ended."""
            yield

    config = uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = Server(config)
    _end_with(server, watch=watch)
    await server.serve(sockets=[listener])


def _end_with(server: uvicorn.Server, *, watch: bool) -> None:
    """Have a server end by a signal, or when standard input ends."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    if not watch:
        return
    stdin = sys.stdin.fileno()

    def read() -> None:
        if not os.read(stdin, 4096):
            loop.remove_reader(stdin)
            end()

    loop.add_reader(stdin, read)
