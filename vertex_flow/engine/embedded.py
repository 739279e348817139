"""An engine that lives as long as the process that started it."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType

from vertex_flow.engine import program
from vertex_flow.engine.state import presence
from vertex_flow.engine.state.presence import Presence

# How long a closing engine may take before it is killed, in seconds: it may have a report to write.
_PATIENCE = 80.0


class EmbeddedEngine:
    """An engine that lives as long as the process that started it.

    The engine is a process of its own. It ends when this object is closed, when the program ends,
    and when the program is killed, and no process that it has started is left then.

    Attributes:
        home: The engine's folder.
        endpoint: Where it is reached, for example `http://127.0.0.1:41234`.
        token: What callers must show.
        pid: The engine's process.
    """

    def __init__(
        self, home: Path, endpoint: str, *, pid: int, process: subprocess.Popen[bytes] | None
    ) -> None:
        self.home = home
        self.endpoint = endpoint
        self.token = (home / "token").read_text(encoding="ascii").strip()
        self.pid = pid
        self._process = process
        self._owner = os.getpid()
        if process is not None:
            atexit.register(self.close)

    @classmethod
    def start(
        cls, home: Path, *, port: int = 0, timeout: float = 60, standing: bool = False
    ) -> EmbeddedEngine:
        """Start an engine and wait until it answers.

        The engine that this process has started earlier in the same folder is used again, so
        that an endpoint of one run is still there in the next one.

        Args:
            home: Its folder; made when it is not there.
            port: Its port on 127.0.0.1; 0 for any free one.
            timeout: The longest wait, in seconds.
            standing: Whether every program may join it, as one that `vertex-flow up` has started;
                it ends with this process all the same.

        Raises:
            HomeBusyError: Another process uses the folder.
            PortInUseError: The port is taken.
            EngineError: It did not start; the message has the last lines of its log.
        """
        home = home.expanduser().absolute()
        found = _of_this_process(home, port)
        if found is not None:
            return cls(home, found.endpoint, pid=found.pid, process=None)
        flags = ["--parent", *(["--standing"] if standing else [])]
        process = program.spawn(home, port, *flags, stdin=subprocess.PIPE)
        try:
            facts = program.first_words(process, home, port=port, timeout=timeout)
            return cls(home, facts["endpoint"], pid=process.pid, process=process)
        except BaseException:
            _end(process, patience=0)
            raise

    @property
    def shared(self) -> bool:
        """Whether another object of this process has started it, and may still need it."""
        return self._process is None

    @property
    def outlives(self) -> bool:
        """Whether it goes on without this program, and may be restarted: no."""
        return False

    def now(self) -> EmbeddedEngine:
        """Give the engine that is in the folder now: this one, until it has ended."""
        return self

    def close(self) -> None:
        """End the engine and all that it runs; does nothing when it has ended."""
        if os.getpid() != self._owner:
            return  # a forked copy of the program does not own the engine
        if self._process is None:
            _end_by_signal(self.pid, self.home)
            return
        atexit.unregister(self.close)
        _end(self._process, patience=_PATIENCE)

    def __enter__(self) -> EmbeddedEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _end(process: subprocess.Popen[bytes], *, patience: float) -> None:
    """End the engine: first by the end of its input, then by force."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _of_this_process(home: Path, port: int) -> Presence | None:
    """Find the engine that this process has started in a folder, when it still answers."""
    found = presence.read(home)
    if found is None or found.standing or found.parent != os.getpid():
        return None
    if port not in (0, program.port_of(found.endpoint)):
        return None
    return found if program.answers(found.endpoint, home) else None


def _end_by_signal(pid: int, home: Path) -> None:
    """End an engine whose pipe another object of this process holds."""
    deadline = time.monotonic() + _PATIENCE
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    while presence.held_by(home) == pid and time.monotonic() < deadline:
        time.sleep(0.02)
