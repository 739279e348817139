"""No process and no temporary file is left behind, however a run ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Ended
from tests.end_to_end.program import Desk, Program, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

# Trains until it is ended, with a child that would go on as well.
FLOW = """
import sys
from pathlib import Path
from vertex_flow import Flow, GcpContext, Param, Trainer
from vertex_flow.stages import ImportDataset, Preprocess, Train

Path("task.py").write_text('''
import os, subprocess, sys, time
subprocess.Popen(["sleep", "1000"], start_new_session=True)
print("training", flush=True)
if "--fail=true" in sys.argv:
    sys.exit("no luck")
time.sleep(1000)
''')
fail = "fail" in sys.argv
train = Train(Trainer(module="task"), args={"fail": Param("fail", False)})
flow = Flow("train", [ImportDataset(sys.argv[1]), Preprocess(), train])
flow.run(GcpContext.local(), params={"fail": fail})
"""

LOOK = """
from vertex_flow import GcpContext, Run
from vertex_flow.client import Client
from vertex_flow.engine.embedded import EmbeddedEngine

context = GcpContext.local()
with EmbeddedEngine.start(context.home) as engine:
    client = Client(engine.endpoint, context.parent, engine.token)
    jobs = client._pipelines.list_pipeline_jobs(parent=context.parent)
    run = Run(client, next(iter(jobs)).name)
    print(f"{run.state}: {run.snapshot().reason}")
    for stage in run.stages:
        print(stage.name, stage.state)
"""


@pytest.fixture
def program(desk: Desk, data: Path) -> Callable[..., Program]:
    """Start a flow that trains without end, and wait until it does."""

    def start(*arguments: str) -> Program:
        script = desk.work / "flow.py"
        script.write_text(FLOW)
        program = desk.start(str(script), str(data), *arguments)
        until(lambda: trains(desk.home) or program.popen.poll() is not None)
        return program

    return start


def trains(home: Path) -> bool:
    logs = (home / "logs" / "customJobs").glob("*/*.log")
    return any("training" in log.read_text() for log in logs)


def test_success(first: Ended, below: Ended):
    assert [first.processes, below.processes] == [{}, {}]


def test_no_temporary_files_after_success(first: Ended, below: Ended):
    assert first.files + below.files == []


def test_failure(desk: Desk, program):
    result = program("fail").end()
    assert result.code == 1
    assert "no luck" in result.err
    assert desk.processes() == {}
    assert desk.temporary_files() == []


def test_interrupt(desk: Desk, program):
    running = program()
    running.signal(signal.SIGINT)
    result = running.end()
    assert result.err.rstrip().endswith("KeyboardInterrupt")
    assert desk.processes() == {}
    assert desk.temporary_files() == []


def test_a_program_that_is_killed(desk: Desk, program):
    """Its run is cancelled, and can be read later."""
    running = program()
    running.signal(signal.SIGKILL)
    running.end()
    until(lambda: not desk.processes())
    assert desk.run(look(desk)).out == (
        "CANCELLED: The pipeline job was cancelled.\n"
        "import-dataset SUCCEEDED\npreprocess SUCCEEDED\ntrain CANCELLED\n"
    )


def test_an_engine_that_is_killed(desk: Desk, program, data: Path):
    """The program says so, nothing goes on, and the next run goes on from what was finished."""
    running = program()
    engine = next(pid for pid, line in desk.processes().items() if "vertex_flow.engine " in line)
    os.kill(engine, signal.SIGKILL)
    killed = running.end()
    assert killed.code == 1
    assert "ApiError: 503 UNAVAILABLE: http://127.0.0.1:" in killed.err
    assert "does not answer" in killed.err
    until(lambda: not desk.processes())
    how = desk.run(look(desk)).out
    assert how.startswith("FAILED: The engine stopped while this was under way.\n")
    again = desk.run(str(desk.work / "flow.py"), str(data), "fail")
    assert "preprocess      reused: nothing it depends on has changed" in again.out
    assert desk.temporary_files() == []


def look(desk: Desk) -> str:
    """Write a script that tells how the last run went."""
    script = desk.work / "look.py"
    script.write_text(LOOK)
    return str(script)
