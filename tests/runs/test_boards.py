"""TensorBoard for a run: a program on this machine, or the pages of an instance."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.engine.tensorboards.test_event_files import LIGHT, program
from tests.jobs import NAME, job, message, task
from tests.loopback import PARENT, Loopback
from vertex_flow.client import Client
from vertex_flow.errors import EngineError, SettingError
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.runs import boards

JOB, TUNING = f"{PARENT}/customJobs/7", f"{PARENT}/hyperparameterTuningJobs/8"
INSTANCE = f"{PARENT}/tensorboards/9"
PAGE = "https://us-central1.tensorboard.googleusercontent.com/experiment/" + INSTANCE.replace(
    "/", "+"
)


def made(*names: str) -> dict[str, str]:
    """What a task puts out while it waits for jobs."""
    found = [{"resourceUri": f"https://x/v1/{name}"} for name in names]
    return {"gcp_resources": json.dumps({"resources": found})}


def run() -> Snapshot:
    """A run with a training job in one stage, and a tuning job in another."""
    return Snapshot(
        message(
            job(
                "SUCCEEDED",
                task(1, "fit", "SUCCEEDED"),
                task(2, "make-model", "SUCCEEDED", parent=1, values=made(JOB)),
                task(3, "score", "SUCCEEDED"),
                task(4, "measure", "SUCCEEDED", parent=3, values=made(TUNING)),
            )
        )
    )


@pytest.fixture
def client(server: Loopback) -> Client:
    return Client(server.url, PARENT, "secret")


def serve(server: Loopback, root: str, **more: Any) -> None:
    """Serve the two jobs, which write below a folder."""
    spec = {"baseOutputDirectory": {"outputUriPrefix": f"{root}/fit"}, **more}
    trials = {"baseOutputDirectory": {"outputUriPrefix": f"{root}/score"}, **more}
    server.on(f"GET /v1/{JOB}", {"name": JOB, "jobSpec": spec})
    tuning = {"name": TUNING, "trialJobSpec": trials, "trials": [{"id": "1"}, {"id": "2"}]}
    server.on(f"GET /v1/{TUNING}", tuning)


def test_jobs_and_trials_log_under_readable_names(server: Loopback, client: Client) -> None:
    serve(server, "gs://acme/x")
    assert [(one.name, one.uri, one.url) for one in boards.logged(client, run())] == [
        ("fit", "gs://acme/x/fit/logs", None),
        ("score/trial-1", "gs://acme/x/score/1/logs", None),
        ("score/trial-2", "gs://acme/x/score/2/logs", None),
    ]


def test_in_the_cloud_each_job_has_its_page(server: Loopback, client: Client) -> None:
    serve(server, "gs://acme/x", tensorboard=INSTANCE)
    board = boards.open_board(client, run(), None)
    expected = {"fit": f"{PAGE}+experiments+7", "score": f"{PAGE}+experiments+8"}
    assert (board.urls, board.url, board.is_local) == (expected, expected["fit"], False)
    board.wait()
    board.close()


def test_in_the_cloud_without_an_instance(server: Loopback, client: Client) -> None:
    serve(server, "gs://acme/x")
    with pytest.raises(SettingError) as caught:
        boards.open_board(client, run(), None)
    assert str(caught.value) == (
        "run sample-1 logs to no TensorBoard instance. Make one: vertex-flow setup --project acme "
        "--location us-central1; and name it: flow.run(context, "
        "tensorboard='projects/acme/locations/us-central1/tensorboards/ID')."
    )


def test_a_run_without_jobs(client: Client) -> None:
    with pytest.raises(SettingError) as caught:
        boards.open_board(client, Snapshot(message(job("SUCCEEDED"))), None)
    assert str(caught.value) == (
        "run sample-1 has no training job or trial yet, and so no logs for TensorBoard."
    )


def test_without_the_package(
    server: Loopback, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(server, str(tmp_path))
    monkeypatch.setattr(boards, "find_spec", lambda _: None)
    with pytest.raises(SettingError) as caught:
        boards.open_board(client, run(), tmp_path)
    assert str(caught.value) == (
        "TensorBoard is not installed in this environment: pip install tensorboard"
    )


WRITES = f"""{LIGHT}
writer = Writer(sys.argv[1])
writer.add_scalar("loss", 0.5, 1)
writer.close()
"""


def test_here_it_shows_the_logs_until_it_is_closed(
    server: Loopback, client: Client, tmp_path: Path
) -> None:
    serve(server, str(tmp_path))
    program(WRITES, tmp_path / "fit" / "logs" / "train")
    program(WRITES, tmp_path / "score" / "1" / "logs")
    with boards.open_board(client, run(), tmp_path) as board:
        assert list(board.urls) == [NAME.rpartition("/")[2]]
        assert board.url.startswith("http://127.0.0.1:")
        runs: list[str] = []
        while len(runs) < 2:  # it reads the logs after it has said where it is
            runs = httpx.get(f"{board.url}data/runs").json()
    assert sorted(runs) == ["fit/train", "score/trial-1"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(board.url)


def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"TensorBoard did not start:\n.*"):
        boards.Program({"fit": tmp_path}, port=-5)


def test_one_that_does_not_say_where_it_is_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "_PROGRAM", "import sys; sys.stdin.read()")
    monkeypatch.setattr(boards, "_STARTS_WITHIN", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(EngineError) as caught:
        boards.Program({"a": tmp_path / "x" / "a", "b": tmp_path / "x" / "b"}, port=0)
    assert str(caught.value) == (
        "TensorBoard did not start within 0 seconds, and was ended. Try again when this machine is "
        "less busy, or start it alone to see what it waits for: "
        f"{sys.executable} -m tensorboard.main --logdir {tmp_path}/x\nIt has said nothing."
    )
    assert list(tmp_path.iterdir()) == []


def test_what_it_has_said_by_then_is_told(tmp_path: Path) -> None:
    error = boards._late({"a": tmp_path / "a b"}, "loading\nstill loading")
    assert str(error).endswith(
        f" --logdir '{tmp_path}/a b'\nWhat it has said:\nloading\nstill loading"
    )


KILLED = """
import os, signal, sys
from pathlib import Path
from vertex_flow.runs.boards import Program

program = Program({"fit": Path(sys.argv[1])}, port=0)
print(program._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_ends_with_a_program_that_is_killed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    board = Path("/proc", done.stdout.strip())
    while board.exists() and " Z " not in (board / "stat").read_text():
        pass  # the test's own time limit ends the wait
    assert done.stdout.strip().isdigit()
