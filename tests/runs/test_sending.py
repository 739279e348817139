"""A pipeline job is created exactly once, whatever becomes of the answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform_v1

from tests.loopback import PARENT, Loopback, error, serving
from vertex_flow.calls import Patience
from vertex_flow.client import Client
from vertex_flow.errors import ApiError, SettingError
from vertex_flow.runs.sending import create_once, digest, fresh_id

CREATE, GET = f"POST /v1/{PARENT}/pipelineJobs", f"GET /v1/{PARENT}/pipelineJobs/one"
NAME = f"{PARENT}/pipelineJobs/one"
JOB = aiplatform_v1.PipelineJob(display_name="mnist", labels={"team": "vision"})
TAKEN = error(409, "ALREADY_EXISTS", "there is one")


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as server:
        yield server


@pytest.fixture
def client(server: Loopback) -> Client:
    return Client(
        server.url,
        PARENT,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        patience=Patience(attempts=2, sleep=lambda _: None),
    )


def test_the_job_carries_its_digest(server: Loopback, client: Client) -> None:
    server.on(CREATE, {"name": NAME})
    assert create_once(client, "one", JOB, repeatable=True).name == NAME
    sent = server.asked[0][3]
    assert sent["labels"] == {"team": "vision", "vertex-flow-submission": digest(JOB)}
    assert dict(JOB.labels) == {"team": "vision"}


def test_the_job_of_an_earlier_try_is_recognised(server: Loopback, client: Client) -> None:
    server.on(CREATE, TAKEN, code=409)
    server.on(GET, {"name": NAME, "labels": {"vertex-flow-submission": digest(JOB)}})
    assert create_once(client, "one", JOB, repeatable=True).name == NAME


@pytest.mark.parametrize("labels", [{}, {"vertex-flow-submission": "other"}])
def test_somebody_elses_job_is_not(
    server: Loopback, client: Client, labels: dict[str, str]
) -> None:
    server.on(CREATE, TAKEN, code=409)
    server.on(GET, {"name": NAME, "state": "PIPELINE_STATE_RUNNING", "labels": labels})
    with pytest.raises(SettingError) as caught:
        create_once(client, "one", JOB, repeatable=True)
    assert str(caught.value) == (
        "Flow.run(job_id='one'): there is a pipeline job of that id, RUNNING, which was made of "
        "another flow, or with other parameters or options. Use another job_id, or follow that "
        "one: Run.attach(context, 'one').wait()."
    )


def test_an_equal_job_of_another_call_is_not(server: Loopback, client: Client) -> None:
    server.on(CREATE, TAKEN, code=409)
    server.on(GET, {"name": NAME, "labels": {"vertex-flow-submission": digest(JOB)}})
    with pytest.raises(SettingError, match="there is a pipeline job of that id"):
        create_once(client, "one", JOB, repeatable=False)


def test_tries_of_one_call_carry_the_same_digest(server: Loopback, client: Client) -> None:
    server.on(CREATE, error(503, "UNAVAILABLE", "later"), code=503)
    with pytest.raises(ApiError):
        create_once(client, "one", JOB, repeatable=False)
    first, second = (one[3]["labels"] for one in server.asked)
    assert first == second


def test_when_no_answer_comes_nobody_knows(server: Loopback, client: Client) -> None:
    server.on(CREATE, error(503, "UNAVAILABLE", "later"), code=503)
    with pytest.raises(ApiError) as caught:
        create_once(client, "one", JOB, repeatable=True)
    assert str(caught.value) == (
        "503 UNAVAILABLE: later. Whether the run was submitted is not known\n"
        "  Cause: Vertex AI was not reached, or is overloaded.\n"
        "  Fix: look for it before another try: Run.attach(context, 'one')"
    )


def test_a_refusal_goes_through(server: Loopback, client: Client) -> None:
    server.on(CREATE, error(400, "INVALID_ARGUMENT", "no"), code=400)
    with pytest.raises(ApiError) as caught:
        create_once(client, "one", JOB, repeatable=True)
    assert str(caught.value) == "400 INVALID_ARGUMENT: no"


def test_digests_follow_from_what_is_in_a_message() -> None:
    other = aiplatform_v1.PipelineJob(display_name="other", labels={"team": "vision"})
    assert len({digest(JOB), digest(other), digest(JOB, "nonce")}) == 3
    assert digest(aiplatform_v1.PipelineJob(JOB)) == digest(JOB)


def test_ids_of_runs_are_valid_and_tell_the_time() -> None:
    assert fresh_id("mnist").startswith("mnist-20")
