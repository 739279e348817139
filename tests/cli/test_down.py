"""`vertex-flow down`."""

from __future__ import annotations

import os
import re
import signal

import httpx

from tests.cli.conftest import Shell
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.engine.standing import StandingEngine
from vertex_flow.errors import HomeOwnedError


def test_it_ends_the_engine(shell: Shell) -> None:
    StandingEngine.up(shell.home)
    done = shell("down")
    assert (done.returncode, done.stderr) == (0, "")
    text = rf"ended the engine of {shell.home}, which was up for (\d+ min )?\d+ s\n"
    assert re.fullmatch(text, done.stdout)
    assert StandingEngine.find(shell.home) is None


def test_it_says_to_a_program_what_it_has_ended(shell: Shell) -> None:
    engine = StandingEngine.up(shell.home)
    assert shell.json("down") == {
        "state": "down",
        "home": str(shell.home),
        "ended": {"endpoint": engine.endpoint, "pid": engine.pid},
    }


def test_a_second_time_there_is_nothing_to_end(shell: Shell) -> None:
    done = shell("down")
    assert (done.returncode, done.stdout) == (0, f"no engine is up in {shell.home}\n")


def test_one_that_hangs_is_ended_by_force(shell: Shell) -> None:
    engine = StandingEngine.up(shell.home)
    os.kill(engine.pid, signal.SIGSTOP)
    done = shell("down", "--patience", "0.1")
    assert (done.returncode, StandingEngine.find(shell.home)) == (0, None)


def test_another_programs_engine_is_left_alone(shell: Shell) -> None:
    with EmbeddedEngine.start(shell.home) as engine:
        done = shell("down")
        text = f"Error: {HomeOwnedError(shell.home, os.getpid())}\n"
        assert (done.returncode, done.stderr) == (4, text)
        assert httpx.get(f"{engine.endpoint}/healthz").text == "ok"
