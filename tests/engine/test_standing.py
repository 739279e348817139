"""Engines that stand on their own, and who joins them; in processes of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.loopback import serving
from tests.samples import Sleep, Source
from vertex_flow import Flow, GcpContext, Run
from vertex_flow._version import __version__
from vertex_flow.engine import joining
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.engine.joining import join
from vertex_flow.engine.standing import StandingEngine
from vertex_flow.errors import ApiError, EngineError, HomeBusyError, PortInUseError, RunFailed

Processes = Callable[[Path], set[int]]
Until = Callable[[Callable[[], bool]], None]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A folder, whose standing engine is taken down after the test."""
    yield tmp_path / "home"
    take_down(tmp_path / "home")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandingEngine]:
    """A standing engine that the tests which leave it as it is share; it ends with them."""
    home = tmp_path_factory.mktemp("standing") / "home"
    with EmbeddedEngine.start(home, standing=True):
        engine = StandingEngine.find(home)
        assert engine is not None
        yield engine


def take_down(home: Path) -> None:
    engine = StandingEngine.find(home, silent=True)
    if engine is not None:
        engine.down(patience=5)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def elsewhere(code: str, *arguments: str) -> str:
    """What another program prints."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return done.stdout.strip()


UP = (
    "import pathlib, sys\nfrom vertex_flow.engine.standing import StandingEngine\n"
    "print(StandingEngine.up(pathlib.Path(sys.argv[1])).endpoint)"
)


# Up and down.


def test_it_answers_once_it_is_up(shared: StandingEngine) -> None:
    assert httpx.get(f"{shared.endpoint}/healthz").text == "ok"


def test_it_outlives_the_program_that_started_it(root: Path) -> None:
    endpoint = elsewhere(UP, str(root))
    assert httpx.get(f"{endpoint}/healthz").text == "ok"


def test_it_has_no_terminal_and_no_parent(root: Path) -> None:
    engine = StandingEngine.up(root)
    fields = Path(f"/proc/{engine.pid}/stat").read_text().rpartition(")")[2].split()
    parent, session, terminal = fields[1], fields[3], fields[4]
    assert int(parent) != os.getpid()
    assert int(session) != os.getsid(0)
    assert terminal == "0"


def test_a_second_up_finds_the_first(shared: StandingEngine) -> None:
    again = StandingEngine.up(shared.home)
    assert (again.endpoint, again.pid, again.fresh) == (shared.endpoint, shared.pid, False)


def test_two_at_the_same_time_are_one(root: Path) -> None:
    with ThreadPoolExecutor() as threads:
        endpoints = list(threads.map(lambda _: elsewhere(UP, str(root)), range(3)))
    engine = StandingEngine.find(root)
    assert engine is not None
    assert endpoints == [engine.endpoint] * 3


def test_it_is_found_by_its_folder(shared: StandingEngine) -> None:
    found = StandingEngine.find(shared.home)
    assert found is not None
    assert (found.endpoint, found.pid, found.version) == (shared.endpoint, shared.pid, __version__)


def test_there_is_none_in_a_free_folder(root: Path) -> None:
    assert StandingEngine.find(root) is None


def test_it_is_up_again_after_a_kill(root: Path) -> None:
    first = StandingEngine.up(root)
    os.kill(first.pid, signal.SIGKILL)
    second = StandingEngine.up(root)
    assert second.fresh
    assert httpx.get(f"{second.endpoint}/healthz").text == "ok"


def test_it_comes_back_where_it_was(root: Path) -> None:
    first = StandingEngine.up(root)
    first.down()
    assert StandingEngine.up(root).endpoint == first.endpoint


def test_it_takes_another_port_where_its_own_is_taken(root: Path) -> None:
    first = StandingEngine.up(root)
    first.down()
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(first.endpoint.rpartition(":")[2])))
        other.listen()
        assert StandingEngine.up(root).endpoint != first.endpoint


def test_one_that_was_killed_is_not_found(root: Path, until: Until) -> None:
    engine = StandingEngine.up(root)
    os.kill(engine.pid, signal.SIGKILL)
    until(lambda: StandingEngine.find(root) is None)
    assert (root / "engine.json").exists()


def test_down_leaves_no_process(root: Path, processes: Processes) -> None:
    engine = StandingEngine.up(root)
    Flow("sample", [Source()]).run(GcpContext.local(root), progress=None)
    engine.down()
    assert processes(root) == set()


def test_down_twice_does_nothing(root: Path) -> None:
    engine = StandingEngine.up(root)
    engine.down()
    engine.down()
    assert StandingEngine.find(root) is None


def test_one_that_does_not_listen_to_signals_is_killed(root: Path) -> None:
    engine = StandingEngine.up(root)
    os.kill(engine.pid, signal.SIGSTOP)
    engine.down(patience=0.1)
    assert StandingEngine.find(root) is None


def test_a_process_that_got_its_number_later_lives_on(root: Path) -> None:
    engine = StandingEngine.up(root)
    engine.down()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        engine.pid = other.pid
        engine.down()
        alive = other.poll() is None
        other.communicate(b"\n")
    assert alive


def test_one_whose_process_cannot_be_seen_is_said(
    shared: StandingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vertex_flow.engine.standing._has_open", lambda *_: False)
    with pytest.raises(EngineError) as caught:
        shared.down()
    assert str(caught.value) == (
        f"the engine of {shared.home} is process {shared.pid} of another container or user, and "
        "cannot be ended from here. End it where it was started."
    )


def test_it_is_up_again_while_the_one_before_ends(root: Path, until: Until) -> None:
    first = StandingEngine.up(root)
    os.kill(first.pid, signal.SIGTERM)
    until(lambda: not (root / "engine.json").exists())
    second = StandingEngine.up(root)
    assert (second.fresh, second.pid != first.pid) == (True, True)


def test_it_ends_when_its_folder_is_deleted(root: Path, processes: Processes, until: Until) -> None:
    StandingEngine.up(root)
    shutil.rmtree(root)
    until(lambda: processes(root) == set())


def test_it_ends_when_another_folder_is_in_its_place(
    root: Path, processes: Processes, until: Until
) -> None:
    first = StandingEngine.up(root)
    root.rename(root.with_name("moved"))
    second = StandingEngine.up(root)
    until(lambda: first.pid not in processes(root))
    found = StandingEngine.find(root)
    assert found is not None
    assert found.pid == second.pid


def test_starting_one_loads_no_heavy_package() -> None:
    code = (
        "from vertex_flow.lean import import_types_only; import_types_only()\n"
        "import sys, vertex_flow.engine.engine, vertex_flow.engine.api.server\n"
        "heavy = {'kfp', 'numpy', 'optuna', 'sklearn', 'google_cloud_pipeline_components',\n"
        "         'google.cloud.aiplatform', 'google.cloud.aiplatform_v1.services', 'requests'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert elsewhere(code) == "[]"


def test_it_takes_the_port_asked_for(root: Path) -> None:
    port = free_port()
    assert StandingEngine.up(root, port=port).endpoint == f"http://127.0.0.1:{port}"


def test_a_taken_port_is_said(root: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortInUseError):
            StandingEngine.up(root, port=taken.getsockname()[1])


def test_another_port_than_that_of_the_one_that_is_up(shared: StandingEngine) -> None:
    home = shared.home
    with pytest.raises(EngineError) as caught:
        StandingEngine.up(home, port=1)
    assert str(caught.value) == (
        f"the standing engine of {home} is at {shared.endpoint}, not at port 1. Leave the port "
        f"out to use it there, or move it: vertex-flow down --home {home} && vertex-flow up "
        f"--home {home} --port 1."
    )


def test_one_of_another_version_is_said(
    shared: StandingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = shared.home
    monkeypatch.setattr("vertex_flow.engine.standing.__version__", "9.0")
    with pytest.raises(EngineError) as caught:
        join(home)
    assert str(caught.value) == (
        f"the standing engine of {home} runs vertex_flow {__version__}, and this program has 9.0. "
        f"Start it anew with this version: vertex-flow down --home {home} && vertex-flow up "
        f"--home {home}."
    )


def test_one_that_does_not_answer_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = StandingEngine.up(root)
    os.kill(engine.pid, signal.SIGSTOP)
    monkeypatch.setattr("vertex_flow.engine.program._PROBE", 0.1)
    with pytest.raises(EngineError) as caught:
        StandingEngine.find(root, patience=0)
    assert str(caught.value) == (
        f"the engine of {root}, process {engine.pid}, does not answer at {engine.endpoint}. Try "
        f"again, or start it anew: vertex-flow down --home {root} && vertex-flow up --home {root}."
    )
    engine.down(patience=0.1)


def test_an_engine_that_never_says_where_it_is(root: Path) -> None:
    code = (
        "import pathlib, sys\nfrom vertex_flow.engine.state.home import Home\n"
        "home = Home(pathlib.Path(sys.argv[1]))\nhome.create()\nhome.acquire()\n"
        "print(flush=True)\ninput()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code, str(root)], **pipes) as holder:
        holder.stdout.readline()
        with pytest.raises(EngineError) as caught:
            StandingEngine.find(root, patience=0)
        holder.communicate(b"\n")
    assert str(caught.value) == (
        f"the engine of {root}, process {holder.pid}, is starting or ending and has not said where "
        f"it is reached. Try again, or end the process; its log is {root / 'engine.log'}."
    )


def test_one_that_does_not_start_says_why(root: Path) -> None:
    (root / "engine.db").mkdir(parents=True)
    with pytest.raises(EngineError, match=f"the engine cannot use its folder {root}: "):
        StandingEngine.up(root)


def test_one_that_does_not_start_in_time_is_ended(root: Path, processes: Processes) -> None:
    with pytest.raises(EngineError, match=r"the engine did not start in 0 s\."):
        StandingEngine.up(root, timeout=0)
    assert processes(root) == set()


def test_what_it_holds(shared: StandingEngine) -> None:
    before = shared.holds()
    Flow("counted", [Source()]).run(GcpContext.local(shared.home), progress=None)
    assert shared.holds() == {**before, "pipelineJobs": before["pipelineJobs"] + 1}


def test_what_it_holds_is_counted_over_pages() -> None:
    with serving() as server:
        path = "/v1/projects/-/locations/-"
        pages = {"models": [{}, {}], "nextPageToken": "more"}, {"models": [{}]}
        server.on(f"GET {path}/models", *pages)
        server.on(f"GET {path}/pipelineJobs", {})
        server.on(f"GET {path}/endpoints", {})
        assert engine_at(server.url).holds()["models"] == 3


def engine_at(url: str) -> StandingEngine:
    engine = object.__new__(StandingEngine)
    engine.endpoint, engine.token = url, "secret"
    return engine


def test_what_it_holds_is_refused() -> None:
    with serving() as server, pytest.raises(ApiError, match="404 NOT_FOUND: no "):
        engine_at(server.url).holds()


def test_a_resource_with_an_error_of_its_own_is_read() -> None:
    with serving() as server:
        server.on("GET /v1/job", {"error": {"code": 9}})
        assert engine_at(server.url).read("/v1/job") == {"error": {"code": 9}}


def test_what_one_holds_that_has_gone() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ApiError, match=f"503 UNAVAILABLE: {url} gave no answer"):
        engine_at(url).holds()


# Joining.


def test_a_run_joins_the_standing_engine(shared: StandingEngine) -> None:
    run = Flow("sample", [Source()]).run(GcpContext.local(shared.home), progress=None)
    assert (run.api_endpoint, run.state) == (shared.endpoint, "SUCCEEDED")


def test_closing_a_run_leaves_the_standing_engine(shared: StandingEngine) -> None:
    Flow("sample", [Source()]).run(GcpContext.local(shared.home), progress=None).close()
    assert httpx.get(f"{shared.endpoint}/healthz").text == "ok"


def test_a_failed_run_leaves_the_standing_engine(shared: StandingEngine) -> None:
    from tests.samples import Fail

    with pytest.raises(RunFailed):
        Flow("sample", [Fail()]).run(GcpContext.local(shared.home), progress=None)
    assert httpx.get(f"{shared.endpoint}/healthz").text == "ok"


def test_an_interrupted_run_is_cancelled_there(shared: StandingEngine) -> None:
    def interrupt(line: str) -> None:
        if "sleep" in line:
            raise KeyboardInterrupt

    context = GcpContext.local(shared.home)
    with pytest.raises(KeyboardInterrupt):
        Flow("interrupted", [Sleep()]).run(context, progress=interrupt)
    headers = {"Authorization": f"Bearer {shared.token}"}
    url = f"{shared.endpoint}/v1/{context.parent}/pipelineJobs"
    jobs = httpx.get(url, headers=headers).json()["pipelineJobs"]
    states = {job["displayName"]: job["state"] for job in jobs}
    assert states["interrupted"] in ("PIPELINE_STATE_CANCELLING", "PIPELINE_STATE_CANCELLED")


def test_a_run_of_one_program_is_taken_up_by_another(shared: StandingEngine) -> None:
    run = Flow("sample", [Source()]).run(GcpContext.local(shared.home), progress=None)
    code = (
        "import sys\nfrom vertex_flow import GcpContext, Run\n"
        "print(Run.attach(GcpContext.local(sys.argv[1]), sys.argv[2]).state)"
    )
    assert elsewhere(code, str(shared.home), run.job_id) == "SUCCEEDED"


def test_the_context_knows_where_it_stands(shared: StandingEngine) -> None:
    assert GcpContext.local(shared.home).endpoint == shared.endpoint


def test_a_folder_may_be_given_from_where_one_is(
    shared: StandingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shared.home.parent)
    assert GcpContext.local(shared.home.name).endpoint == shared.endpoint


def test_a_context_that_asks_for_another_port(shared: StandingEngine) -> None:
    context = GcpContext.local(shared.home, port=1)
    with pytest.raises(EngineError, match=f"is at {shared.endpoint}, not at port 1"):
        Flow("sample", [Source()]).run(context, progress=None)


def test_without_one_a_program_starts_its_own(root: Path) -> None:
    with join(root) as engine:  # type: ignore[union-attr]
        assert isinstance(engine, EmbeddedEngine)


def test_one_that_comes_up_while_a_program_starts_its_own_is_joined(
    shared: StandingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = iter([None, shared])
    monkeypatch.setattr(joining.StandingEngine, "find", lambda _: next(found))
    assert join(shared.home) is shared


def test_up_in_the_folder_of_another_programs_engine(root: Path) -> None:
    with EmbeddedEngine.start(root), pytest.raises(HomeBusyError) as caught:
        StandingEngine.up(root)
    assert caught.value.pid == os.getpid()


def test_the_folder_of_another_programs_engine_names_the_way_out(root: Path) -> None:
    code = (
        "import sys\nfrom vertex_flow import GcpContext\n"
        "from vertex_flow.errors import HomeBusyError\nfrom vertex_flow.runs import reaching\n"
        "try: reaching.connect(GcpContext.local(sys.argv[1]), to_start=True)\n"
        "except HomeBusyError as error: print(error)"
    )
    with EmbeddedEngine.start(root) as engine:
        said = elsewhere(code, str(root))
    assert said == str(HomeBusyError(root, engine.pid))
    assert f"`vertex-flow up --home {root}`" in said


DEPLOY = """
import sys
from google.cloud import aiplatform
from vertex_flow import GcpContext

GcpContext.local(sys.argv[1]).init_aiplatform()
command = ["python", sys.argv[2], "rose"]
model = aiplatform.Model.upload(
    display_name="flowers",
    serving_container_image_uri="europe-docker.pkg.dev/acme/serving/flowers:1",
    serving_container_command=command,
    serving_container_predict_route="/predict",
    serving_container_health_route="/health",
)
endpoint = model.deploy(machine_type="n1-standard-2")
print(endpoint.resource_name)
"""


def test_an_endpoint_outlives_the_program_that_deployed_it(root: Path) -> None:
    engine = StandingEngine.up(root)
    server = Path(__file__).with_name("flower_server.py")
    endpoint = elsewhere(DEPLOY, str(root), str(server)).splitlines()[-1]
    url = f"{engine.endpoint}/v1/{endpoint}:predict"
    headers = {"Authorization": f"Bearer {engine.token}"}
    answer = httpx.post(url, json={"instances": [1]}, headers=headers, timeout=60)
    assert answer.json()["predictions"] == [["rose", None]]


# Restarts.


def restart(engine: StandingEngine) -> StandingEngine:
    os.kill(engine.pid, signal.SIGKILL)
    return StandingEngine.up(engine.home)


def test_waiting_survives_a_restart(root: Path) -> None:
    engine = StandingEngine.up(root)
    run = Flow("sample", [Source()]).run(GcpContext.local(root), wait=False, progress=None)
    second = restart(engine)
    assert run.wait().state == "SUCCEEDED"
    assert run.api_endpoint == second.endpoint


def test_waiting_says_that_the_engine_is_away(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vertex_flow.runs.following.LOCAL_OUTAGE", 0.0)
    engine = StandingEngine.up(root)
    run = Flow("sample", [Sleep()]).run(GcpContext.local(root), wait=False, progress=None)
    engine.down()
    lines: list[str] = []
    with pytest.raises(EngineError) as caught:
        run.wait(progress=lines.append)
    assert lines == [f"the standing engine of {root} does not answer; waiting 0 s for it"]
    assert str(caught.value) == (
        f"the standing engine of {root} has stopped, and did not come back in 0 s. Start it again: "
        f"vertex-flow up --home {root}. The run goes on there from where it was: "
        f"Run.attach(GcpContext.local({str(root)!r}), {run.job_id!r}).wait()."
    )


def test_a_flow_whose_engine_has_stopped_is_not_cancelled(
    root: Path, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    monkeypatch.setattr("vertex_flow.runs.following.LOCAL_OUTAGE", 0.0)
    engine = StandingEngine.up(root)

    def stop(line: str) -> None:
        if "sleep" in line and "running" in line:
            engine.down()

    with pytest.raises(EngineError, match="has stopped, and did not come back"):
        Flow("sample", [Sleep()]).run(GcpContext.local(root), progress=stop)
    StandingEngine.up(root)
    run = Run.attach(GcpContext.local(root), only_job(root))
    until(lambda: run["sleep"].state == "RUNNING")
    run.cancel()


def only_job(root: Path) -> str:
    """The name of the only pipeline job in a folder."""
    engine = StandingEngine.find(root)
    assert engine is not None
    url = f"{engine.endpoint}/v1/projects/local/locations/us-central1/pipelineJobs"
    answer = httpx.get(url, headers={"Authorization": f"Bearer {engine.token}"}).json()
    (job,) = answer["pipelineJobs"]
    return str(job["name"])


def test_finding_one_imports_nothing_heavy() -> None:
    code = (
        "import sys, vertex_flow.engine.joining\n"
        "heavy = {'google.api_core', 'google.protobuf', 'starlette', 'kfp', 'attrs', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert elsewhere(code) == "[]"
