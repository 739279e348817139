"""`vertex-flow report`."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Shell
from tests.samples import Source
from vertex_flow import Flow, GcpContext


@pytest.fixture(scope="module")
def ran(busy: Shell) -> Shell:
    """A folder in which an engine is up that has run a flow."""
    Flow("first", [Source()]).run(GcpContext.local(busy.home), job_id="first-1", progress=None)
    Flow("last", [Source()]).run(GcpContext.local(busy.home), job_id="last-1", progress=None)
    return busy


def test_the_newest_run_is_reported_on(ran: Shell) -> None:
    done = ran("report")
    path = ran.folder / "report.html"
    assert (done.stdout, done.stderr) == (f"report of last-1 written to {path}\n", "")
    assert "<h1>last</h1>" in path.read_text(encoding="utf-8")


def test_a_run_is_named_and_so_is_the_file(ran: Shell) -> None:
    done = ran("report", "first-1", "-o", "deep/first.html", "--json")
    name = f"{GcpContext.local(ran.home).parent}/pipelineJobs/first-1"
    path = ran.folder / "deep" / "first.html"
    assert json.loads(done.stdout) == {"run": name, "report": str(path)}
    assert "<h1>first</h1>" in path.read_text(encoding="utf-8")


def test_a_run_that_is_not_there(ran: Shell) -> None:
    done = ran("report", "none-1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "none-1" in done.stderr


def test_a_folder_is_no_file(ran: Shell) -> None:
    (ran.folder / "taken").mkdir()
    done = ran("report", "--output", "taken")
    assert done.returncode == 2
    assert "is a directory" in done.stderr


def test_without_a_run_there_is_nothing_to_report_on(shell: Shell) -> None:
    done = shell("report")
    assert (done.returncode, done.stderr) == (
        1,
        f"Error: there is no run: nothing has run in {shell.home} yet.\n",
    )
