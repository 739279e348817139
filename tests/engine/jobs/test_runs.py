from __future__ import annotations

import asyncio
import textwrap

import pytest

from tests.engine.job_bench import run_with_bench
from vertex_flow.engine.jobs.failures import Remedy, remedy
from vertex_flow.engine.processes import Exit

# Counts its starts in a file of its working directory, and ends itself as it is told at each.
TRY = """
import os, pathlib, sys, time
mark = pathlib.Path(sys.argv[1])
count = len(mark.read_text()) if mark.exists() else 0
mark.write_text("x" * (count + 1))
print("start", count + 1)
"""


@pytest.fixture
def bench(tmp_path):
    return lambda body: run_with_bench(tmp_path, body)


@pytest.fixture
def starts(tmp_path):
    return lambda name="a": len((tmp_path / "source" / name).read_text())


def program(b, text: str, name: str = "a", **spec):
    pool = b.pool(TRY + textwrap.dedent(text), args=[name])
    return b.run(pool, **spec)


@pytest.mark.parametrize(
    ("end", "what"),
    [
        (Exit(1), Remedy.NONE),
        (Exit(127), Remedy.NONE),
        (Exit(None, 9), Remedy.NONE),
        (Exit(143, None), Remedy.NONE),
        (Exit(None, 15, out_of_memory=True), Remedy.NONE),
        (Exit(None, 6), Remedy.RESTART_JOB),
        (Exit(None, 11), Remedy.RESTART_JOB),
        (Exit(134), Remedy.RESTART_JOB),
        (Exit(139), Remedy.RESTART_JOB),
        (Exit(None, 15), Remedy.RESTART_REPLICA),
        (Exit(None, 1), Remedy.RESTART_REPLICA),
    ],
)
def test_remedy(end, what):
    assert remedy(end) is what


class TestRestart:
    def test_a_replica_that_a_signal_ended_starts_again(self, bench, starts):
        async def body(b):
            job = await program(b, "if count < 2: os.kill(os.getpid(), 15); time.sleep(60)")
            return job, b.log(job)

        job, log = bench(body)
        assert (job["state"], starts()) == ("JOB_STATE_SUCCEEDED", 3)
        assert log.splitlines()[:3] == [
            "start 1",
            "[vertex_flow] The replica workerpool0-0 exited with a non-zero status of "
            "15(SIGTERM). Termination reason: Error. It starts again, 1 of 5.",
            "start 2",
        ]

    def test_the_others_go_on_meanwhile(self, bench, starts):
        async def body(b):
            b.write("chief.py", "import pathlib, time\n" + textwrap.dedent(self.WAIT))
            b.write("worker.py", TRY + textwrap.dedent(self.END))
            chief = b.pool(command=["python", "-m", "chief"])
            worker = b.pool(command=["python", "-m", "worker", "a"])
            job = await b.run(chief, worker)
            return job, b.log(job)

        job, log = bench(body)
        assert (job["state"], starts()) == ("JOB_STATE_SUCCEEDED", 2)
        assert log == "once\n"

    WAIT = """
        print("once")
        pathlib.Path("up").touch()
        while not pathlib.Path("a").exists() or len(pathlib.Path("a").read_text()) < 2:
            time.sleep(0.02)
    """

    END = """
        while not pathlib.Path("up").exists():
            time.sleep(0.02)
        if not count:
            os.kill(os.getpid(), 15)
    """

    def test_the_whole_job_where_it_is_asked_for(self, bench):
        async def body(b):
            b.write("chief.py", "import pathlib, time\n" + textwrap.dedent(self.WAIT))
            b.write("worker.py", TRY + textwrap.dedent(self.END))
            chief = b.pool(command=["python", "-m", "chief"])
            worker = b.pool(command=["python", "-m", "worker", "a"])
            job = await b.run(chief, worker, scheduling={"restartJobOnWorkerRestart": True})
            return job, b.log(job)

        job, log = bench(body)
        assert job["state"] == "JOB_STATE_SUCCEEDED"
        assert log.splitlines() == [
            "once",
            "[vertex_flow] The replica workerpool1-0 exited with a non-zero status of "
            "15(SIGTERM). Termination reason: Error. The job starts again, 1 of 3.",
            "once",
        ]

    def test_a_crash_starts_the_job_again_three_times(self, bench, starts):
        job = bench(lambda b: program(b, "os.kill(os.getpid(), 11)"))
        assert (job["state"], starts()) == ("JOB_STATE_FAILED", 4)
        assert job["error"]["message"].startswith(
            "The replica workerpool0-0 exited with a non-zero status of 11(SIGSEGV). Termination "
            "reason: Error. The job was tried 4 times.\nstart 1\n"
        )

    @pytest.mark.parametrize("number", [11, 15])
    def test_disable_retries(self, bench, starts, number):
        scheduling = {"disableRetries": True, "restartJobOnWorkerRestart": True}
        job = bench(lambda b: program(b, f"os.kill(os.getpid(), {number})", scheduling=scheduling))
        assert (job["state"], starts()) == ("JOB_STATE_FAILED", 1)

    def test_an_exit_code_ends_the_job_at_once(self, bench, starts):
        job = bench(lambda b: program(b, "raise SystemExit(1)"))
        assert (job["state"], starts()) == ("JOB_STATE_FAILED", 1)

    def test_the_timeout_is_for_all_tries_together(self, bench):
        text = "time.sleep(0.4); os.kill(os.getpid(), 15); time.sleep(60)"
        job = bench(lambda b: program(b, text, scheduling={"timeout": "1s"}))
        assert job["error"]["code"] == 4


class TestWords:
    def test_command_not_found(self, bench):
        job = bench(lambda b: b.run(b.pool(command=["sh", "-c", "no-such-program"])))
        lines = job["error"]["message"].splitlines()
        assert lines[0].startswith("The replica workerpool0-0 exited with a non-zero status of 127")
        assert lines[1] == "Status 127 says that a command was not found."

    def test_file_that_cannot_be_executed(self, bench, tmp_path):
        async def body(b):
            b.write("run.sh", "#!/bin/sh\n")
            return await b.run(b.pool(command=["./run.sh"]))

        assert bench(body)["error"]["message"] == (
            "The job could not be started: './run.sh' is a file that cannot be executed: chmod +x "
            f"{tmp_path}/source/run.sh"
        )

    def test_working_directory(self, bench, tmp_path):
        text = "import os; print(os.getcwd())"

        async def body(b):
            return b.log(await b.program(text))

        assert bench(body) == f"{tmp_path}/source\n"


def test_cancel_while_a_replica_is_started_again(bench, processes, tmp_path):
    async def body(b):
        job = await b.create(b.pool(TRY + "os.kill(os.getpid(), 15)", args=["a"]))
        while not (b.source / "a").exists():
            await asyncio.sleep(0.01)
        await b.call("POST", f"{job['name']}:cancel", {})
        return await b.call("GET", job["name"]), processes(tmp_path / "source")

    job, left = bench(body)
    assert (job["state"], left) == ("JOB_STATE_CANCELLED", set())
