"""`vertex-flow status`."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Shell
from tests.cli.flow_files import inside, write
from tests.cli.shop import Shop, ask
from vertex_flow import GcpContext, Run
from vertex_flow._version import __version__
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.engine.standing import StandingEngine
from vertex_flow.texts import describe_time

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
        r"  holds    \d+ pipeline jobs?, \d+ models?, 1 endpoint\n"  # other tests run flows there
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


def test_a_run_stands_as_python_says(shop: Shop) -> None:
    run = Run.attach(shop.context, shop.done)
    started = describe_time(run.snapshot().start)
    done = shop("status", shop.done)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (f"{shop.done}  succeeded  started {started}\n\n{run.summary()}\n")


def test_a_run_is_known_by_its_full_name(shop: Shop) -> None:
    run = Run.attach(shop.context, shop.done)
    assert shop.json("status", run.name) == run.as_json()


def test_a_failed_run_says_why_and_ends_in_one(shop: Shop) -> None:
    done = shop("status", shop.failed)
    assert (done.exit_code, "\nRuntimeError: no flag\n" in done.stdout) == (1, True)


def test_a_run_that_has_ended_is_followed_to_that(shop: Shop) -> None:
    run = Run.attach(shop.context, shop.done)
    done = shop("status", shop.done, "--follow")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert (lines[0], "started" in lines[1]) == (f"run {shop.done}", True)
    assert done.stdout.endswith(f"\n\n{run.summary()}\n")


def test_a_run_that_is_followed_and_fails_says_why(shop: Shop) -> None:
    done = shop("status", shop.failed, "-f")
    assert (done.exit_code, "\nRuntimeError: no flag\n" in done.stderr) == (1, True)


def test_a_run_that_is_followed_and_fails_is_said_to_a_program(shop: Shop) -> None:
    done = shop("status", shop.failed, "-f", "--json")
    assert (done.exit_code, json.loads(done.stdout)["state"]) == (1, "FAILED")
    assert done.stderr.startswith(f"run {shop.failed}\n")


def test_nothing_is_followed_without_a_run(shop: Shop) -> None:
    done = shop("status", "--follow")
    assert done.exit_code == 2
    assert done.stderr.endswith("Error: --follow shows how a run goes: give RUN, its id.\n")


@pytest.fixture
def under_way(busy: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A run that does not end by itself, on an engine that stands."""
    write(tmp_path)
    job_id = f"status-{time.time_ns()}"
    with inside(tmp_path, monkeypatch) as here:
        monkeypatch.setenv("VERTEX_FLOW_HOME", str(busy.home))
        here("run", "flow.py", "--no-wait", "--job-id", job_id, "-p", "wait=true")
        run = Run.attach(GcpContext.local(busy.home), job_id)
        yield run
        run.cancel()


def test_a_run_that_goes_on_says_how_long_it_has_taken(busy: Shell, under_way: Run) -> None:
    done = busy("status", under_way.job_id)
    assert done.returncode == 6
    assert done.stdout.endswith("\n\nmodel     not registered yet\n")


def test_an_interrupt_ends_the_looking_and_not_the_run(busy: Shell, under_way: Run) -> None:
    assert busy.interrupted("status", under_way.job_id, "--follow") == (
        130,
        "detached: the run goes on. To follow it again: "
        f"vertex-flow status {under_way.job_id} --follow\n",
    )
    assert under_way.state == "RUNNING"


def test_a_run_that_is_followed_and_cancelled_ends_in_seven(busy: Shell, under_way: Run) -> None:
    under_way.cancel()
    done = busy("status", under_way.job_id, "-f")
    assert done.returncode == 7
    assert done.stderr == f"Error: {under_way.name} was cancelled.\n"


def test_the_nearest_run_is_named(shop: Shop) -> None:
    done = shop("status", "line")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        'Error: 404 NOT_FOUND: The PipelineJob "projects/local/locations/us-central1/pipelineJobs'
        f'/line" does not exist. Did you mean {shop.done!r}?\n'
        "  Fix: vertex-flow runs lists what there is.\n"
    )


def test_what_is_no_name_of_a_run(shop: Shop) -> None:
    done = shop("status", "\x1b[31m")
    assert (done.exit_code, done.stderr) == (
        1,
        "Error: Run.attach(context, '\\x1b[31m'): expected the name of a pipeline job, "
        "projects/P/locations/L/pipelineJobs/ID, or its ID alone.\n",
    )


def test_where_nothing_has_run_there_is_no_run_and_nothing_is_made(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = ask("status", "x", "--home", str(home))
    assert (done.exit_code, home.exists()) == (1, False)
    assert done.stderr == (
        f"Error: 404 NOT_FOUND: there is no run 'x': nothing has run in {home} yet.\n"
    )
