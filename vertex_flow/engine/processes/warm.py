"""The engine's side of a warm parent."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import attrs

import vertex_flow
from vertex_flow.engine.processes.command import Exit
from vertex_flow.engine.processes.wire import LENGTH, Message, encode

_ROOT = Path(vertex_flow.__file__).parents[1]
# sys.path[0] would be the working directory, where a user's file could have a module's name.
_START = (
    "import sys; sys.path[0] = {root!r}; "
    "from vertex_flow.engine.processes.zygote import main; main()"
)
_PATIENCE = 2.0
_SLOW = frozenset({"google.cloud.aiplatform", "tensorflow"})

_Started = tuple[int, asyncio.Future[Exit]]


class ParentLost(RuntimeError):  # noqa: N818 - it says what happened
    """A warm parent is gone, or could not fork."""


@attrs.frozen
class Kind:
    """What a warm parent is warm for; two programs of one kind can come from one parent.

    Attributes:
        modules: Modules it imports, in order.
        env: Variables that these read while they are imported.
    """

    modules: tuple[str, ...] = ()
    env: frozenset[tuple[str, str]] = frozenset()

    @property
    def is_slow(self) -> bool:
        """Whether importing the modules takes seconds."""
        return not _SLOW.isdisjoint(self.modules)

    def covers(self, other: Kind) -> bool:
        """Whether a parent of this kind is warm for what needs the other one.

        A parent that has imported nothing is for fresh programs, and only that one is.
        """
        if not other.modules:
            return self == other
        return self.env == other.env and set(self.modules) >= set(other.modules)

    def serves(self, other: Kind) -> bool:
        """Whether programs of the other kind need no parent of their own where there is this one.

        A program that imports little does not wait for a parent that imports much.
        """
        return self.covers(other) and self.is_slow <= other.is_slow


class WarmParent:
    """A process that has imported what its children need, and forks them.

    Attributes:
        kind: What it is warm for.
        origins: Folder of each top-level module that it has imported.
        obstacle: Why Python programs must not be forked from it, or None.
    """

    def __init__(
        self,
        kind: Kind,
        *,
        env: Mapping[str, str],
        log: Path,
        cwd: Path,
        family: int | None = None,
    ) -> None:
        self.kind = kind
        self.origins: dict[str, str] = {}
        self.obstacle: str | None = None
        self._ids = 0
        self._starting: dict[int, asyncio.Future[_Started]] = {}
        self._exits: dict[int, asyncio.Future[Exit]] = {}
        self._ready = asyncio.get_running_loop().create_future()
        self._writer: asyncio.StreamWriter | None = None
        ours, theirs = socket.socketpair()
        held = [] if family is None else [family]
        with theirs, log.open("ab") as output:
            self._popen = subprocess.Popen(  # noqa: S603 - our own words only
                [
                    sys.executable,
                    "-c",
                    _START.format(root=str(_ROOT)),
                    json.dumps({"socket": theirs.fileno(), "imports": kind.modules, "held": held}),
                ],
                env={name: value for name, value in env.items() if name != "PYTHONPATH"},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(theirs.fileno(), *held),
                start_new_session=True,
            )
        self._reader = asyncio.create_task(self._read(ours))

    @property
    def pid(self) -> int:
        """Process id of the parent."""
        return self._popen.pid

    @property
    def lost(self) -> bool:
        """Whether it is gone."""
        return self._reader.done()

    @property
    def warm(self) -> bool:
        """Whether its imports are done."""
        return self._ready.done() and not self.lost

    @property
    def busy(self) -> bool:
        """Whether it has children, or is about to."""
        return bool(self._starting or self._exits) or not self._ready.done()

    async def ready(self) -> None:
        """Wait until the imports are done.

        Raises:
            ParentLost: The process ended.
        """
        await asyncio.shield(self._ready)

    async def start(self, request: Message) -> tuple[int, asyncio.Future[Exit]]:
        """Fork a child.

        Args:
            request: What the child is to run; see `child`.

        Returns:
            Its process id, which is its group's too, and how it will have ended.

        Raises:
            ParentLost: The parent is gone, or could not fork.
        """
        await self.ready()
        if self.lost or self._writer is None:
            raise ParentLost(f"the warm parent {self.pid} is gone")
        self._ids += 1
        started = self._starting[self._ids] = asyncio.get_running_loop().create_future()
        self._send({"do": "start", "id": self._ids, **request})
        try:
            # A caller that gives up here would leave a process that nobody knows of.
            return await asyncio.shield(started)
        except asyncio.CancelledError:
            started.add_done_callback(self._abandon)
            raise

    def signal(self, pid: int, number: int) -> None:
        """Send a signal to a child's process group; nothing happens when it has ended."""
        if pid in self._exits:
            self._send({"do": "signal", "pid": pid, "signal": number})

    async def close(self) -> None:
        """End it; it ends its children first."""
        if not self._ready.done():
            self._popen.kill()
        elif self._writer is not None:
            self._writer.close()
        patience = _PATIENCE
        while self._popen.poll() is None:
            await asyncio.sleep(0.01)
            patience -= 0.01
            if patience < 0:
                self._popen.kill()
        await asyncio.wait({self._reader})
        if self._writer is not None:
            with suppress(ConnectionError):
                await self._writer.wait_closed()

    def _send(self, message: Message) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(encode(message))

    def _abandon(self, started: asyncio.Future[_Started]) -> None:
        if not started.cancelled() and started.exception() is None:
            self.signal(started.result()[0], signal.SIGKILL)

    async def _read(self, sock: socket.socket) -> None:
        try:
            reader, self._writer = await asyncio.open_unix_connection(sock=sock)
            while True:
                head = await reader.readexactly(LENGTH.size)
                self._hear(json.loads(await reader.readexactly(LENGTH.unpack(head)[0])))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._lose()

    def _hear(self, message: Message) -> None:
        match message["event"]:
            case "ready":
                self.obstacle, self.origins = message["obstacle"], message["origins"]
                self._ready.set_result(None)
            case "started":
                # A short child's exit may be heard before who waits here is woken.
                ended = self._exits[message["pid"]] = asyncio.get_running_loop().create_future()
                self._starting.pop(message["id"]).set_result((message["pid"], ended))
            case "refused":
                error = ParentLost(f"the warm parent cannot fork: {message['reason']}")
                self._starting.pop(message["id"]).set_exception(error)
            case "exit":
                end = Exit(message["code"], message["signal"])
                self._exits.pop(message["pid"]).set_result(end)

    def _lose(self) -> None:
        """Tell everyone who waits that the parent is gone, and end what it left behind."""
        if self._writer is not None:
            self._writer.close()
        for pid, ended in self._exits.items():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            ended.set_result(Exit(None, signal.SIGKILL))
        error = ParentLost(f"the warm parent {self.pid} ended")
        waiting = [self._ready, *self._starting.values()]
        for future in waiting:
            if not future.done():
                future.set_exception(error)
                future.exception()  # whoever waits is told; nobody may be waiting
        self._starting.clear()
        self._exits.clear()
        self._popen.poll()
