from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from vertex_flow._version import __version__
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import EngineError, HomeBusyError, PortInUseError

Processes = Callable[[Path], set[int]]
Until = Callable[[Callable[[], bool]], None]
JOBS = "/v1/projects/acme/locations/us-central1/customJobs"
SLEEPER = {
    "displayName": "sleeper",
    "jobSpec": {
        "workerPoolSpecs": [
            {
                "replicaCount": "1",
                "machineSpec": {"machineType": "n1-standard-4"},
                "containerSpec": {
                    "imageUri": "python",
                    "command": [
                        "python",
                        "-c",
                        "import time; print('up', flush=True); time.sleep(600)",
                    ],
                },
            }
        ]
    },
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "home"


def run_job(engine: EmbeddedEngine, until: Until) -> None:
    """Start a job that would run for minutes, and wait until its process is up."""
    headers = {"Authorization": f"Bearer {engine.token}"}
    answer = httpx.post(engine.endpoint + JOBS, json=SLEEPER, headers=headers)
    answer.raise_for_status()
    until(lambda: "up" in _logs(engine.home))


def _logs(root: Path) -> str:
    return "".join(path.read_text() for path in (root / "logs").rglob("*.log"))


def refused_elsewhere(root: Path) -> str:
    """Start an engine in the folder from another program, and say why it was refused."""
    program = f"""
        from pathlib import Path
        from vertex_flow.engine.embedded import EmbeddedEngine
        from vertex_flow.errors import HomeBusyError

        try:
            EmbeddedEngine.start(Path({str(root)!r}))
        except HomeBusyError as error:
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_it_answers_once_it_has_started(root: Path) -> None:
    with EmbeddedEngine.start(root) as engine:
        assert httpx.get(f"{engine.endpoint}/healthz").text == "ok"


def test_its_process_is_known(root: Path) -> None:
    with EmbeddedEngine.start(root) as engine:
        facts = json.loads((root / "engine.json").read_text())

    del facts["started"]
    assert facts == {
        "endpoint": engine.endpoint,
        "pid": engine.pid,
        "parent": os.getpid(),
        "standing": False,
        "version": __version__,
    }


def test_its_folder_says_nothing_of_it_once_it_has_ended(root: Path) -> None:
    EmbeddedEngine.start(root).close()

    assert not (root / "engine.json").exists()


def test_it_listens_on_the_port_asked_for(root: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with EmbeddedEngine.start(root, port=port) as engine:
        assert engine.endpoint == f"http://127.0.0.1:{port}"


def test_a_second_start_finds_what_the_first_has_left(root: Path) -> None:
    path = "/v1/projects/acme/locations/us-central1/endpoints"
    with EmbeddedEngine.start(root) as engine:
        headers = {"Authorization": f"Bearer {engine.token}"}
        made = httpx.post(engine.endpoint + path, json={"displayName": "digits"}, headers=headers)
        made.raise_for_status()
    with EmbeddedEngine.start(root) as engine:
        headers = {"Authorization": f"Bearer {engine.token}"}
        found = httpx.get(engine.endpoint + path, headers=headers).json()

    assert [endpoint["displayName"] for endpoint in found["endpoints"]] == ["digits"]


def test_closing_leaves_no_process(root: Path, processes: Processes, until: Until) -> None:
    with EmbeddedEngine.start(root) as engine:
        run_job(engine, until)

    assert processes(root) == set()


def test_closing_twice_does_nothing(root: Path) -> None:
    engine = EmbeddedEngine.start(root)
    engine.close()

    engine.close()


def test_a_job_is_cancelled_when_its_engine_ends(root: Path, until: Until) -> None:
    with EmbeddedEngine.start(root) as engine:
        run_job(engine, until)
    with EmbeddedEngine.start(root) as engine:
        headers = {"Authorization": f"Bearer {engine.token}"}
        jobs = httpx.get(engine.endpoint + JOBS, headers=headers).json()["customJobs"]

    assert [job["state"] for job in jobs] == ["JOB_STATE_CANCELLED"]


def test_a_killed_engine_leaves_no_process(root: Path, processes: Processes, until: Until) -> None:
    with EmbeddedEngine.start(root) as engine:
        run_job(engine, until)
        os.kill(engine.pid, signal.SIGKILL)
        until(lambda: processes(root) == set())


def test_a_job_of_a_killed_engine_has_failed(root: Path, until: Until) -> None:
    with EmbeddedEngine.start(root) as engine:
        run_job(engine, until)
        os.kill(engine.pid, signal.SIGKILL)
    with EmbeddedEngine.start(root) as engine:
        headers = {"Authorization": f"Bearer {engine.token}"}
        jobs = httpx.get(engine.endpoint + JOBS, headers=headers).json()["customJobs"]

    assert [job["state"] for job in jobs] == ["JOB_STATE_FAILED"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(
    root: Path, processes: Processes, until: Until, number: signal.Signals
) -> None:
    with EmbeddedEngine.start(root) as engine:
        run_job(engine, until)
        os.kill(engine.pid, number)
        until(lambda: processes(root) == set())

    assert not (root / "engine.json").exists()


def program(root: Path, end: str) -> subprocess.Popen[str]:
    """Start a program that runs an engine with a job, says so, and then does `end`."""
    code = f"""
    import json, os, pathlib, signal, sys, time, urllib.request
    from vertex_flow.engine.embedded import EmbeddedEngine

    engine = EmbeddedEngine.start(pathlib.Path({str(root)!r}))
    request = urllib.request.Request(
        engine.endpoint + {JOBS!r},
        data=json.dumps({SLEEPER!r}).encode(),
        headers={{"Authorization": "Bearer " + engine.token}},
    )
    urllib.request.urlopen(request).read()
    print(engine.pid, flush=True)
    {end}
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("end", ["pass", "sys.exit(3)", "raise KeyboardInterrupt"])
def test_nothing_outlives_the_program(root: Path, processes: Processes, end: str) -> None:
    user = program(root, f"sys.stderr = open(os.devnull, 'w'); {end}")
    with user:
        user.wait()

    assert processes(root) == set()


def test_nothing_outlives_a_killed_program(root: Path, processes: Processes, until: Until) -> None:
    with program(root, "time.sleep(600)") as user:
        assert user.stdout is not None
        user.stdout.readline()
        until(lambda: "up" in _logs(root))
        user.kill()

    until(lambda: processes(root) == set())


def test_nothing_outlives_a_killed_program_with_a_forked_child(
    root: Path, processes: Processes, until: Until
) -> None:
    end = "\n    ".join(
        [
            "child = os.fork()",
            "if child == 0: time.sleep(600)",
            "print(child, flush=True)",
            "time.sleep(600)",
        ]
    )
    with program(root, end) as user:
        assert user.stdout is not None
        engine, child = int(user.stdout.readline()), int(user.stdout.readline())
        user.kill()
        until(lambda: engine not in processes(root))
        os.kill(child, signal.SIGKILL)


def test_a_forked_copy_of_the_program_leaves_the_engine_alone(root: Path) -> None:
    end = "\n    ".join(
        [
            "child = os.fork()",
            "if child == 0: engine.close(); os._exit(0)",
            "os.waitpid(child, 0)",
            "print(urllib.request.urlopen(engine.endpoint + '/healthz').read(), flush=True)",
        ]
    )
    with program(root, end) as user:
        output, _ = user.communicate()

    assert output.splitlines()[-1] == "b'ok'"


def test_a_folder_in_use_names_its_holder(root: Path) -> None:
    with EmbeddedEngine.start(root) as engine:
        assert refused_elsewhere(root) == str(HomeBusyError(root, engine.pid))


def test_a_refused_start_leaves_the_running_engine_alone(root: Path) -> None:
    with EmbeddedEngine.start(root) as engine:
        refused_elsewhere(root)

        assert (root / "engine.json").exists()
        assert httpx.get(f"{engine.endpoint}/healthz").text == "ok"


def test_a_taken_port_is_said(root: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(
            PortInUseError,
            match=f"port {port} on 127.0.0.1 is in use: choose another one, or 0 for any free port",
        ):
            EmbeddedEngine.start(root, port=port)


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(EngineError, match=r"the engine's folder .*/file/home cannot be used"):
        EmbeddedEngine.start(tmp_path / "file" / "home")


def test_a_broken_database_is_said(root: Path) -> None:
    home = Home(root)
    home.create()
    home.database.write_bytes(b"no database" * 1000)

    with pytest.raises(
        EngineError, match=r"the engine cannot use its folder .*: file is not a database"
    ):
        EmbeddedEngine.start(root)


def test_an_engine_that_ends_at_once_shows_its_log(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "uvicorn.py").write_text("raise RuntimeError('no server today')")
    monkeypatch.syspath_prepend(tmp_path / "broken")

    with pytest.raises(EngineError) as caught:
        EmbeddedEngine.start(root)

    first, *_, last = str(caught.value).splitlines()
    assert first == f"the engine ended as it started. The last lines of {root / 'engine.log'}:"
    assert last == "  RuntimeError: no server today"


def test_an_engine_that_takes_too_long_is_ended(root: Path, processes: Processes) -> None:
    with pytest.raises(EngineError, match=r"the engine did not start in 0 s\."):
        EmbeddedEngine.start(root, timeout=0)

    assert processes(root) == set()


def test_jobs_import_what_the_program_imports(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "my_training.py").write_text("print('my own code', flush=True)")
    monkeypatch.syspath_prepend(tmp_path / "mine")
    pool = SLEEPER["jobSpec"]["workerPoolSpecs"][0]  # type: ignore[index]
    container = {"imageUri": "python", "command": ["python", "-m", "my_training"]}
    job = {
        "displayName": "mine",
        "jobSpec": {"workerPoolSpecs": [{**pool, "containerSpec": container}]},
    }
    with EmbeddedEngine.start(root) as engine:
        headers = {"Authorization": f"Bearer {engine.token}"}
        httpx.post(engine.endpoint + JOBS, json=job, headers=headers).raise_for_status()
        until(lambda: "my own code" in _logs(root))


def test_jobs_know_where_the_api_is(root: Path, until: Until) -> None:
    code = "import os; print('API', os.environ['VERTEX_FLOW_API_ENDPOINT'], flush=True)"
    pool = SLEEPER["jobSpec"]["workerPoolSpecs"][0]  # type: ignore[index]
    container = {"imageUri": "python", "command": ["python", "-c", code]}
    job = {
        "displayName": "mine",
        "jobSpec": {"workerPoolSpecs": [{**pool, "containerSpec": container}]},
    }
    with EmbeddedEngine.start(root) as engine:
        headers = {"Authorization": f"Bearer {engine.token}"}
        httpx.post(engine.endpoint + JOBS, json=job, headers=headers).raise_for_status()
        until(lambda: f"API {engine.endpoint}" in _logs(root))


def test_starting_one_imports_nothing_heavy() -> None:
    code = (
        "import sys; import vertex_flow.engine.embedded; "
        "heavy = {'google.api_core', 'google.protobuf', 'starlette', 'kfp', 'attrs', 'numpy'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )

    result = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE)

    assert result.stdout == b"[]\n"


def test_a_person_reads_why_it_does_not_start(root: Path) -> None:
    with EmbeddedEngine.start(root) as engine:
        command = [sys.executable, "-m", "vertex_flow.engine", "--home", str(root)]
        result = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)

    assert (result.returncode, result.stderr.splitlines()[-1]) == (
        1,
        str(HomeBusyError(root, engine.pid)),
    )


def test_the_same_process_uses_its_engine_again(tmp_path: Path) -> None:
    with EmbeddedEngine.start(tmp_path) as first:
        assert EmbeddedEngine.start(tmp_path).pid == first.pid


def test_an_engine_that_is_used_again_can_be_closed(tmp_path: Path) -> None:
    with EmbeddedEngine.start(tmp_path):
        EmbeddedEngine.start(tmp_path).close()
        with EmbeddedEngine.start(tmp_path) as other:
            assert other.endpoint.startswith("http://127.0.0.1:")


def test_an_engine_that_was_killed_is_not_used_again(tmp_path: Path) -> None:
    with EmbeddedEngine.start(tmp_path) as first:
        os.kill(first.pid, signal.SIGKILL)
        first.close()
        with EmbeddedEngine.start(tmp_path) as second:
            assert second.pid != first.pid
