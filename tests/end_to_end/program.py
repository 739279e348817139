"""Programs that a test runs as a user does: in a terminal's place, with a home of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
AUDIT = Path(__file__).parent / "audit"

# What would let a program find a cloud, or its own settings, on the machine of the test.
_CLOUD = ("GOOGLE_", "CLOUDSDK_", "CLOUD_ML_", "AIP_", "VERTEX_FLOW_", "GCLOUD_")


def until(holds: Callable[[], Any]) -> Any:
    """Wait until something holds, and give it; the test's own time limit ends the wait."""
    while not (found := holds()):
        time.sleep(0.05)
    return found


def processes(folder: Path) -> dict[int, str]:
    """Find the living processes that belong to a folder: by variables, arguments or cwd."""
    needle = str(folder).encode()
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _belongs(entry, needle):
            found[int(entry.name)] = _command_line(entry)
    found.pop(os.getpid(), None)
    return found


def _belongs(entry: Path, needle: bytes) -> bool:
    try:
        if (entry / "stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX":
            return False
        texts = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        cwd = str((entry / "cwd").readlink()).encode()
    except (OSError, IndexError):
        return False  # it ended while it was looked at, or is another user's
    return any(needle in text for text in (*texts, cwd))


def _command_line(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


@attrs.frozen
class Result:
    """How a program ended.

    Attributes:
        code: Exit code; negative for a signal.
        out: What it wrote to standard output.
        err: What it wrote to standard error.
    """

    code: int
    out: str
    err: str


class Program:
    """A program under way.

    Args:
        desk: Where it lives.
        arguments: A Python script and its flags.
        env: Variables on top of the desk's.
    """

    def __init__(self, desk: Desk, arguments: Sequence[str], env: dict[str, str]) -> None:
        number = len(list(desk.folder.glob("*.out")))
        self._out, self._err = (desk.folder / f"{number}.{kind}" for kind in ("out", "err"))
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.popen = subprocess.Popen(
                [sys.executable, "-u", *arguments],
                cwd=desk.work,
                env={**desk.env, **env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it has written to standard output so far."""
        return self._out.read_text(encoding="utf-8")

    def says(self, text: str) -> None:
        """Wait until it has written a text."""
        until(lambda: text in self.output or self.popen.poll() is not None)
        assert text in self.output, self._err.read_text(encoding="utf-8")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it alone."""
        self.popen.send_signal(number)

    def end(self) -> Result:
        """Wait for its end."""
        code = self.popen.wait()
        return Result(code, self.output, self._err.read_text(encoding="utf-8"))

    def kill(self) -> None:
        """End it by force, if it has not ended."""
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()


class Desk:
    """A user's place: a working folder, a home, a folder for temporary files, a clean environment.

    Args:
        folder: A folder that is its own.

    Attributes:
        folder: The folder; the processes that belong to it are found by its name.
        work: The working folder.
        home: The engine's folder.
        temporary: Where temporary files go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.home = folder / "engine"
        self.temporary = folder / "tmp"
        user = folder / "user"
        for one in (self.work, self.temporary, user):
            one.mkdir(parents=True)
        kept = {name: text for name, text in os.environ.items() if not name.startswith(_CLOUD)}
        self.env = {
            **kept,
            "HOME": str(user),
            "TMPDIR": str(self.temporary),
            "VERTEX_FLOW_HOME": str(self.home),
        }
        self._programs: list[Program] = []

    def start(self, *arguments: str, **env: str) -> Program:
        """Start a Python script, in `examples` when it is given by name alone."""
        script, *flags = arguments
        if not script.startswith(("/", "-")):
            script = str(EXAMPLES / script)
        program = Program(self, [script, *flags], env)
        self._programs.append(program)
        return program

    def run(self, *arguments: str, **env: str) -> Result:
        """Run a Python script to its end."""
        return self.start(*arguments, **env).end()

    def audited(self) -> Path:
        """Have every process of this desk's programs note what it connects to; give the file."""
        log = self.folder / "network.txt"
        log.touch()
        self.env |= {"NETWORK_LOG": str(log), "PYTHONPATH": str(AUDIT)}
        shim = _shim(self.folder)
        if shim is not None:
            self.env["LD_PRELOAD"] = str(shim)
        return log

    def processes(self) -> dict[int, str]:
        """The living processes that this desk's programs have left or are."""
        return processes(self.folder)

    def temporary_files(self) -> list[str]:
        """What was left where temporary files go."""
        places = (self.temporary, self.home / "tmp")
        return [str(file) for place in places if place.exists() for file in place.iterdir()]

    def close(self) -> None:
        """End what still runs."""
        for program in self._programs:
            program.kill()
        until(lambda: not self.processes())


def _shim(folder: Path) -> Path | None:
    """Compile what notes the connections of processes that are no Python, or are forked."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        return None
    shim = folder / "connects.so"
    source = AUDIT / "connects.c"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(shim), str(source), "-ldl"]
    return shim if subprocess.run(command, check=False).returncode == 0 else None


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def log_lines(folder: Path) -> Iterator[str]:
    """Every line of every log below a folder."""
    for log in sorted(folder.rglob("*.log")):
        yield from log.read_text(encoding="utf-8", errors="replace").splitlines()
