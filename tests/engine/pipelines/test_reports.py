"""Reports of runs, as the engine has them written."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from vertex_flow.engine.pipelines import reports
from vertex_flow.engine.pipelines.reports import Reports
from vertex_flow.engine.processes import Launcher
from vertex_flow.engine.state.home import Home

NAME = "projects/local/locations/us-central1/pipelineJobs/a-1"
PROGRAM = """
import os, sys, time
name, path = sys.argv[1:]
{}
open(path, "w").write(name + " " + os.environ["VERTEX_FLOW_HOME"])
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have another program write the reports."""

    def make(line: str = "") -> None:
        (tmp_path / "stand_in_writer.py").write_text(PROGRAM.format(line))
        monkeypatch.setattr(reports, "_PROGRAM", "stand_in_writer")
        monkeypatch.chdir(tmp_path)

    make()
    return make


def begun(home: Home, seconds: float = 60, **environ: str) -> Path:
    """Begin a report, and wait for it."""

    async def main() -> None:
        launcher = Launcher(home)
        found = Reports(home, launcher, environ)
        found.begin(NAME)
        await found.finish(seconds)
        await found.close()
        await launcher.close()

    asyncio.run(main())
    return home.root / "reports" / "a-1.html"


def test_the_program_writes_it(home: Home, program: Any) -> None:
    assert begun(home).read_text() == f"{NAME} {home.root}"


@pytest.mark.parametrize("word", ["off", "0", "False", "no"])
def test_they_can_be_turned_off(home: Home, program: Any, word: str) -> None:
    assert not begun(home, VERTEX_FLOW_REPORTS=word).exists()


def test_until_it_is_written_the_page_says_so(home: Home, program: Any) -> None:
    program("time.sleep(1000)")
    text = begun(home, seconds=0).read_text()
    assert "The report is being written" in text
    assert "vertex-flow report a-1" in text


def test_a_program_that_fails_is_logged(
    home: Home, program: Any, caplog: pytest.LogCaptureFixture
) -> None:
    program("sys.exit(3)")
    begun(home)
    log = home.root / "logs" / "engine" / "reports.log"
    assert caplog.messages[-1] == (f"the report of {NAME} was not written: exit code 3; see {log}")


def test_a_program_that_takes_too_long_is_ended(
    home: Home, program: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    program("time.sleep(1000)")
    monkeypatch.setattr(reports, "_SECONDS", 0.01)
    begun(home)
    assert f"the report of {NAME} was not written: TimeoutError()" in caplog.messages[-1]


def test_a_folder_that_cannot_be_written_fails_nothing(
    home: Home, program: Any, caplog: pytest.LogCaptureFixture
) -> None:
    (home.root / "reports").write_text("in the way")
    begun(home)
    assert caplog.messages[-1].startswith(f"there is no report of {NAME}: ")


def test_the_report_of_a_run_that_is_deleted_goes_too(home: Home, program: Any) -> None:
    path = begun(home)
    asyncio.run(_forget(home))
    assert not path.exists()


async def _forget(home: Home) -> None:
    Reports(home, Launcher(home)).forget(NAME)
