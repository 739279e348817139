"""An engine that lives as long as the process that started it."""

from __future__ import annotations

import atexit
import contextlib
import http.client
import json
import os
import select
import signal
import site
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from urllib.parse import urlsplit

from vertex_flow.errors import EngineError, HomeBusyError, PortInUseError

# How long a closing engine may take before it is killed, in seconds.
_PATIENCE = 20.0
_LINES = 20


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
    def start(cls, home: Path, *, port: int = 0, timeout: float = 60) -> EmbeddedEngine:
        """Start an engine and wait until it answers.

        The engine that this process has started earlier in the same folder is used again, so
        that an endpoint of one run is still there in the next one.

        Args:
            home: Its folder; made when it is not there.
            port: Its port on 127.0.0.1; 0 for any free one.
            timeout: The longest wait, in seconds.

        Raises:
            HomeBusyError: Another process uses the folder.
            PortInUseError: The port is taken.
            EngineError: It did not start; the message has the last lines of its log.
        """
        home = home.expanduser().absolute()
        facts = _of_this_process(home, port)
        if facts is not None:
            return cls(home, facts["endpoint"], pid=facts["pid"], process=None)
        process = _spawn(home, port)
        try:
            facts = _first_line(process, home, timeout)
            if "endpoint" not in facts:
                raise _refusal(facts, home, port)
            return cls(home, facts["endpoint"], pid=process.pid, process=process)
        except BaseException:
            _end(process, patience=0)
            raise

    @property
    def shared(self) -> bool:
        """Whether another object of this process has started it, and may still need it."""
        return self._process is None

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


def _spawn(home: Path, port: int) -> subprocess.Popen[bytes]:
    try:
        home.mkdir(parents=True, exist_ok=True)
        log = (home / "engine.log").open("ab")
    except OSError as error:
        raise EngineError(f"the engine's folder {home} cannot be used: {error}") from error
    command = [sys.executable, "-m", "vertex_flow.engine", "--parent"]
    with log:
        return subprocess.Popen(  # noqa: S603 - our own module
            [*command, "--home", str(home), "--port", str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "PYTHONPATH": _python_path()},
            start_new_session=True,  # Ctrl-C is the program's to handle
        )


def _python_path() -> str:
    """Give the folders that this process imports from and a fresh interpreter would not."""
    usual = {*sysconfig.get_paths().values(), *site.getsitepackages(), site.getusersitepackages()}
    stdlib = sysconfig.get_paths()["stdlib"]
    own = [entry or os.getcwd() for entry in sys.path]
    return os.pathsep.join(
        os.path.abspath(entry)
        for entry in own
        if entry not in usual and not entry.startswith(stdlib) and os.path.exists(entry)
    )


def _first_line(process: subprocess.Popen[bytes], home: Path, timeout: float) -> dict[str, Any]:
    """Read what the engine says first: where it is reached, or why it cannot start."""
    output = _pipe(process.stdout)
    deadline = time.monotonic() + timeout
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([output], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise EngineError(f"the engine did not start in {timeout:g} s.{_last_lines(home)}")
        chunk = os.read(output.fileno(), 4096)
        if not chunk:
            raise EngineError(f"the engine ended as it started.{_last_lines(home)}")
        line += chunk
    output.close()
    facts: dict[str, Any] = json.loads(line)
    return facts


def _refusal(facts: dict[str, Any], home: Path, port: int) -> EngineError:
    if facts["error"] == "HomeBusyError":
        return HomeBusyError(home, facts["pid"])
    if facts["error"] == "PortInUseError":
        return PortInUseError(port)
    return EngineError(facts["message"])


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


def _of_this_process(home: Path, port: int) -> dict[str, Any] | None:
    """Find the engine that this process has started in a folder, when it still answers."""
    try:
        facts: dict[str, Any] = json.loads((home / "engine.json").read_text(encoding="utf-8"))
        address = urlsplit(facts["endpoint"])
        if facts["parent"] != os.getpid() or port not in (0, address.port):
            return None
        probe = http.client.HTTPConnection("127.0.0.1", address.port or 0, timeout=5)
        with contextlib.closing(probe):
            probe.request("GET", "/healthz")
            return facts if probe.getresponse().status == 200 else None
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return None


def _end_by_signal(pid: int, home: Path) -> None:
    """End an engine whose pipe another object of this process holds."""
    deadline = time.monotonic() + _PATIENCE
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    while (home / "engine.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def _last_lines(home: Path) -> str:
    log = home / "engine.log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LINES:]
    if not lines:
        return f" Its log, {log}, is empty."
    text = "\n".join(f"  {line}" for line in lines)
    return f" The last lines of {log}:\n{text}"


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise EngineError("the engine was started without a pipe")
    return pipe
