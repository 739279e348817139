"""The plug-in: users' own tests, run by pytest in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from google.cloud import aiplatform_v1

from tests.samples import Source
from vertex_flow import Flow, GcpContext
from vertex_flow.testing import VertexEngine

pytest_plugins = "pytester"

FLOW = """
from tests.samples import Source
from vertex_flow import Flow


def build_flow():
    return Flow("sample", [Source()])
"""
THREE_LINES = """
def test_flow(local_context):
    run = build_flow().run(local_context)
    assert run.state == "SUCCEEDED"
"""
EMPTY = """
import json
import urllib.request

import pytest

@pytest.mark.parametrize("number", range(3))
def test_it_is_empty(vertex_engine, number):
    url = f"{vertex_engine.endpoint}/v1/{vertex_engine.context.parent}/endpoints"
    headers = {"Authorization": f"Bearer {vertex_engine.token}"}
    ask = urllib.request.Request(url, headers=headers)
    make = urllib.request.Request(url, b'{"displayName": "mine"}', headers)
    assert json.loads(urllib.request.urlopen(ask).read()) == {}
    urllib.request.urlopen(make).read()
    assert len(json.loads(urllib.request.urlopen(ask).read())["endpoints"]) == 1
"""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def user(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder of a user's tests, in which this project's own settings do not count."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return pytester


def outcomes(user: pytest.Pytester, *flags: str) -> dict[str, int]:
    return user.runpytest_subprocess("-p", "no:cacheprovider", *flags).parseoutcomes()


def left(user: pytest.Pytester) -> set[str]:
    """Processes that name the folder of the user's tests and still run."""
    needle = str(user.path).encode()
    return {entry.name for entry in Path("/proc").iterdir() if _names(entry, needle)}


def _names(entry: Path, needle: bytes) -> bool:
    try:
        return entry.name.isdigit() and needle in (entry / "cmdline").read_bytes()
    except OSError:
        return False


def test_a_users_test_has_three_lines(user: pytest.Pytester) -> None:
    user.makepyfile(FLOW + THREE_LINES)
    assert outcomes(user) == {"passed": 1}


@pytest.mark.parametrize("flags", [(), ("-n", "2")], ids=["one by one", "at the same time"])
def test_each_test_has_an_engine_of_its_own(user: pytest.Pytester, flags: tuple[str, ...]) -> None:
    user.makepyfile(EMPTY)
    assert outcomes(user, *flags) == {"passed": 3}


def test_a_failing_test_leaves_no_process(user: pytest.Pytester) -> None:
    user.makepyfile("def test_flow(vertex_engine):\n    assert not vertex_engine.endpoint")
    assert (outcomes(user), left(user)) == ({"failed": 1}, set())


def test_ctrl_c_leaves_no_process(user: pytest.Pytester) -> None:
    user.makepyfile(
        "import time\n"
        "def test_flow(vertex_engine):\n    print('up', flush=True)\n    time.sleep(600)"
    )
    command = [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider"]
    with subprocess.Popen(
        [*command, f"--basetemp={user.path / 'tmp'}"], stdout=subprocess.PIPE, cwd=user.path
    ) as program:
        assert program.stdout is not None
        while b"up" not in program.stdout.readline():
            pass
        assert left(user) != set()
        program.send_signal(signal.SIGINT)
        program.communicate()
    assert left(user) == set()


def test_a_kill_leaves_no_process(user: pytest.Pytester) -> None:
    user.makepyfile(
        "import os\ndef test_flow(vertex_engine):\n    os.kill(os.getpid(), 9)",
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    base = f"--basetemp={user.path / 'tmp'}"
    done = subprocess.run([*command, base], check=False, cwd=user.path, capture_output=True)
    while left(user):
        time.sleep(0.05)  # the test's own time limit ends the wait
    assert done.returncode == -signal.SIGKILL


def test_a_start_of_pytest_loads_nothing_heavy(user: pytest.Pytester) -> None:
    user.makepyfile(
        "import sys\nimport vertex_flow.testing.plugin\n"
        "HEAVY = ('kfp', 'google.api_core', 'google.protobuf', 'google.cloud.aiplatform',\n"
        "         'numpy', 'attrs', 'httpx', 'click', 'vertex_flow.engine')\n"
        "def test_loaded():\n"
        "    assert 'vertex_flow.testing.plugin' in sys.modules\n"
        "    assert [name for name in sys.modules if name.startswith(HEAVY)] == []\n"
    )
    flags = ("-p", "no:hypothesispytest", "-p", "no:xdist", "-p", "no:anyio")
    assert outcomes(user, *flags) == {"passed": 1}


def test_the_fixtures_are_listed_with_what_they_are(user: pytest.Pytester) -> None:
    listed = user.runpytest_subprocess("--fixtures", "-p", "no:cacheprovider").stdout.str()
    assert "A local Vertex AI of this test's own, empty at its start and gone after it." in listed
    assert "Where a flow runs in a test: `flow.run(local_context)`" in listed


# The fixtures, in this process.


def test_the_engine_answers_googles_clients(vertex_engine: VertexEngine) -> None:
    models = vertex_engine.client(aiplatform_v1.ModelServiceClient)
    assert list(models.list_models(parent=vertex_engine.context.parent)) == []


def test_the_engine_has_its_folder_in_that_of_the_test(
    vertex_engine: VertexEngine, tmp_path: Path
) -> None:
    assert vertex_engine.home == tmp_path / ".vertex_flow"


def test_the_token_is_the_engines(vertex_engine: VertexEngine) -> None:
    assert vertex_engine.token == (vertex_engine.home / "token").read_text()


def test_a_flow_without_a_context_runs_on_it(vertex_engine: VertexEngine) -> None:
    run = Flow("sample", [Source()]).run(progress=None)
    assert run.api_endpoint == vertex_engine.endpoint


def test_a_program_that_the_test_starts_joins_it(vertex_engine: VertexEngine) -> None:
    code = "from vertex_flow import GcpContext; print(GcpContext.local().endpoint)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == vertex_engine.endpoint


def test_closing_a_run_leaves_it_to_the_test(local_context: GcpContext) -> None:
    flow = Flow("sample", [Source()])
    first, second = (flow.run(local_context, progress=None) for _ in range(2))
    first.close()
    assert second.api_endpoint == local_context.endpoint


def test_its_end_is_that_of_its_process(tmp_path: Path) -> None:
    with VertexEngine.start(tmp_path / "home") as engine:
        pid = engine._engine.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
