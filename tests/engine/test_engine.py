from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import (
    CustomJob,
    HyperparameterTuningJob,
    PipelineJob,
    PipelineState,
)
from kfp import dsl

from tests.engine.pipelines import components
from tests.engine.pipelines.bench import spec_of
from vertex_flow.engine.engine import Engine
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store

HERE = "projects/acme/locations/us-central1"


def play(home: Home, scenario: Callable[[Engine], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        engine = Engine(home, endpoint="http://127.0.0.1:1")
        try:
            await engine.start()
            return await scenario(engine)
        finally:
            await engine.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    "collection",
    ["customJobs", "endpoints", "hyperparameterTuningJobs", "models", "pipelineJobs", "operations"],
)
def test_every_collection_is_there(home: Home, collection: str) -> None:
    assert play(home, lambda engine: engine.router.call("GET", f"/v1/{HERE}/{collection}")) == {}


@pytest.mark.parametrize(
    ("collection", "job"),
    [
        ("customJobs", CustomJob(state="JOB_STATE_RUNNING")),
        ("hyperparameterTuningJobs", HyperparameterTuningJob(state="JOB_STATE_RUNNING")),
        ("pipelineJobs", PipelineJob(state="PIPELINE_STATE_RUNNING")),
    ],
)
def test_what_a_killed_engine_left_running_has_failed(
    home: Home, store: Store, collection: str, job: Any
) -> None:
    job.name = f"{HERE}/{collection}/1"
    store.save(job)

    found = play(home, lambda engine: engine.router.call("GET", f"/v1/{job.name}"))

    assert (found["state"].rpartition("_")[2], "engine stopped" in found["error"]["message"]) == (
        "FAILED",
        True,
    )


@pytest.mark.parametrize(
    ("standing", "state"),
    [(True, PipelineState.PIPELINE_STATE_RUNNING), (False, PipelineState.PIPELINE_STATE_CANCELLED)],
)
def test_a_standing_engine_that_is_closed_leaves_its_pipelines_to_the_next(
    home: Home, standing: bool, state: PipelineState
) -> None:
    @dsl.pipeline(name="sleep")
    def pipeline():
        components.sleep()

    async def scene() -> None:
        engine = Engine(home, endpoint="http://127.0.0.1:1", standing=standing)
        await engine.start()
        config = {"gcsOutputDirectory": "gs://bucket/root"}
        body = {"pipelineSpec": spec_of(pipeline), "runtimeConfig": config}
        job = await engine.router.call("POST", f"/v1/{HERE}/pipelineJobs", {}, body)
        while job["state"] != "PIPELINE_STATE_RUNNING":
            await asyncio.sleep(0.01)
            job = await engine.router.call("GET", f"/v1/{job['name']}")
        await engine.close()

    asyncio.run(scene())
    store = Store(home.database)
    assert [job.state for job in store.all(PipelineJob)] == [state]
    store.close()


def test_an_engine_with_docker_first_removes_what_another_one_left(
    home: Home, docker: Callable[[], list[list[str]]]
) -> None:
    async def scenario() -> None:
        engine = Engine(home, endpoint="http://127.0.0.1:1", runner="docker")
        try:
            await engine.start()
        finally:
            await engine.close()

    asyncio.run(scenario())
    assert [words[0] for words in docker()] == ["ps"]
