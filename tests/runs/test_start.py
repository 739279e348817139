"""How a run is started on Vertex AI: against the engine, in the place of the cloud."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import aiplatform_v1
from google.protobuf import json_format

from tests.cloud.vertex import JOBS, PARENT, Vertex, vertex_ai
from tests.samples import Fail, Fit, Source
from vertex_flow import Flow, Param, Run
from vertex_flow.errors import ApiError, PreflightError, RunFailed, SettingError

FLOW = Flow("sample", [Source(size=Param("size", 3)), Fit()])
CONSOLE = "https://console.cloud.google.com/vertex-ai/locations/us-central1/pipelines/runs"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vertex]:
    with vertex_ai(tmp_path_factory.mktemp("start") / "home", labels={"team": "vision"}) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return []


@pytest.fixture(scope="module")
def run(cloud: Vertex, lines: list[str]) -> Run:
    """A run that has succeeded."""
    return FLOW.run(
        cloud.context,
        params={"size": 4},
        job_id="sample-first",
        labels={"stage": "dev"},
        failure_policy="fast",
        progress=lines.append,
    )


def test_a_run_in_the_cloud_ends_well(run: Run) -> None:
    assert {one.name: one.state for one in run.stages} == {
        "source": "SUCCEEDED",
        "fit": "SUCCEEDED",
    }


def test_its_first_line_has_its_id_and_its_page(run: Run, lines: list[str]) -> None:
    assert lines[0] == f"run sample-first  {CONSOLE}/sample-first?project=acme"
    assert run.console_url == f"{CONSOLE}/sample-first?project=acme"


def test_what_was_sent_is_a_pipeline_job(run: Run, cloud: Vertex) -> None:
    body = cloud.between.bodies(f"{JOBS}?pipelineJobId=sample-first")[0]
    found = aiplatform_v1.PipelineJob.pb()()
    json_format.ParseDict(body, found, ignore_unknown_fields=False)
    assert found.service_account == "vertex-flow@acme.iam.gserviceaccount.com"
    assert found.runtime_config.gcs_output_directory == "gs://acme-vertex-flow/pipelines"
    assert found.runtime_config.failure_policy == 2  # FAIL_FAST


def test_its_labels(run: Run, cloud: Vertex) -> None:
    body = cloud.between.bodies(f"{JOBS}?pipelineJobId=sample-first")[0]
    labels = dict(body["labels"])
    assert len(labels.pop("vertex-flow-submission")) == 40
    assert labels == {"team": "vision", "stage": "dev", "vertex-flow-flow": "sample"}


def test_the_same_call_follows_the_run_that_is_there(run: Run, cloud: Vertex) -> None:
    again = FLOW.run(
        cloud.context,
        params={"size": 4},
        job_id="sample-first",
        labels={"stage": "dev"},
        failure_policy="fast",
        progress=None,
    )
    assert again.name == run.name
    assert cloud.jobs().count("sample") == 1


def test_another_run_of_that_id_is_refused(run: Run, cloud: Vertex) -> None:
    with pytest.raises(SettingError) as caught:
        FLOW.run(cloud.context, params={"size": 5}, job_id="sample-first", progress=None)
    assert str(caught.value) == (
        "Flow.run(job_id='sample-first'): there is a pipeline job of that id, SUCCEEDED, which "
        "was made of another flow, or with other parameters or options. Use another job_id, or "
        "follow that one: Run.attach(context, 'sample-first').wait()."
    )


def test_an_unknown_option_has_its_nearest_name(cloud: Vertex) -> None:
    with pytest.raises(SettingError) as caught:
        FLOW.run(cloud.context, sevice_account="me")  # type: ignore[call-arg]
    assert str(caught.value) == (
        "Flow.run(sevice_account='me'): there is no option 'sevice_account'; there are context, "
        "params, enable_caching, wait, progress, service_account, labels, network, "
        "encryption_key, failure_policy, experiment, tensorboard, job_id, max_cost, hours. Did "
        "you mean 'service_account'?"
    )


def test_nothing_is_sent_that_would_be_refused(cloud: Vertex) -> None:
    before = cloud.between.count(JOBS)
    with pytest.raises(PreflightError) as caught:
        FLOW.run(cloud.context, job_id="Bad_Id", network="default")
    assert len(caught.value.faults) == 2
    assert cloud.between.count(JOBS) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"params": ""},
            "params='': expected values by the names of parameters, for example {'epochs': 3}.",
        ),
        ({"enable_caching": "no"}, "enable_caching='no': expected True, False or None."),
        (
            {"progress": True},
            "Flow.run(progress=True): expected 'auto', a function of a line of text, such as "
            "print, or None.",
        ),
        (
            {"hours": "2"},
            "Flow.run(hours='2'): they are for the estimate that max_cost is compared with. "
            "Give max_cost too.",
        ),
    ],
)
def test_arguments_of_another_kind(cloud: Vertex, options: Any, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        FLOW.run(cloud.context, **options)
    assert str(caught.value) == message


def one(name: str) -> Flow:
    return Flow(name, [Source()])


def test_a_lost_answer_makes_no_second_job(cloud: Vertex) -> None:
    cloud.between.lose(JOBS)
    run = one("lost").run(cloud.context, progress=None)
    assert run.state == "SUCCEEDED"
    assert cloud.jobs().count("lost") == 1


def test_a_busy_service_is_asked_again(cloud: Vertex) -> None:
    before = cloud.between.count(JOBS)
    cloud.between.refuse(JOBS, 429)
    cloud.between.refuse(JOBS, 503)
    run = one("busy").run(cloud.context, progress=None)
    assert run.state == "SUCCEEDED"
    assert (cloud.between.count(JOBS) - before, cloud.jobs().count("busy")) == (3, 1)


def test_trouble_while_a_run_is_followed_does_not_end_it(cloud: Vertex) -> None:
    run = one("troubled").run(cloud.context, progress=None, wait=False)
    cloud.between.lose(f"GET /v1/{run.name}")
    cloud.between.refuse(f"GET /v1/{run.name}", 503)
    assert run.wait().state == "SUCCEEDED"


def test_a_refusal_has_its_cause(cloud: Vertex, monkeypatch: pytest.MonkeyPatch) -> None:
    account = "robot@acme.iam.gserviceaccount.com"
    message = f"You do not have permission to act as service_account: {account}. (or it may not)"

    def refuse(*_: Any, **__: Any) -> None:
        raise ApiError(400, "INVALID_ARGUMENT", message)

    monkeypatch.setattr("vertex_flow.client.Client.create_pipeline_job", refuse)
    with pytest.raises(ApiError) as caught:
        one("refused").run(cloud.context, progress=None, service_account=account)
    assert caught.value.cause == (
        f"the caller may not act as the service account {account}, or it does not exist."
    )


def test_a_failing_task_fails_the_run(cloud: Vertex) -> None:
    with pytest.raises(RunFailed) as caught:
        Flow("failing", [Fail()]).run(cloud.context, progress=None, job_id="failing")
    found = caught.value
    assert (found.stage, found.task) == ("fail", "fall-over")
    assert found.cause.startswith("RuntimeError: no luck today, raised at ephemeral_component.py:")
    assert found.links["run"] == f"{CONSOLE}/failing?project=acme"


def test_a_run_is_put_into_its_experiment(cloud: Vertex) -> None:
    run = one("tried").run(cloud.context, experiment="trying", progress=None)
    with cloud.context.apis as apis:
        found = apis.vertex.metadata_context(run.job_id)
    assert found is not None
    assert f"{PARENT}/metadataStores/default/contexts/trying" in found.parent_contexts


def test_the_service_says_how_an_experiment_is_called(
    cloud: Vertex, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "projects/123/locations/us-central1/metadataStores/default/contexts/trying"
    asked: list[str] = []

    def associate(_: Any, experiment: str, __: str) -> bool:
        asked.append(experiment)
        return True

    monkeypatch.setattr("vertex_flow.runs.experiments.ensure", lambda *_: name)
    monkeypatch.setattr("vertex_flow.runs.experiments.associate", associate)
    one("numbered").run(cloud.context, experiment="trying", progress=None)
    assert asked == [name]


def test_a_refused_experiment_has_its_cause(cloud: Vertex, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise ApiError(400, "INVALID_ARGUMENT", "Machine type 'x1' is not supported")

    monkeypatch.setattr("vertex_flow.runs.experiments.ensure", refuse)
    with pytest.raises(ApiError) as caught:
        one("refused").run(cloud.context, experiment="trying", progress=None)
    assert caught.value.cause.startswith("there are no machines of type x1")


def test_a_run_that_no_experiment_can_show_goes_on(
    cloud: Vertex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vertex_flow.runs.experiments.associate", lambda *_: False)
    lines: list[str] = []
    run = one("hidden").run(
        cloud.context, experiment="trying", job_id="hidden", progress=lines.append
    )
    assert run.state == "SUCCEEDED"
    assert lines[1] == (
        "run hidden is not shown in experiment trying: it has no context in Vertex ML Metadata."
    )


def test_ctrl_c_while_an_experiment_waits_for_the_run(
    cloud: Vertex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("vertex_flow.runs.experiments.associate", interrupt)
    lines: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        one("early").run(cloud.context, experiment="trying", job_id="early", progress=lines.append)
    assert [line.split()[0] for line in lines] == ["run", "detached:"]


def test_without_progress_a_run_that_is_not_shown_warns(
    cloud: Vertex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> bool:
        raise ApiError(403, "PERMISSION_DENIED", "not yours")

    monkeypatch.setattr("vertex_flow.runs.experiments.associate", refuse)
    with pytest.warns(RuntimeWarning, match="run quiet is not shown in experiment trying: not yo"):
        one("quiet").run(cloud.context, experiment="trying", job_id="quiet", progress=None)


def test_ctrl_c_while_a_run_is_submitted(cloud: Vertex, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vertex_flow.client.Client.create_pipeline_job", interrupt)
    lines: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        one("cut").run(cloud.context, job_id="cut", progress=lines.append)
    assert lines == [
        "interrupted while it was submitted; whether there is a run is not known. To look for it: "
        "Run.attach(context, 'cut')"
    ]


PROGRAM = """
import sys
from google.oauth2.credentials import Credentials
from tests.samples import Sleep
from vertex_flow import Flow, GcpContext

context = GcpContext(
    project="acme", credentials=Credentials(sys.argv[2]), api_endpoints={"aiplatform": sys.argv[1]}
)
say = lambda line: print(line, flush=True)
Flow("sleepy", [Sleep()]).run(context, job_id="sleepy", progress=say)
"""


def test_ctrl_c_detaches(cloud: Vertex) -> None:
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), cloud.between.url]
    program = subprocess.Popen(
        [*command, cloud.engine.token],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert program.stdout is not None
    for line in program.stdout:
        if "running" in line:
            program.send_signal(signal.SIGINT)
            break
    out, err = program.communicate(timeout=60)
    run = Run.attach(cloud.context, "sleepy")
    state = run.state
    run.cancel()
    assert state == "RUNNING"
    assert out.splitlines()[-1] == (
        "detached: the run goes on. To follow it again: Run.attach(GcpContext(project='acme', "
        "location='us-central1'), 'sleepy').wait(progress='auto')"
    )
    assert err.splitlines()[-1] == "KeyboardInterrupt"
