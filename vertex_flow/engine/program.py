"""The engine as a program: how it is started, and what it says first."""

from __future__ import annotations

import hmac
import http.client
import json
import os
import secrets
import select
import site
import subprocess
import sys
import sysconfig
import time
from contextlib import closing
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from vertex_flow.engine.api.proof import engine_proof
from vertex_flow.errors import EngineError, HomeBusyError, PortInUseError

_LINES = 20
_PROBE = 5.0  # seconds


def spawn(home: Path, port: int, *flags: str, stdin: int) -> subprocess.Popen[bytes]:
    """Start the program; its errors go to the engine's log.

    Args:
        home: The engine's folder; made when it is not there.
        port: Its port on 127.0.0.1; 0 for any free one.
        flags: Further flags of its command line.
        stdin: Its standard input, as `subprocess` has it.

    Raises:
        EngineError: The folder cannot be used.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = (home / "engine.log").open("ab")
    except OSError as error:
        raise EngineError(f"the engine's folder {home} cannot be used: {error}") from error
    command = [sys.executable, "-m", "vertex_flow.engine", *flags]
    with log:
        return subprocess.Popen(  # noqa: S603 - our own module
            [*command, "--home", str(home), "--port", str(port)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "PYTHONPATH": _python_path()},
            start_new_session=True,  # Ctrl-C is the program's to handle, and no terminal ends it
        )


def first_words(
    process: subprocess.Popen[bytes], home: Path, *, port: int, timeout: float
) -> dict[str, Any]:
    """Read what a starting engine says first: where it is reached.

    Args:
        process: What `spawn` gave.
        home: Its folder.
        port: The port that it was asked to take.
        timeout: The longest wait, in seconds.

    Raises:
        HomeBusyError: Another process uses the folder.
        PortInUseError: The port is taken.
        EngineError: It did not start; the message has the last lines of its log.
    """
    output = pipe(process.stdout)
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
    if "endpoint" not in facts:
        raise _refusal(facts, home, port)
    return facts


def answers(endpoint: str, home: Path) -> bool:
    """Whether the engine of a folder answers at a root URL.

    It shows that it knows the folder's token, which is not sent: whoever else has the port, such
    as a program of another container that shares the folder, does not get it.
    """
    port, challenge = port_of(endpoint), secrets.token_urlsafe(16)
    probe = http.client.HTTPConnection("127.0.0.1", port, timeout=_PROBE)
    try:
        token = (home / "token").read_text(encoding="ascii").strip()
        with closing(probe):
            probe.request("GET", "/healthz", headers={"X-Challenge": challenge})
            answer = probe.getresponse()
            right = engine_proof(token, port, challenge)
            return hmac.compare_digest(answer.headers.get("X-Proof", ""), right)
    except (OSError, ValueError, TypeError, http.client.HTTPException):
        return False


def port_of(endpoint: str) -> int:
    """Give the port of a root URL."""
    return urlsplit(endpoint).port or 0


def pipe(given: IO[bytes] | None) -> IO[bytes]:
    """Give a pipe of a process, which was started with one."""
    if given is None:
        raise EngineError("the engine was started without a pipe")
    return given


def _refusal(facts: dict[str, Any], home: Path, port: int) -> EngineError:
    if facts["error"] == "HomeBusyError":
        return HomeBusyError(home, facts["pid"])
    if facts["error"] == "PortInUseError":
        return PortInUseError(port)
    return EngineError(facts["message"])


def _last_lines(home: Path) -> str:
    log = home / "engine.log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LINES:]
    if not lines:
        return f" Its log, {log}, is empty."
    text = "\n".join(f"  {line}" for line in lines)
    return f" The last lines of {log}:\n{text}"


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
