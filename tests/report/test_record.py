"""A run as plain data."""

from __future__ import annotations

import json

from tests.jobs import NAME, job, message, task
from tests.loopback import PARENT
from vertex_flow.client import Client
from vertex_flow.errors import RunFailed
from vertex_flow.report.record import record
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.runs.outcomes import DeployedEndpoint, RegisteredModel

MODEL = RegisteredModel(f"{PARENT}/models/7", "2", "mnist", ("default",), "gs://acme/model")
ENDPOINT = DeployedEndpoint("e", "https://e:predict", client=Client("http://127.0.0.1:9", PARENT))


def snapshot() -> Snapshot:
    metrics = {"schemaTitle": "system.Metrics", "uri": "gs://m", "metadata": {"accuracy": 0.9}}
    details = [
        task(1, "fit", "SUCCEEDED"),
        task(2, "make-model", "SUCCEEDED", parent=1, outputs={"model": metrics}),
    ]
    return Snapshot(message(job("RUNNING", *details)))


def test_a_run_under_way() -> None:
    found = record(snapshot(), console_url=None, model=None, endpoint=None, failure=None)
    assert (found["name"], found["state"], found["console_url"]) == (NAME, "RUNNING", None)
    assert (found["model"], found["endpoint"], found["failure"]) == (None, None, None)
    assert found["stages"][1] == {
        "name": "fit",
        "state": "SUCCEEDED",
        "start": "2025-01-02T03:04:05+00:00",
        "end": "2025-01-02T03:04:07.500000+00:00",
        "seconds": 2.5,
        "outputs": {},
        "artifacts": {"model": "gs://m"},
        "metrics": {"accuracy": 0.9},
        "jobs": [],
    }


def test_what_came_out_of_it() -> None:
    found = record(snapshot(), console_url="url", model=MODEL, endpoint=ENDPOINT, failure=None)
    assert found["model"] == {
        "name": f"{PARENT}/models/7",
        "version": "2",
        "display_name": "mnist",
        "aliases": ["default"],
        "uri": "gs://acme/model",
    }
    assert found["endpoint"] == {"name": "e", "url": "https://e:predict"}


def test_why_it_failed() -> None:
    failure = RunFailed(NAME, stage="fit", task="make", cause="c", fix="f", links={"run": "url"})
    found = record(snapshot(), console_url=None, model=None, endpoint=None, failure=failure)
    assert found["failure"] == {
        "stage": "fit",
        "task": "make",
        "reason": "",
        "cause": "c",
        "fix": "f",
        "links": {"run": "url"},
        "logs": None,
    }


def test_it_can_be_written() -> None:
    found = record(snapshot(), console_url=None, model=MODEL, endpoint=ENDPOINT, failure=None)
    assert json.loads(json.dumps(found)) == found
