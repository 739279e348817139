"""Runs in experiments: Google's own SDK shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud import aiplatform

from tests.loopback import PARENT, Loopback, error, serving
from tests.official.conftest import Official, sdk
from tests.samples import Fail, Source
from vertex_flow import Flow, Param, Run
from vertex_flow.client import Client
from vertex_flow.errors import ApiError, RunFailed, SettingError
from vertex_flow.runs.experiments import associate, ensure, showing

__all__ = ["sdk"]

STORE = f"/v1/{PARENT}/metadataStores/default"
CONTEXT = f"{PARENT}/metadataStores/default/contexts/trying"
RUN = f"{PARENT}/pipelineJobs/one"
EXPERIMENT = {"name": CONTEXT, "schemaTitle": "system.Experiment"}


@pytest.fixture(scope="module")
def run(sdk: Official) -> Iterator[Run]:
    flow = Flow("sample", [Source(size=Param("size", 3))])
    run = flow.run(sdk.context, params={"size": 5}, experiment="trying", progress=None)
    yield run
    run.close()


def test_googles_sdk_shows_the_run(run: Run) -> None:
    pytest.importorskip("pandas")
    frame = aiplatform.Experiment("trying").get_data_frame()
    assert list(frame["run_name"]) == [run.job_id]
    assert list(frame["run_type"]) == ["system.PipelineRun"]
    assert list(frame["param.size"]) == [5]
    assert list(frame["state"]) == ["COMPLETE"]


def test_a_second_run_stands_beside_it(run: Run, sdk: Official) -> None:
    pytest.importorskip("pandas")
    flow = Flow("sample", [Source(size=Param("size", 3))])
    flow.run(sdk.context, params={"size": 6}, experiment="trying", progress=None)
    assert len(aiplatform.Experiment("trying").get_data_frame()) == 2


def test_a_run_that_is_resumed_stands_beside_the_first(sdk: Official) -> None:
    with pytest.raises(RunFailed) as caught:
        Flow("fails", [Fail()]).run(sdk.context, experiment="again", progress=None)
    old = Run.attach(sdk.context, caught.value.run)
    new = old.resume(wait=False, progress=None)
    found = [showing(run._reached(), run.name) for run in (old, new)]
    assert [[name.rpartition("/")[2] for name in names] for names in found] == [["again"]] * 2


def test_of_a_run_that_cannot_be_read_no_experiment_is_known(client: Client) -> None:
    assert showing(client, RUN) == ()


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as server:
        server.on(f"GET {STORE}", {"name": STORE})
        yield server


@pytest.fixture
def client(server: Loopback) -> Client:
    return Client(server.url, PARENT, "secret")


def test_an_experiment_that_is_there(server: Loopback, client: Client) -> None:
    server.on(f"GET /v1/{CONTEXT}", EXPERIMENT)
    assert ensure(client, "trying") == CONTEXT
    assert all(verb == "GET" for verb, *_ in server.asked)


def test_an_experiment_is_made_as_googles_client_makes_it(server: Loopback, client: Client) -> None:
    server.on(f"POST {STORE}/contexts", EXPERIMENT)
    assert ensure(client, "trying") == CONTEXT
    assert server.asked[-1][3] == {
        "displayName": "trying",
        "schemaTitle": "system.Experiment",
        "schemaVersion": "0.0.1",
        "metadata": {"experiment_deleted": False},
    }


def test_another_may_make_it_at_the_same_time(server: Loopback, client: Client) -> None:
    missing = error(404, "NOT_FOUND", "none")
    server.answers[f"GET /v1/{CONTEXT}"] = [(404, missing), (200, EXPERIMENT)]
    server.on(f"POST {STORE}/contexts", error(409, "ALREADY_EXISTS", "taken"), code=409)
    assert ensure(client, "trying") == CONTEXT


def test_a_refusal_to_make_it_goes_through(server: Loopback, client: Client) -> None:
    server.on(f"POST {STORE}/contexts", error(403, "PERMISSION_DENIED", "no"), code=403)
    with pytest.raises(ApiError, match="403 PERMISSION_DENIED: no"):
        ensure(client, "trying")


def test_the_metadata_store_is_made_with_the_key_of_the_run(
    server: Loopback, client: Client
) -> None:
    server.on(f"GET {STORE}", error(404, "NOT_FOUND", "none"), code=404)
    done = {
        "name": "operations/1",
        "done": True,
        "response": {"@type": "type.googleapis.com/google.cloud.aiplatform.v1.MetadataStore"},
    }
    server.on(f"POST /v1/{PARENT}/metadataStores", done)
    server.on(f"GET /v1/{CONTEXT}", EXPERIMENT)
    assert ensure(client, "trying", "some-key") == CONTEXT
    assert server.asked[1][3] == {"encryptionSpec": {"kmsKeyName": "some-key"}}


def test_another_may_make_the_metadata_store_at_the_same_time(
    server: Loopback, client: Client
) -> None:
    server.on(f"GET {STORE}", error(404, "NOT_FOUND", "none"), code=404)
    taken = error(409, "ALREADY_EXISTS", "taken")
    server.on(f"POST /v1/{PARENT}/metadataStores", taken, code=409)
    server.on(f"GET /v1/{CONTEXT}", EXPERIMENT)
    assert ensure(client, "trying") == CONTEXT


def test_a_metadata_store_that_may_not_be_made(server: Loopback, client: Client) -> None:
    server.on(f"GET {STORE}", error(404, "NOT_FOUND", "none"), code=404)
    denied = error(403, "PERMISSION_DENIED", "no")
    server.on(f"POST /v1/{PARENT}/metadataStores", denied, code=403)
    with pytest.raises(ApiError, match="403 PERMISSION_DENIED: no"):
        ensure(client, "trying")


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        ({"schemaTitle": "system.Pipeline"}, "system.Pipeline"),
        (
            {"schemaTitle": "system.Experiment", "metadata": {"tensorboard_link": "x"}},
            "system.Experiment",
        ),
        ({}, "context"),
    ],
)
def test_what_is_no_experiment(
    server: Loopback, client: Client, found: dict[str, Any], kind: str
) -> None:
    server.on(f"GET /v1/{CONTEXT}", {"name": CONTEXT, **found})
    with pytest.raises(SettingError) as caught:
        ensure(client, "trying")
    assert str(caught.value) == (
        f"experiment 'trying': there is a {kind} of that name in Vertex ML Metadata, which is no "
        "experiment. Use another name."
    )


def job(state: str, context: str = "") -> dict[str, Any]:
    detail = {"pipelineRunContext": {"name": context}} if context else {}
    return {"name": RUN, "state": f"PIPELINE_STATE_{state}", "jobDetail": detail}


def test_the_context_of_a_run_is_waited_for(server: Loopback, client: Client) -> None:
    server.on(f"GET /v1/{RUN}", job("PENDING"), job("RUNNING", "its-context"))
    server.on(f"POST /v1/{CONTEXT}:addContextChildren", {})
    pauses: list[float] = []
    assert associate(client, CONTEXT, RUN, sleep=pauses.append)
    assert pauses == [1.0]
    assert server.asked[-1][3] == {"childContexts": ["its-context"]}


def test_a_run_that_ends_without_a_context(server: Loopback, client: Client) -> None:
    server.on(f"GET /v1/{RUN}", job("FAILED"))
    assert not associate(client, CONTEXT, RUN)


def test_a_run_that_never_gets_a_context(server: Loopback, client: Client) -> None:
    server.on(f"GET /v1/{RUN}", job("RUNNING"))
    assert not associate(client, CONTEXT, RUN, sleep=lambda _: None)
