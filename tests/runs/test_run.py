"""A run: how it is followed, and what it gives; against a server of a few lines and the engine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.auth.credentials import AnonymousCredentials
from pytest_mock import MockerFixture

from tests.cloud.fake import fake_cloud
from tests.jobs import NAME, job, task
from tests.loopback import PARENT, Loopback, context_at, error, serving
from tests.samples import Fail, Fit, Score, Sleep, Source, Spend
from vertex_flow import Flow, GcpContext, Param, Run, When
from vertex_flow.calls import ONCE
from vertex_flow.client import Client
from vertex_flow.errors import ApiError, RunCancelled, RunFailed, SettingError
from vertex_flow.report.activity import Activity
from vertex_flow.report.view import View
from vertex_flow.runs.following import NEARBY, Outage
from vertex_flow.runs.outcomes import RegisteredModel

GET = f"GET /v1/{NAME}"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as server:
        yield server


@pytest.fixture
def run(server: Loopback) -> Run:
    return Run(Client(server.url, PARENT, "secret"), NAME)


def test_a_run_is_followed_to_its_end(server: Loopback, run: Run) -> None:
    server.on(GET, job("PENDING"), job("RUNNING"), job("SUCCEEDED"))
    assert run.wait().state == "SUCCEEDED"


def test_a_run_that_is_over_is_not_asked_again(server: Loopback, run: Run) -> None:
    server.on(GET, job("SUCCEEDED"))
    assert [run.state, run.state] == ["SUCCEEDED", "SUCCEEDED"]
    assert len(server.asked) == 1


def test_progress_is_said_line_by_line(server: Loopback, run: Run) -> None:
    done = [task(1, "source", "SUCCEEDED")]
    server.on(GET, job("RUNNING", task(1, "source", "RUNNING")), job("SUCCEEDED", *done))
    lines: list[str] = []
    run.wait(progress=lines.append)
    assert [line.split()[1:3] for line in lines[1:3]] == [["source", "running"], ["source", "done"]]


def test_a_failed_run_says_where_why_and_where_the_log_is(server: Loopback, run: Run) -> None:
    reason = "The process ended with exit code 1.\nTraceback …\nLog: /logs/make-data.log"
    inside = task(2, "make-data", "FAILED", parent=1, error=reason)
    server.on(GET, job("FAILED", task(1, "source", "FAILED", error="The DAG failed."), inside))
    with pytest.raises(RunFailed) as caught:
        run.wait()
    found = caught.value
    assert (found.run, found.stage, found.task, found.reason, found.logs_uri) == (
        NAME,
        "source",
        "make-data",
        reason,
        "/logs/make-data.log",
    )


def test_a_run_that_failed_before_any_task(server: Loopback, run: Run) -> None:
    server.on(GET, job("FAILED", error="quota exceeded"))
    with pytest.raises(RunFailed) as caught:
        run.wait()
    assert (caught.value.stage, caught.value.reason, caught.value.logs_uri) == (
        None,
        "quota exceeded",
        None,
    )


def test_a_cancelled_run(server: Loopback, run: Run) -> None:
    server.on(GET, job("CANCELLED"))
    with pytest.raises(RunCancelled, match=f"{NAME} was cancelled"):
        run.wait()


def test_waiting_can_have_an_end(server: Loopback, run: Run) -> None:
    server.on(GET, job("RUNNING"))
    with pytest.raises(TimeoutError, match=f"{NAME} is still RUNNING after 0 s"):
        run.wait(timeout=0)


def test_a_limit_that_is_no_number_is_said_before_anything_is_asked(
    server: Loopback, run: Run
) -> None:
    with pytest.raises(SettingError, match=r"^Run\.wait\(timeout='x'\): expected a number"):
        run.wait(timeout="x")  # type: ignore[arg-type]
    assert not server.asked


def test_what_is_odd_behind_a_failure_hides_nothing_and_is_looked_into_again(
    server: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    made = f"{PARENT}/endpoints/5/operations/6"
    uri = json.dumps({"resources": [{"resourceUri": f"https://x/v1/{made}"}]})
    inside = task(2, "deploy", "FAILED", parent=1, error="no luck", values={"gcp_resources": uri})
    server.on(GET, job("FAILED", task(1, "fit", "FAILED"), inside))
    server.on(f"GET /v1/{made}", {"error": "odd"})
    run, said = Run.attach(context_at(server.url), NAME), list[str]()
    with caplog.at_level("DEBUG", "vertex_flow.runs.reading"):
        poor = run.failure_of(run.snapshot(), said.append)
    assert poor.reason == "no luck"
    assert said == [
        "what is behind the failure could not be read: "
        "AttributeError(\"'str' object has no attribute 'get'\")"
    ]
    (record,) = [one for one in caplog.records if one.name == "vertex_flow.runs.reading"]
    assert record.getMessage() == f"what is behind the failure of {NAME} is odd"
    assert record.exc_info is not None
    server.on(f"GET /v1/{made}", {"error": {"message": "no machines of type x1 in us-central1"}})
    better = run.failure_of(run.snapshot())
    assert better.reason == "no machines of type x1 in us-central1"
    assert run.failure_of(run.snapshot()) is better


def test_a_run_is_cancelled_by_name(server: Loopback, run: Run) -> None:
    server.on(f"POST /v1/{NAME}:cancel", {})
    run.cancel()
    assert server.asked[0][1].startswith(f"/v1/{NAME}:cancel")


def test_an_unknown_stage_has_its_nearest_name(server: Loopback, run: Run) -> None:
    server.on(GET, job("SUCCEEDED"))
    with pytest.raises(SettingError) as caught:
        _ = run["scores"]
    assert str(caught.value) == (
        "run sample-1 has no stage 'scores'; it has source, fit, score, spend. "
        "Did you mean 'score'?"
    )


def resource(number: int, schema_title: str, name: str) -> list[dict[str, Any]]:
    """A stage that puts out what stands for a resource of Vertex AI."""
    made = {"schemaTitle": schema_title, "metadata": {"resourceName": name}}
    return [
        task(number, "fit", "SUCCEEDED"),
        task(number + 1, "make-model", "SUCCEEDED", parent=number, outputs={"model": made}),
    ]


def test_the_registered_model(server: Loopback, run: Run) -> None:
    name = f"{PARENT}/models/7@2"
    server.on(GET, job("SUCCEEDED", *resource(1, "google.VertexModel", name)))
    model = {
        "name": name,
        "versionId": "2",
        "displayName": "mnist",
        "versionAliases": ["default"],
        "artifactUri": "gs://acme/model",
    }
    server.on(f"GET /v1/{name}", model)
    assert run.model == RegisteredModel(
        f"{PARENT}/models/7", "2", "mnist", ("default",), "gs://acme/model"
    )


def test_a_model_that_was_deleted_since(server: Loopback, run: Run) -> None:
    name = f"{PARENT}/models/7@2"
    server.on(GET, job("SUCCEEDED", *resource(1, "google.VertexModel", name)))
    server.on(f"GET /v1/{name}", error(404, "NOT_FOUND", "gone"), code=404)
    assert run.model is None


def test_a_refusal_to_show_the_model_is_raised(server: Loopback, run: Run) -> None:
    name = f"{PARENT}/models/7@2"
    server.on(GET, job("SUCCEEDED", *resource(1, "google.VertexModel", name)))
    server.on(f"GET /v1/{name}", error(403, "PERMISSION_DENIED", "no"), code=403)
    with pytest.raises(ApiError, match="PERMISSION_DENIED"):
        _ = run.model


def test_no_registered_model_and_no_endpoint(server: Loopback, run: Run) -> None:
    server.on(GET, job("SUCCEEDED"))
    assert (run.model, run.endpoint) == (None, None)


def test_the_endpoint_takes_numpy_arrays(server: Loopback, run: Run) -> None:
    name = f"{PARENT}/endpoints/7"
    server.on(GET, job("SUCCEEDED", *resource(1, "google.VertexEndpoint", name)))
    server.on(f"POST /v1/{name}:predict", {"predictions": [1]})
    endpoint = run.endpoint
    assert endpoint is not None
    assert endpoint.predict(np.ones((1, 2))) == [1]
    assert server.asked[-1][3] == {"instances": [[1.0, 1.0]]}


def test_the_url_of_the_endpoint(server: Loopback, run: Run) -> None:
    name = f"{PARENT}/endpoints/7"
    server.on(GET, job("SUCCEEDED", *resource(1, "google.VertexEndpoint", name)))
    assert run.endpoint is not None
    assert run.endpoint.url == f"{server.url}/v1/{name}:predict"


def test_a_run_of_the_cloud_has_no_token_file(run: Run) -> None:
    assert run.token_file is None


def test_a_run_of_this_machine_has_no_page_in_the_console(run: Run) -> None:
    assert run.console_url is None


def test_logs_of_an_unknown_stage(server: Loopback, run: Run) -> None:
    server.on(GET, job("SUCCEEDED"))
    with pytest.raises(SettingError, match="Did you mean 'score'"):
        run.logs("scores")


CONTEXT = GcpContext(project="acme")


@pytest.fixture
def in_the_cloud(server: Loopback) -> Run:
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    client = Client(server.url, PARENT, credentials=credentials, patience=ONCE)
    return Run(client, NAME, context=CONTEXT)


def test_a_run_in_the_cloud_has_a_page(in_the_cloud: Run) -> None:
    assert in_the_cloud.console_url == (
        "https://console.cloud.google.com/vertex-ai/locations/us-central1/pipelines/runs/sample-1"
        "?project=acme"
    )


def test_a_run_in_a_queue_says_so(server: Loopback, in_the_cloud: Run) -> None:
    server.on(GET, job("PENDING"), job("SUCCEEDED", task(1, "source", "SUCCEEDED")))
    lines: list[str] = []
    in_the_cloud.wait(progress=lines.append)
    assert lines[0].endswith("  4 stages  pending")


def test_an_outage_of_the_cloud_is_said_and_bridged(server: Loopback, in_the_cloud: Run) -> None:
    busy = (503, error(503, "UNAVAILABLE", "later"))
    server.answers[GET] = [busy, busy, (200, job("SUCCEEDED"))]
    lines: list[str] = []
    assert in_the_cloud.wait(progress=lines.append).state == "SUCCEEDED"
    assert lines[0] == (
        "Vertex AI does not answer; the run goes on there, and is looked for again for 10 minutes"
    )


def test_an_outage_that_lasts_says_how_to_go_on(
    server: Loopback, in_the_cloud: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vertex_flow.runs.following.CLOUD_OUTAGE", 0.0)
    server.on(GET, error(503, "UNAVAILABLE", "later"), code=503)
    with pytest.raises(ApiError) as caught:
        in_the_cloud.wait()
    assert str(caught.value) == (
        "503 UNAVAILABLE: later\n"
        "  Cause: Vertex AI was not reached for a while; the run most likely goes on.\n"
        "  Fix: Run.attach(GcpContext(project='acme', location='us-central1'), "
        "'sample-1').wait(progress='auto')"
    )


def test_ctrl_c_leaves_a_run_in_the_cloud_alone(server: Loopback, in_the_cloud: Run) -> None:
    server.on(GET, job("RUNNING", task(1, "source", "RUNNING")))
    lines: list[str] = []

    def interrupt(line: str) -> None:
        lines.append(line)
        if "running" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_the_cloud.wait(progress=interrupt)
    assert lines[-1] == (
        "detached: the run goes on. To follow it again: Run.attach(GcpContext(project='acme', "
        "location='us-central1'), 'sample-1').wait(progress='auto')"
    )
    assert not any(verb == "POST" for verb, *_ in server.asked)


def test_a_failure_is_looked_into_once(server: Loopback, in_the_cloud: Run) -> None:
    server.on(GET, job("FAILED", task(1, "source", "FAILED", error="no luck")))
    failures = []
    for _ in range(2):
        with pytest.raises(RunFailed) as caught:
            in_the_cloud.wait()
        failures.append(caught.value)
    assert failures[0] is failures[1]


def test_a_run_as_plain_data(server: Loopback, in_the_cloud: Run) -> None:
    said = "Resources are insufficient in region: us-central1."
    server.on(GET, job("FAILED", task(1, "source", "FAILED", error=said)))
    found = in_the_cloud.as_json()
    assert (found["state"], found["console_url"]) == ("FAILED", in_the_cloud.console_url)
    assert found["failure"]["cause"] == (
        "Google Cloud has no such machines to give in us-central1 now; it is not the quota."
    )
    assert [one["state"] for one in found["stages"]] == ["FAILED", *["NOT_REACHED"] * 3]


@pytest.mark.parametrize("lines", [0, -1, True, "all"])
def test_a_number_of_lines_that_is_none(run: Run, lines: Any) -> None:
    with pytest.raises(SettingError) as caught:
        run.logs("source", lines=lines)
    assert str(caught.value) == f"Run.logs(lines={lines!r}): expected a whole number from 1."


def test_logs_of_the_cloud_need_a_context(server: Loopback) -> None:
    server.on(GET, job("SUCCEEDED"))
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    run = Run(Client(server.url, PARENT, credentials=credentials), NAME)
    with pytest.raises(SettingError) as caught:
        run.logs("source")
    assert str(caught.value) == (
        "run sample-1 was made without a context, which its logs need: Run.attach(context, name)."
    )


def test_logs_of_the_cloud(server: Loopback) -> None:
    inside = {"executorDetail": {"containerDetail": {"mainJob": f"{PARENT}/customJobs/7"}}}
    details = [task(1, "source", "SUCCEEDED"), task(2, "a", "SUCCEEDED", parent=1, **inside)]
    server.on(GET, job("RUNNING", *details))
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    with fake_cloud() as cloud:
        answer = {"entries": [{"textPayload": "hello"}]}
        cloud.serve("logging.v2", {"logging.entries.list": lambda _: answer})
        endpoints = {"aiplatform": server.url, "logging": cloud.url}
        context = GcpContext(project="acme", credentials=credentials, api_endpoints=endpoints)
        run = Run.attach(context, "sample-1")
        server.asked.clear()
        assert run.logs("source", lines=5) == "hello"
        assert len(server.asked) == 1
        assert cloud.asked[0].body["filter"] == (
            'resource.type="ml_job" resource.labels.job_id=("7")'
        )


def test_an_endpoint_that_is_away_is_asked_for_lines_with_pauses(
    server: Loopback, mocker: MockerFixture
) -> None:
    server.on(GET, job("SUCCEEDED"))
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    bridge = mocker.spy(Outage, "bridge")
    with fake_cloud() as cloud:
        cloud.serve("logging.v2", {"logging.entries.list": lambda _: {}})
        endpoints = {"aiplatform": server.url, "logging": cloud.url}
        context = GcpContext(project="acme", credentials=credentials, api_endpoints=endpoints)
        assert list(Run.attach(context, "sample-1").log_lines()) == []
    assert [one.kwargs["pause"] for one in bridge.call_args_list] == [NEARBY.first]


def test_a_refusal_goes_through(server: Loopback, run: Run) -> None:
    server.on(GET, error(404, "NOT_FOUND", "no such job"), code=404)
    with pytest.raises(ApiError, match="404 NOT_FOUND: no such job"):
        run.wait()


class Shown(View):
    """Keeps what it is shown."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.shown: list[Activity] = []

    def say(self, line: str) -> None:
        self.said.append(line)

    def show(self, activity: Activity) -> None:
        self.shown.append(activity)


@contextmanager
def training_in_the_cloud(server: Loopback) -> Iterator[Run]:
    """A run whose first stage says its epoch until it has ended."""
    inside = {"executorDetail": {"containerDetail": {"mainJob": f"{PARENT}/customJobs/7"}}}
    details = [task(1, "source", "RUNNING"), task(2, "a", "RUNNING", parent=1, **inside)]
    server.on(GET, job("RUNNING", *details), job("RUNNING", *details), job("SUCCEEDED"))
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    with fake_cloud() as cloud:
        answer = {"entries": [{"textPayload": "epoch 4/5 val_accuracy 0.974"}]}
        cloud.serve("logging.v2", {"logging.entries.list": lambda _: answer})
        endpoints = {"aiplatform": server.url, "logging": cloud.url}
        context = GcpContext(project="acme", credentials=credentials, api_endpoints=endpoints)
        yield Run.attach(context, "sample-1")


def test_the_end_of_a_log_in_the_cloud_is_shown(server: Loopback) -> None:
    view = Shown()
    with training_in_the_cloud(server) as run:
        run.wait(progress=view)
    first, *_, last = view.shown
    assert first.stages[0].doing == "epoch 4/5 val_accuracy 0.974"
    assert (last.state, last.active) == ("SUCCEEDED", None)
    assert view.said == []


def test_lines_say_what_a_stage_in_the_cloud_is_doing(server: Loopback) -> None:
    lines: list[str] = []
    with training_in_the_cloud(server) as run:
        run.wait(progress=lines.append)
    assert any(line.endswith("  source  epoch 4/5 val_accuracy 0.974") for line in lines)


def test_a_log_that_may_not_be_read_fails_nothing(server: Loopback) -> None:
    inside = {"executorDetail": {"containerDetail": {"mainJob": f"{PARENT}/customJobs/7"}}}
    details = [task(1, "source", "RUNNING"), task(2, "a", "RUNNING", parent=1, **inside)]
    server.on(GET, job("RUNNING", *details), job("SUCCEEDED"))
    view = Shown()
    run = Run.attach(context_at(server.url), "sample-1")
    assert run.wait(progress=view).state == "SUCCEEDED"
    assert view.said == []


def test_a_run_in_a_cell_of_a_notebook(server: Loopback, run: Run) -> None:
    server.on(GET, job("SUCCEEDED", task(1, "source", "SUCCEEDED")))
    assert "<strong>run sample-1</strong>" in (run._repr_html_() or "")


def test_a_run_that_cannot_be_read_is_its_name_in_a_notebook(server: Loopback, run: Run) -> None:
    server.on(GET, error(404, "NOT_FOUND", "no such job"), code=404)
    assert run._repr_html_() is None


def test_progress_that_is_none(run: Run) -> None:
    with pytest.raises(SettingError, match="expected 'auto', a function of a line of text"):
        run.wait(progress="always")  # type: ignore[arg-type]


# With the engine.


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run") / "home"


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return []


@pytest.fixture(scope="module")
def done(home: Path, lines: list[str]) -> Iterator[Run]:
    """A run on this machine that has succeeded; its last stage is left out."""
    score = Score()
    last = When(score.share >= Param("least", 0.9), [Spend()])
    flow = Flow("sample", [Source(size=Param("size", 3)), Fit(), score, last])
    run = flow.run(GcpContext.local(home), params={"size": 5}, progress=lines.append)
    yield run
    run.close()


def test_stages_of_a_local_run(done: Run) -> None:
    assert {stage.name: stage.state for stage in done.stages} == {
        "source": "SUCCEEDED",
        "fit": "SUCCEEDED",
        "score": "SUCCEEDED",
        "spend": "NOT_TRIGGERED",
    }


def test_outputs_of_a_local_run(done: Run) -> None:
    assert done["score"].outputs == {"passed": True, "share": 0.5, "count": 3, "label": "good"}


def test_parameters_reach_a_local_run(done: Run) -> None:
    assert Path(done["source"].artifacts["data"].uri).read_text() == "xxxxx"


def test_a_local_run_says_its_progress(done: Run, lines: list[str]) -> None:
    assert lines[0] == f"run {done.job_id}"
    assert lines[-1].endswith("  left out: its condition does not hold")


def test_the_logs_of_a_local_run(done: Run) -> None:
    assert done.logs("source").startswith(
        f"==> pipelineJobs/{done.job_id}/source.make-data.log <==\n"
    )


def test_a_local_run_as_plain_data(done: Run) -> None:
    found = done.as_json()
    assert json.loads(json.dumps(found)) == found
    assert found["console_url"] is None


def test_the_token_of_a_local_run_is_for_its_user_only(done: Run) -> None:
    assert done.token_file is not None
    assert done.token_file.stat().st_mode & 0o777 == 0o600


def test_a_failing_task_fails_the_run_with_its_log(tmp_path: Path) -> None:
    flow = Flow("sample", [Source(), Fail()])
    with pytest.raises(RunFailed, match="RuntimeError: no luck today") as caught:
        flow.run(GcpContext.local(tmp_path / "home"), progress=None)
    found = caught.value
    assert (found.stage, found.task) == ("fail", "fall-over")
    assert found.logs_uri is not None
    assert "no luck today" in Path(found.logs_uri).read_text()


def test_a_failing_run_leaves_the_engine_to_earlier_runs(tmp_path: Path) -> None:
    context = GcpContext.local(tmp_path / "home")
    first = Flow("sample", [Source()]).run(context, wait=False, progress=None)
    with pytest.raises(RunFailed):
        Flow("sample", [Source(), Fail()]).run(context, progress=None)
    first.wait()
    first.close()
    assert first.state == "SUCCEEDED"


def test_a_run_that_is_interrupted_is_cancelled(tmp_path: Path) -> None:
    def interrupt(line: str) -> None:
        if "sleep" in line:
            raise KeyboardInterrupt

    context = GcpContext.local(tmp_path / "home")
    first = Flow("sample", [Source()]).run(context, progress=None)
    with pytest.raises(KeyboardInterrupt):
        Flow("other", [Sleep()]).run(context, progress=interrupt)
    job = first._client._pipelines.list_pipeline_jobs(parent=context.parent)
    states = {one.display_name: one.state.name for one in job}
    first.close()
    assert states["other"] in ("PIPELINE_STATE_CANCELLING", "PIPELINE_STATE_CANCELLED")


def test_a_run_is_taken_up_by_the_last_part_of_its_name(tmp_path: Path) -> None:
    context = GcpContext.local(tmp_path / "home")
    first = Flow("sample", [Source()]).run(context, progress=None)
    first.close()
    again = Run.attach(context, first.job_id)
    again.close()
    assert again["source"].state == "SUCCEEDED"


def test_a_run_that_does_not_exist_leaves_no_engine_behind(tmp_path: Path) -> None:
    context = GcpContext.local(tmp_path / "home")
    with pytest.raises(ApiError, match="404 NOT_FOUND"):
        Run.attach(context, "nothing")
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    homes = [Path(f"/proc/{one}/cmdline").read_bytes() for one in children]
    assert [one for one in homes if str(tmp_path).encode() in one] == []


EXPECTED = (
    "expected the name of a pipeline job, projects/P/locations/L/pipelineJobs/ID, or its ID alone."
)


@pytest.mark.parametrize(
    "name",
    [None, 0, b"x", "", "..", "a b", "a\nb", "\ud800", "a/b", "projects/", f"{PARENT}/schedules/1"],
)
def test_what_is_no_name_of_a_run_is_not_asked_for(server: Loopback, name: Any) -> None:
    with pytest.raises(SettingError) as caught:
        Run.attach(context_at(server.url), name)
    assert str(caught.value) == f"Run.attach(context, {name!r}): {EXPECTED}"
    assert server.asked == []


def test_a_run_is_taken_up_by_its_url(server: Loopback) -> None:
    server.on(GET, job("RUNNING"))
    url = f"https://us-central1-aiplatform.googleapis.com/v1/{NAME}"
    assert Run.attach(context_at(server.url), url).name == NAME


def test_a_run_in_another_location_says_how_it_is_reached(server: Loopback) -> None:
    name = NAME.replace("us-central1", "europe-west4")
    with pytest.raises(SettingError) as caught:
        Run.attach(context_at(server.url), name)
    assert str(caught.value) == (
        f"Run.attach(context, {name!r}): the run is in europe-west4, and the context in "
        "us-central1: GcpContext(project=..., location='europe-west4')."
    )


def test_a_run_of_no_context() -> None:
    with pytest.raises(SettingError) as caught:
        Run.attach("acme", "sample-1")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "Run.attach('acme', ...): expected a GcpContext: GcpContext.local(), or "
        "GcpContext(project=...)."
    )


def test_a_failure_that_cannot_be_explained_is_said_all_the_same(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: Any) -> None:
        raise TypeError("odd")

    monkeypatch.setattr("vertex_flow.runs.failures.cloud_failure", stumble)
    server.on(GET, job("FAILED", task(1, "source", "FAILED", error="it broke")))
    run = Run.attach(context_at(server.url), "sample-1")
    with pytest.raises(RunFailed) as caught:
        run.wait()
    assert (caught.value.stage, caught.value.reason) == ("source", "it broke")


def test_a_hostile_name_of_a_stage_obeys_nobody(server: Loopback, run: Run) -> None:
    tasks = {"a\x1b[2J": {"componentRef": {"name": "x"}}}
    server.on(GET, {**job("RUNNING"), "pipelineSpec": {"root": {"dag": {"tasks": tasks}}}})
    with pytest.raises(SettingError) as caught:
        _ = run["fit"]
    assert str(caught.value) == "run sample-1 has no stage 'fit'; it has a\\x1b[2J."
