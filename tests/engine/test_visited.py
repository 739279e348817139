"""Engines that other programs have started for themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.samples import Fit, Source
from vertex_flow import Flow, GcpContext, Run
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.engine.visited import VisitedEngine, visit
from vertex_flow.errors import HomeBusyError

OWNER = """
import sys
from pathlib import Path
from vertex_flow.engine.embedded import EmbeddedEngine

with EmbeddedEngine.start(Path(sys.argv[1])):
    print("up", flush=True)
    sys.stdin.read()
"""


@contextmanager
def owned(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another program, whose engine is in a folder until its standard input ends."""
    command = [sys.executable, "-c", OWNER, str(home)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "up\n"
        yield program
        program.communicate()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a flow has run."""
    home = tmp_path_factory.mktemp("visited") / "home"
    Flow("seen", [Source(), Fit()]).run(GcpContext.local(home), progress=None).close()
    return home


def test_what_is_in_it_is_read(home: Path) -> None:
    context = GcpContext.local(home)
    with owned(home) as owner:
        assert [one.flow for one in Run.list(context)] == ["seen"]
        run = Run.newest(context)
        assert run.summary().startswith("stage")
        run.close()  # leaves it
        assert visit(home).close() is None
        assert owner.poll() is None
        found = VisitedEngine.find(home)
    assert found is not None
    assert (found.owner, found.shared) == (owner.pid, True)


def test_when_its_program_has_ended_another_one_is_looked_into(home: Path) -> None:
    with owned(home):
        run = Run.newest(GcpContext.local(home))
    assert run.wait().state == "SUCCEEDED"
    run.close()


def test_nothing_is_started_in_it(home: Path) -> None:
    context = GcpContext.local(home)
    with owned(home) as owner:
        with pytest.raises(HomeBusyError, match="two runs cannot share one folder"):
            Flow("seen", [Source()]).run(context, progress=None)
        with pytest.raises(HomeBusyError, match="belongs to that program") as caught:
            Run.newest(context).resume()
        assert caught.value.pid == owner.pid


def test_that_of_this_program_is_visited_only_when_that_is_meant(tmp_path: Path) -> None:
    with EmbeddedEngine.start(tmp_path / "home") as engine:
        own = VisitedEngine.find(engine.home, own=True)
        assert VisitedEngine.find(engine.home) is None
    assert own is not None
    assert (own.endpoint, own.owner) == (engine.endpoint, os.getpid())
