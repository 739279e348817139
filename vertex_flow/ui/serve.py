"""Serves the console until it is told to end."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vertex_flow.engine.listening import listen, on_end_of_input, on_signals, server_of
from vertex_flow.ui.entry import Entry

if TYPE_CHECKING:
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
    with listen(0) as listener:
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
        EngineError: It cannot be opened.
    """
    with listen(port) as listener:
        entry = Entry(secret=secrets.token_urlsafe(32), port=listener.getsockname()[1])
        app = _app(context, entry, way_in)
        announce(entry.url())
        asyncio.run(_serve(app, listener, watch=False))


def _app(context: GcpContext, entry: Entry, way_in: str) -> Any:
    from vertex_flow.ui.app import application
    from vertex_flow.ui.site import Site

    return application(Site(context), entry, way_in)


async def _serve(app: Any, listener: socket.socket, *, watch: bool) -> None:
    """Serve until a signal comes, or where that is watched, until standard input ends."""
    server = server_of(app, grace=1)

    def end() -> None:
        server.should_exit = True

    on_signals(end)
    if watch:
        on_end_of_input(end)
    await server.serve(sockets=[listener])
