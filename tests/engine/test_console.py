"""The console of an engine: a process that the engine starts, asks and ends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.ui import console_url


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine.start(tmp_path_factory.mktemp("console") / "home", standing=True) as engine:
        console_url(engine.home)
        yield engine


def consoles(home: Path) -> set[int]:
    """The processes that are the console of a folder."""
    wanted = ["-m", "vertex_flow.ui", "--home", str(home)]
    found = set()
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = one.read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it has ended
            continue
        if words[1:5] == wanted:
            found.add(int(one.parent.name))
    return found


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def browser(engine: EmbeddedEngine) -> httpx.Client:
    return httpx.Client(base_url=engine.endpoint, trust_env=False, timeout=60)


def test_it_is_reached_at_the_port_of_the_engine(engine: EmbeddedEngine) -> None:
    with browser(engine) as one:
        assert one.get(console_url(engine.home)).status_code == 303
        assert one.get("/console/runs").status_code == 200


def test_one_browser_is_not_taken_for_another(engine: EmbeddedEngine) -> None:
    with browser(engine) as one, browser(engine) as other:
        one.get(console_url(engine.home))
        assert one.get("/console/runs").status_code == 200
        assert other.get("/console/runs").status_code == 401


def test_a_cookie_of_another_program_may_hold_any_bytes(engine: EmbeddedEngine) -> None:
    with browser(engine) as one:
        headers = [(b"Cookie", b"other=\xe9\xff")]
        assert one.get("/console/runs", headers=headers).status_code == 401


def test_the_engines_token_is_no_cookie(engine: EmbeddedEngine) -> None:
    with browser(engine) as one:
        headers = {"Authorization": f"Bearer {engine.token}"}
        assert one.get("/console/runs", headers=headers).status_code == 401


def test_there_is_one_process_of_it(engine: EmbeddedEngine) -> None:
    assert len(consoles(engine.home)) == 1


def test_it_is_started_again_after_a_kill(engine: EmbeddedEngine) -> None:
    [pid] = consoles(engine.home)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not consoles(engine.home))
    with browser(engine) as one:
        assert one.get("/console/runs").status_code == 401
    assert consoles(engine.home) != {pid}


def test_it_ends_with_the_engine(tmp_path: Path) -> None:
    with EmbeddedEngine.start(tmp_path / "home", standing=True) as engine:
        console_url(engine.home)
        assert len(consoles(engine.home)) == 1
    assert consoles(tmp_path / "home") == set()


def test_it_ends_with_an_engine_that_is_killed(tmp_path: Path) -> None:
    with EmbeddedEngine.start(tmp_path / "home", standing=True) as engine:
        console_url(engine.home)
        os.kill(engine.pid, signal.SIGKILL)
        until(lambda: not consoles(engine.home))


def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with EmbeddedEngine.start(home, standing=True) as engine, browser(engine) as one:
        (home / "token").unlink()
        answer = one.get("/console/")
        assert answer.status_code == 503
        assert answer.text.startswith("The console did not start.\n")
        assert f"Log: {home / 'console.log'}\n" in answer.text
