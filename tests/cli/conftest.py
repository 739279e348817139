"""The command line, as a program of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.cli.flow_files import Inside, inside
from tests.cli.shop import Shop, open_shop
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.engine.standing import StandingEngine

COMMAND = (sys.executable, "-m", "vertex_flow")


@attrs.frozen
class Shell:
    """A folder in which commands are given.

    Attributes:
        folder: The working directory; the engine's folder is `home` in it.
    """

    folder: Path

    @property
    def home(self) -> Path:
        """The engine's folder."""
        return self.folder / "home"

    def __call__(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Give a command, and wait for its end."""
        return subprocess.run(
            [*COMMAND, *words],
            check=False,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            env={**self.environment(), **env},
        )

    def json(self, *words: str) -> Any:
        """Give a command with `--json`, and read what it prints."""
        return json.loads(self(*words, "--json").stdout)

    def interrupted(self, *words: str) -> tuple[int, str]:
        """Give a command, press Ctrl-C once it says that something runs, and wait for its end.

        Returns:
            Its exit code, and what it has said on the standard error.
        """
        with subprocess.Popen(
            [*COMMAND, *words],
            cwd=self.folder,
            env={**self.environment(), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as program:
            assert program.stdout is not None
            for line in program.stdout:
                if "running" in line:
                    break
            program.send_signal(signal.SIGINT)
            _, said = program.communicate(timeout=60)
        return program.returncode, said

    def environment(self) -> dict[str, str]:
        """The variables that commands get: those of the tests, and the folder of the engine."""
        left_out = ("NO_COLOR", "TERM", "FORCE_COLOR")
        env = {name: value for name, value in os.environ.items() if name not in left_out}
        return {**env, "VERTEX_FLOW_HOME": str(self.home)}

    def close(self) -> None:
        """End the engine."""
        engine = StandingEngine.find(self.home, silent=True)
        if engine is not None:
            engine.down(patience=5)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A folder in which no engine is up."""
    shell = Shell(tmp_path)
    yield shell
    shell.close()


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A folder in which an engine is up, which the tests leave up."""
    shell = Shell(tmp_path_factory.mktemp("busy"))
    with EmbeddedEngine.start(shell.home, standing=True):  # ends with the tests, however they end
        yield shell


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A place where something has run, is registered and is deployed, which the tests leave so."""
    with open_shop(tmp_path_factory.mktemp("shop") / "home") as shop:
        yield shop


@pytest.fixture
def engine_of() -> Callable[[Shell], StandingEngine]:
    """Find the engine that is up."""

    def find(shell: Shell) -> StandingEngine:
        engine = StandingEngine.find(shell.home)
        assert engine is not None
        return engine

    return find


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inside]:
    """A folder in which commands are given that run in this process."""
    with inside(tmp_path, monkeypatch) as here:
        yield here
