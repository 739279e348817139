"""`vertex-flow run`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.cloud import CloudShell, cloud_shell
from tests.cli.conftest import Shell
from tests.cli.flow_files import Inside, write
from vertex_flow import GcpContext, Run

PROFILE = '[tool.vertex_flow.contexts.dev]\nproject = "acme"\nbucket = "acme-data"\n'


@pytest.fixture(autouse=True)
def _flow(tmp_path: Path) -> None:
    write(tmp_path)


@pytest.fixture
def there(here: Inside, busy: Shell, monkeypatch: pytest.MonkeyPatch) -> Inside:
    """A folder, and an engine that stands."""
    monkeypatch.setenv("VERTEX_FLOW_HOME", str(busy.home))
    return here


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudShell]:
    with cloud_shell(tmp_path_factory.mktemp("run")) as shell:
        write(shell.shell.folder)
        write(shell.shell.folder, "pyproject.toml", PROFILE)
        yield shell


def test_progress_and_summary_are_printed(there: Inside) -> None:
    done = there("run", "flow.py:flow", "-p", "number=21", "--job-id", "run-first", "--no-cache")
    assert (done.returncode, done.stderr) == (0, "loading\n")
    lines = done.stdout.splitlines()
    assert lines[0] == "run run-first"
    assert lines[-1] == "model     not registered"
    assert "double  succeeded" in done.stdout


def test_a_parameter_reaches_the_run(there: Inside, busy: Shell) -> None:
    facts = there.json("run", "flow.py", "-p", "number=21")
    assert facts["state"] == "SUCCEEDED"
    assert facts["stages"][0]["outputs"] == {"doubled": 42}


def test_for_a_program_progress_goes_to_the_standard_error(there: Inside) -> None:
    done = there("run", "flow.py", "--json")
    assert json.loads(done.stdout)["state"] == "SUCCEEDED"
    assert done.stderr.splitlines()[1].startswith("run twice-")


def test_labels_and_the_id_reach_the_run(there: Inside, busy: Shell) -> None:
    there("run", "flow.py", "--label", "team=vision", "--label", "try=", "--job-id", "run-labels")
    run = Run.attach(GcpContext.local(busy.home), "run-labels")
    labels = run.snapshot().labels
    assert (labels["team"], labels["try"]) == ("vision", "")
    assert not run.ends_with_program


def test_a_run_is_not_waited_for(there: Inside, busy: Shell) -> None:
    done = there("run", "flow.py", "--no-wait", "--job-id", "run-no-wait", "-p", "wait=true")
    assert (done.returncode, done.stdout) == (
        0,
        "run run-no-wait\nto see how it goes: vertex-flow status run-no-wait --follow\n",
    )
    run = Run.attach(GcpContext.local(busy.home), "run-no-wait")
    assert run.state in ("PENDING", "RUNNING")
    run.cancel()


def test_how_it_is_seen_has_the_place(there: Inside, busy: Shell) -> None:
    home = str(busy.home)
    done = there("run", "flow.py", "--no-wait", "--job-id", "run-home", "--home", home)
    assert done.stdout.endswith(f"vertex-flow status run-home --follow --home {home}\n")


def test_a_run_on_an_engine_that_ends_is_waited_for(here: Inside) -> None:
    done = here("run", "flow.py", "--no-wait")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f"Start one that stays: vertex-flow up --home {here.folder}/home\n")


def test_a_run_that_fails(there: Inside) -> None:
    done = there("run", "flow.py", "-p", "fail=yes")
    assert done.returncode == 1
    assert "ValueError: no luck today" in done.stderr
    assert "Traceback (most recent call last)" not in done.stderr.partition("failed in stage")[0]


def test_a_failure_for_a_program(here: Inside) -> None:
    done = here("run", "flow.py", "-p", "fail=yes", "--json")
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["state"]) == (1, "FAILED")
    assert facts["failure"]["stage"] == "double"
    assert "no luck today" in facts["failure"]["reason"]


def test_wrong_parameters_start_nothing(here: Inside) -> None:
    done = here("run", "flow.py", "-p", "number=x", "-p", "wait=2")
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "loading\n"
        "Error: -p number=x: expected a whole number, as 3.\n"
        "-p wait=2: expected true or false.\n",
    )
    assert not (here.folder / "home").exists()


def test_a_label_without_a_value(here: Inside) -> None:
    done = here("run", "flow.py", "--label", "team")
    assert (done.returncode, done.stderr) == (
        1,
        "loading\nError: --label team: expected KEY=VALUE, as team=vision.\n",
    )


def test_a_cost_below_nothing(here: Inside) -> None:
    assert here("run", "flow.py", "--max-cost", "-1").returncode == 2


def test_it_runs_in_a_project(cloud: CloudShell) -> None:
    done = cloud("run", "flow.py", "--on", "dev", "--job-id", "in-the-cloud", "--json")
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["state"]) == (0, "SUCCEEDED")
    assert facts["name"] == "projects/acme/locations/us-central1/pipelineJobs/in-the-cloud"


def test_a_run_that_may_cost_too_much_is_not_started(cloud: CloudShell) -> None:
    done = cloud("run", "flow.py", "--on", "dev", "--job-id", "dear", "--max-cost", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Error: flow 'twice' was not started: what it costs is not known" in done.stderr


def test_an_interrupt_stops_the_run(busy: Shell) -> None:
    write(busy.folder)
    words = ("run", "flow.py", "-p", "wait=true", "--job-id", "run-stopped")
    assert busy.interrupted(*words) == (130, "loading\n")
    run = Run.attach(GcpContext.local(busy.home), "run-stopped")
    assert run.state in ("CANCELLING", "CANCELLED")
