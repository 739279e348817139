"""Runs an engine in this process, until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from vertex_flow.engine.listening import listen, on_end_of_input, on_signals, server_of
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import ApiError, EngineError
from vertex_flow.lean import import_types_only

_log = logging.getLogger(__name__)

# How often an engine looks whether its folder and its parent are still there, in seconds.
_LOOK = 1.0
# How long an engine that ends waits for the reports of runs that are over, in seconds.
_LAST_WORK = 60.0


def serve(
    root: Path, *, port: int, standing: bool, parent: bool, announce: Callable[[str], None]
) -> None:
    """Run an engine until a signal ends it, or its parent does.

    Args:
        root: Its folder; made when it is not there.
        port: Its port on 127.0.0.1; 0 for any free one.
        standing: Whether any program may join it.
        parent: Whether it ends when standard input ends, and when the parent process does.
        announce: Called with its root URL once it can be reached.

    Raises:
        HomeBusyError: Another process uses the folder.
        PortInUseError: The port is taken.
        EngineError: It could not start.
    """
    with _home(root) as home, listen(port, usual=home.usual_port() if standing else 0) as listener:
        asyncio.run(_run(home, listener, standing=standing, parent=parent, announce=announce))


@contextlib.contextmanager
def _home(root: Path) -> Iterator[Home]:
    """Hold the folder, and put what is wrong with it, such as a full disk, into words."""
    home = Home(root)
    try:
        home.create()
        home.acquire()
        try:
            _log_to(home.engine_log)
            yield home
        finally:
            home.withdraw()
            home.release()
    except EngineError:
        raise
    except (OSError, sqlite3.Error) as error:
        _log.exception("the engine failed")
        raise EngineError(f"the engine cannot use its folder {home.root}: {error}") from error
    except ApiError as error:
        _log.exception("the engine failed")
        raise EngineError(f"the engine cannot start in {home.root}: {error.message}") from error


async def _run(
    home: Home,
    listener: socket.socket,
    *,
    standing: bool,
    parent: bool,
    announce: Callable[[str], None],
) -> None:
    with _uncollected():
        import_types_only()
        from vertex_flow.engine.api.server import application
        from vertex_flow.engine.console import Console
        from vertex_flow.engine.engine import Engine

    stop = asyncio.Event()
    _watch(stop, home, parent=parent)
    port = listener.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    engine = Engine(home, endpoint=endpoint, standing=standing)
    console = Console(home, port)
    try:
        await engine.start()
        app = application(
            engine.router,
            token=home.token(),
            port=port,
            log=home.engine_log,
            storage=engine.storage,
            console=console,
            counts=engine.counts,
        )
        server = server_of(app, grace=3)
        home.publish(endpoint, parent=os.getppid() if parent else None, standing=standing)
        announce(endpoint)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        home.withdraw()  # nobody is to join an engine that ends
        await engine.finish(_LAST_WORK)
        server.should_exit = True  # new requests are refused while the work comes to its end
        waiting.cancel()
    finally:
        await console.close()
        await engine.close()
    await serving


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep what is imported in the block out of garbage collection: none of it ever is garbage.

    An engine takes a fifth less time to start and to end.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _watch(stop: asyncio.Event, home: Home, *, parent: bool) -> None:
    """Have `stop` set by a signal, or when the parent or the folder is gone."""
    loop = asyncio.get_running_loop()
    on_signals(stop.set)
    # A process that the parent has forked holds the pipe open after the parent's own end.
    born_by = os.getppid()

    def look() -> None:
        # Nobody finds an engine whose folder was deleted, not even to end it.
        if home.is_gone or (parent and os.getppid() != born_by):
            stop.set()
            return
        loop.call_later(_LOOK, look)

    loop.call_later(_LOOK, look)
    if parent:
        on_end_of_input(stop.set)


def _log_to(path: Path) -> None:
    logging.basicConfig(
        filename=path,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of every request it sends
