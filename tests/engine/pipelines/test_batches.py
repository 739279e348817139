"""Many jobs in one request. No future annotations: KFP reads the real ones."""

import pytest
from kfp import dsl

from tests.engine.pipelines import components as ops
from tests.engine.pipelines.bench import COLLECTION, PARENT, Bench
from vertex_flow.errors import ApiError


@dsl.pipeline(name="quick")
def quick():
    ops.say(text="x")


@dsl.pipeline(name="endless")
def endless():
    ops.sleep()


def _done(bench: Bench, method: str, *names: str) -> dict:
    operation = bench.call("POST", f"{COLLECTION}:{method}", {"names": list(names)})
    return bench.call("POST", f"/v1/{operation['name']}:wait", {})["response"]


def _refused(bench: Bench, method: str, *names: str) -> str:
    with pytest.raises(ApiError) as error:
        bench.call("POST", f"{COLLECTION}:{method}", {"names": list(names)})
    return str(error.value)


def test_jobs_are_deleted_together(bench: Bench) -> None:
    names = [bench.run(quick)["name"] for _ in range(2)]

    deleted = _done(bench, "batchDelete", *names)["pipelineJobs"]

    assert [job["name"] for job in deleted] == names
    for name in names:
        with pytest.raises(ApiError, match="404"):
            bench.get(name)


def test_none_is_deleted_when_one_runs(bench: Bench) -> None:
    over, running = bench.run(quick)["name"], bench.create(endless)["name"]

    assert "cannot be deleted" in _refused(bench, "batchDelete", over, running)
    assert bench.get(over)["state"] == "PIPELINE_STATE_SUCCEEDED"


def test_jobs_are_cancelled_together(bench: Bench) -> None:
    over, running = bench.run(quick)["name"], bench.create(endless)["name"]

    cancelled = _done(bench, "batchCancel", over, running)["pipelineJobs"]

    assert [job["state"] for job in cancelled] == [
        "PIPELINE_STATE_SUCCEEDED",
        "PIPELINE_STATE_CANCELLED",
    ]


def test_a_batch_has_1_to_32_jobs(bench: Bench) -> None:
    assert _refused(bench, "batchDelete") == (
        "400 INVALID_ARGUMENT: names has 0 entries: expected 1 to 32 pipeline jobs."
    )
    assert "names has 33 entries" in _refused(bench, "batchCancel", *["x"] * 33)


def test_a_batch_is_of_one_location(bench: Bench) -> None:
    other = "projects/p/locations/elsewhere/pipelineJobs/x"

    assert _refused(bench, "batchCancel", other) == (
        f"400 INVALID_ARGUMENT: names: {other!r} is no pipeline job of {PARENT!r}."
    )
