"""Reports that runs on this machine get by themselves, and those that are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.samples import Fail, Source, Spend
from vertex_flow import Flow, GcpContext, Run
from vertex_flow.client import Client
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.errors import RunFailed
from vertex_flow.runs import reporting


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reporting") / "home"


@pytest.fixture(scope="module")
def reported(home: Path) -> str:
    """A run of a program, whose engine ends right after it; its summary."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERTEX_FLOW_REPORTS", "on")
        run = Flow("reported", [Source(), Spend()]).run(
            GcpContext.local(home), job_id="reported-1", progress=None
        )
        said = run.summary()
        run.close()
    return said


def test_the_last_line_of_the_summary_says_where_it_is(home: Path, reported: str) -> None:
    path = home / "reports" / "reported-1.html"
    assert reported.splitlines()[-1] == f"report    {path}"


def test_it_is_written_before_the_engine_has_ended(home: Path, reported: str) -> None:
    assert reported
    text = (home / "reports" / "reported-1.html").read_text(encoding="utf-8")
    assert "<h1>reported</h1>" in text
    assert "Where the time went" in text


@pytest.fixture(scope="module")
def engine(home: Path, reported: str) -> Iterator[EmbeddedEngine]:
    assert reported
    with EmbeddedEngine.start(home, standing=True) as engine:
        yield engine


def test_a_run_writes_its_report_where_it_is_told(engine: EmbeddedEngine, tmp_path: Path) -> None:
    run = Run.attach(GcpContext.local(engine.home), "reported-1")
    assert run.report(tmp_path / "mine.html").read_text().startswith("<!doctype html>")


def test_the_program_asks_the_engine_that_started_it(
    engine: EmbeddedEngine, tmp_path: Path
) -> None:
    name = f"{GcpContext.local(engine.home).parent}/pipelineJobs/reported-1"
    environ = {
        "VERTEX_FLOW_API_ENDPOINT": engine.endpoint,
        "VERTEX_FLOW_API_TOKEN": engine.token,
        "VERTEX_FLOW_HOME": str(engine.home),
    }
    reporting.main([name, str(tmp_path / "report.html")], environ, nice=0)
    assert "reported-1" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_run_without_one_says_nothing_of_it(engine: EmbeddedEngine) -> None:
    run = Flow("silent", [Source()]).run(GcpContext.local(engine.home), progress=None)
    assert (run.own_report, "report" in run.summary()) == (None, False)


def test_a_failed_run_is_reported_too(engine: EmbeddedEngine, tmp_path: Path) -> None:
    with pytest.raises(RunFailed):
        Flow("failing", [Source(), Fail()]).run(
            GcpContext.local(engine.home), job_id="failing-1", progress=None
        )
    client = Client(engine.endpoint, GcpContext.local(engine.home).parent, engine.token)
    text = Run(client, f"{client.parent}/pipelineJobs/failing-1").report(tmp_path / "a.html")
    assert "no luck today" in text.read_text(encoding="utf-8")
