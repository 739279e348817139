"""What is sent to start a run again, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.jobs import NAME, job, message, task
from tests.loopback import PARENT, Loopback
from tests.samples import Source, compiled
from vertex_flow import Run
from vertex_flow.client import Client
from vertex_flow.errors import ApiError, RunFailed, SettingError
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.runs.resuming import rerun_stages

GET, CREATE = f"GET /v1/{NAME}", f"POST /v1/{PARENT}/pipelineJobs"
SENT = {
    "displayName": "sample",
    "runtimeConfig": {
        "gcsOutputDirectory": "gs://acme/root",
        "parameterValues": {"epochs": 3.0},
        "failurePolicy": 2,  # fast
    },
    "serviceAccount": "runner@acme.iam.gserviceaccount.com",
    "network": "projects/1/global/networks/default",
    "encryptionSpec": {"kmsKeyName": "key"},
}
LABELS = {
    "team": "vision",
    "vertex-flow-submission": "0123",
    "vertex-ai-pipelines-run-billing-id": "456",
}


@pytest.fixture
def run(server: Loopback) -> Run:
    return Run(Client(server.url, PARENT, "secret"), NAME)


def failed(*details: dict[str, Any]) -> dict[str, Any]:
    return {**job("FAILED", *details), **SENT, "labels": LABELS}


def test_the_same_is_sent_again_without_what_the_service_added(server: Loopback, run: Run) -> None:
    old = failed(task(1, "source", "SUCCEEDED"))
    server.on(GET, old)
    server.on(CREATE, {"name": f"{PARENT}/pipelineJobs/new"})
    new = run.resume(wait=False, progress=None)
    (sent,) = [body for verb, _, _, body in server.asked if verb == "POST"]
    submission = sent["labels"].pop("vertex-flow-submission")
    assert sent == {**SENT, "pipelineSpec": old["pipelineSpec"], "labels": {"team": "vision"}}
    assert (new.name, submission != "0123") == (f"{PARENT}/pipelineJobs/new", True)


def test_the_new_run_is_named_after_the_old_one(server: Loopback) -> None:
    name = f"{PARENT}/pipelineJobs/mnist-20260801093000-123"
    server.on(f"GET /v1/{name}", failed())
    server.on(CREATE, {"name": name})
    said: list[str] = []
    Run(Client(server.url, PARENT, "secret"), name).resume(wait=False, progress=said.append)
    (path,) = [path for verb, path, _, _ in server.asked if verb == "POST"]
    sent = path.partition("pipelineJobId=")[2].partition("&")[0]
    assert sent.startswith("mnist-20")
    assert sent.count("-") == 2
    assert said == [f"run mnist-20260801093000-123 goes on as {sent}"]


def test_it_is_followed_to_its_end(server: Loopback, run: Run) -> None:
    server.on(GET, failed(), job("RUNNING"), job("FAILED", error="quota exceeded"))
    server.on(CREATE, {"name": NAME})
    with pytest.raises(RunFailed):
        run.resume(progress=None)


def test_a_refusal_goes_through(server: Loopback, run: Run) -> None:
    server.on(GET, failed())
    with pytest.raises(ApiError):
        run.resume(progress=None)


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "CANCELLING"])
def test_a_run_that_has_not_ended(server: Loopback, run: Run, state: str) -> None:
    server.on(GET, job(state))
    with pytest.raises(SettingError) as caught:
        run.resume(progress=None)
    assert str(caught.value) == (
        f"run sample-1 is {state}: it has not ended. To follow it: Run.attach(context, "
        "'sample-1').wait(progress='auto'); to end it first: vertex-flow cancel sample-1."
    )


def test_stages_that_run_again_are_named(server: Loopback, run: Run) -> None:
    spec = compiled(Source(cache=False))
    done = {**failed(task(1, "source", "SUCCEEDED")), "pipelineSpec": spec}
    server.on(GET, done)
    server.on(CREATE, {"name": NAME})
    said: list[str] = []
    run.resume(wait=False, progress=said.append)
    assert said[1:] == ["again, as their caching is off: source"]


def test_only_what_has_succeeded_runs_again(server: Loopback, run: Run) -> None:
    spec = compiled(Source(cache=False))
    old = message({**job("FAILED", task(1, "source", "FAILED")), "pipelineSpec": spec})
    assert rerun_stages(Snapshot(old)) == ()
