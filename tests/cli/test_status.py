"""`vertex-flow status`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import httpx

from tests.cli.conftest import Shell
from vertex_flow._version import __version__
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.engine.standing import StandingEngine

EngineOf = Callable[[Shell], StandingEngine]


def test_it_says_what_is_up(busy: Shell, engine_of: EngineOf) -> None:
    engine = engine_of(busy)
    api = f"{engine.endpoint}/v1/projects/acme/locations/us-central1/endpoints"
    headers = {"Authorization": f"Bearer {engine.token}"}
    httpx.post(api, json={"displayName": "digits"}, headers=headers).raise_for_status()
    done = busy("status")
    expected = (
        rf"up at {engine.endpoint} for (\d+ min )?\d+ s\n"
        rf"  home     {busy.home}\n"
        rf"  process  {engine.pid}\n"
        rf"  version  {re.escape(__version__)}\n"
        r"  holds    0 pipeline jobs, 0 models, 1 endpoint\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(expected, done.stdout)


def test_it_says_the_same_to_a_program(busy: Shell) -> None:
    said = busy.json("status")
    assert said.pop("uptime_seconds") >= 0
    assert list(said.pop("holds")) == ["pipelineJobs", "models", "endpoints"]
    assert {**said, "fresh": False} == busy.json("up")


def test_it_says_that_nothing_is_up(shell: Shell) -> None:
    done = shell("status")
    assert (done.returncode, done.stdout) == (3, f"no engine is up in {shell.home}\n")


def test_it_says_to_a_program_that_nothing_is_up(shell: Shell) -> None:
    assert shell.json("status") == {"state": "down", "home": str(shell.home)}


def test_looking_makes_no_folder(shell: Shell) -> None:
    shell("status")
    assert not shell.home.exists()


def test_it_says_whose_engine_it_is(shell: Shell) -> None:
    with EmbeddedEngine.start(shell.home) as engine:
        done = shell("status")
    assert (done.returncode, done.stdout) == (
        4,
        f"no engine stands in {shell.home}: the one at {engine.endpoint} belongs to process "
        f"{os.getpid()}, and ends with it\n",
    )
