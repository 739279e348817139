"""What the engine's tests share: a folder, a store, and engines that really run."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    store = Store(home.database)
    yield store
    store.close()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngine]:
    """An engine in a process of its own, for the tests of one module."""
    with EmbeddedEngine.start(tmp_path_factory.mktemp("engine") / "home") as engine:
        yield engine


@pytest.fixture
def processes() -> Callable[[Path], set[int]]:
    """Find the living processes that a folder's name appears in: arguments, variables, cwd."""
    return _processes


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait until something holds; the test's own time limit ends the wait."""
    return _until


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[list[str]]]:
    """Put a stand-in for the `docker` program on the search path; give its calls so far.

    See `tests/engine/processes/test_docker.py` for what it does.
    """
    stand_in = Path(__file__).parent / "processes" / "docker_stand_in.py"
    folder, state = tmp_path / "bin", tmp_path / "docker"
    folder.mkdir()
    state.mkdir()
    program = folder / "docker"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "{stand_in}" "{state}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), os.environ["PATH"]]))
    return lambda: [json.loads(line) for line in (state / "calls").read_text().splitlines()]


def _processes(folder: Path) -> set[int]:
    needle = str(folder).encode()
    return {
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _names(entry, needle)
    }


def _names(entry: Path, needle: bytes) -> bool:
    try:
        if (entry / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return False
        cwd = str((entry / "cwd").readlink()).encode()
        return any(
            needle in text for text in (_read(entry, "cmdline"), _read(entry, "environ"), cwd)
        )
    except (OSError, IndexError):
        return False  # it ended while it was looked at, or is another user's


def _read(entry: Path, name: str) -> bytes:
    return (entry / name).read_bytes()


def _until(holds: Callable[[], bool]) -> None:
    while not holds():
        time.sleep(0.02)
