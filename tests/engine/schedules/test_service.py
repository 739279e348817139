"""The methods of schedules."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.schedules.bench import PARENT, SCHEDULES, ScheduleBench
from vertex_flow.errors import ApiError


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScheduleBench]:
    bench = ScheduleBench(tmp_path_factory.mktemp("bench"))
    bench.gate.touch()
    yield bench
    bench.close()


def _refused(bench: ScheduleBench, verb: str, path: str, body: Any = None, **query: str) -> str:
    with pytest.raises(ApiError) as error:
        bench.call(verb, path, body, **query)
    return str(error.value)


def _refused_fields(bench: ScheduleBench, **fields: Any) -> str:
    return _refused(bench, "POST", SCHEDULES, bench.wanted(**fields))


def _state(bench: ScheduleBench, name: str) -> str:
    return bench.call("GET", f"/v1/{name}")["state"]


def test_a_new_schedule_is_active_and_knows_its_next_run(bench: ScheduleBench) -> None:
    schedule = bench.call("POST", SCHEDULES, bench.wanted("0 12 * * *"))

    assert schedule["name"].startswith(f"{PARENT}/schedules/")
    assert schedule["state"] == "ACTIVE"
    assert schedule["nextRunTime"].endswith("T12:00:00Z")
    assert schedule["startTime"] == schedule["createTime"]


def test_what_only_the_service_sets_does_not_count(bench: ScheduleBench) -> None:
    body = bench.wanted() | {"state": "PAUSED", "startedRunCount": "7", "name": "mine"}
    schedule = bench.call("POST", SCHEDULES, body)

    assert schedule["state"] == "ACTIVE"
    assert "startedRunCount" not in schedule
    assert schedule["name"] != "mine"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"displayName": None}, "schedule.display_name is required."),
        (
            {"displayName": "x" * 129},
            "schedule.display_name has 129 characters; at most 128 are allowed.",
        ),
        ({"cron": None}, "schedule.cron is required, for example '30 8 * * 1-5'."),
        (
            {"maxConcurrentRunCount": None},
            "schedule.max_concurrent_run_count is required: a number of 1 or more.",
        ),
        (
            {"maxRunCount": "-1"},
            "schedule.max_run_count is -1: expected 0, for no limit, or more.",
        ),
        (
            {"startTime": "2031-05-06T00:00:00Z", "endTime": "2031-05-05T00:00:00Z"},
            "schedule.end_time 2031-05-05T00:00:00Z is not later than its start, "
            "2031-05-06T00:00:00Z.",
        ),
        (
            {"createPipelineJobRequest": None},
            "schedule.create_pipeline_job_request is required: what each run starts.",
        ),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(
    bench: ScheduleBench, fields: dict[str, Any], message: str
) -> None:
    assert _refused_fields(bench, **fields) == f"400 INVALID_ARGUMENT: {message}"


def test_a_pipeline_that_cannot_run_is_refused_at_once(bench: ScheduleBench) -> None:
    request = bench.wanted()["createPipelineJobRequest"]
    del request["pipelineJob"]["runtimeConfig"]["parameterValues"]["path"]

    assert "path" in _refused_fields(bench, createPipelineJobRequest=request)


def test_the_pipeline_job_is_in_the_schedules_location(bench: ScheduleBench) -> None:
    request = bench.wanted()["createPipelineJobRequest"] | {"parent": "projects/q/locations/x"}

    assert _refused_fields(bench, createPipelineJobRequest=request) == (
        "400 INVALID_ARGUMENT: schedule.create_pipeline_job_request.parent is "
        f"'projects/q/locations/x': expected the schedule's own, '{PARENT}'."
    )


def test_runs_have_ids_of_their_own(bench: ScheduleBench) -> None:
    request = bench.wanted()["createPipelineJobRequest"] | {"pipelineJobId": "fixed"}

    assert "pipeline_job_id must be empty" in _refused_fields(
        bench, createPipelineJobRequest=request
    )


def test_notebooks_by_the_clock_are_refused_by_name(bench: ScheduleBench) -> None:
    message = _refused_fields(
        bench, createPipelineJobRequest=None, createNotebookExecutionJobRequest={"parent": PARENT}
    )

    assert "create_notebook_execution_job_request" in message


def test_schedules_are_listed_by_filter(bench: ScheduleBench) -> None:
    bench.schedule(displayName="weekly report")
    found = bench.call("GET", SCHEDULES, filter='display_name="weekly report"')

    assert [one["displayName"] for one in found["schedules"]] == ["weekly report"]


def test_an_update_changes_what_its_mask_names_and_the_next_run(bench: ScheduleBench) -> None:
    name = bench.schedule("0 12 * * *")
    change = {"cron": "0 13 * * *", "displayName": "not in the mask"}
    changed = bench.call("PATCH", f"/v1/{name}", change, updateMask="cron")

    assert changed["nextRunTime"].endswith("T13:00:00Z")
    assert changed["displayName"] == "every minute"


def test_an_update_that_cannot_be_changes_nothing(bench: ScheduleBench) -> None:
    name = bench.schedule("0 12 * * *")
    message = _refused(bench, "PATCH", f"/v1/{name}", {"cron": "nonsense"}, updateMask="cron")

    assert "Invalid cron 'nonsense'" in message
    assert bench.call("GET", f"/v1/{name}")["cron"] == "0 12 * * *"


def test_what_only_the_service_sets_cannot_be_updated(bench: ScheduleBench) -> None:
    name = bench.schedule()
    message = _refused(bench, "PATCH", f"/v1/{name}", {"state": "PAUSED"}, updateMask="state")

    assert "update_mask: 'state' of a Schedule cannot be updated" in message


def test_pausing_and_resuming(bench: ScheduleBench) -> None:
    name = bench.schedule()
    bench.call("POST", f"/v1/{name}:pause")
    paused = bench.call("GET", f"/v1/{name}")
    bench.call("POST", f"/v1/{name}:resume")
    resumed = bench.call("GET", f"/v1/{name}")

    assert (paused["state"], resumed["state"]) == ("PAUSED", "ACTIVE")
    assert paused["lastPauseTime"]
    assert resumed["lastResumeTime"]


def test_only_a_paused_schedule_can_be_resumed(bench: ScheduleBench) -> None:
    name = bench.schedule()

    assert _refused(bench, "POST", f"/v1/{name}:resume") == (
        f"400 FAILED_PRECONDITION: The Schedule {name!r} is in state ACTIVE: only a paused "
        "schedule can be resumed."
    )


@pytest.mark.parametrize(("verb", "change"), [("pause", "paused"), ("resume", "resumed")])
def test_a_complete_schedule_stays_complete(bench: ScheduleBench, verb: str, change: str) -> None:
    name = bench.schedule(maxRunCount="1")
    bench.move(minutes=1, seconds=1)

    assert _refused(bench, "POST", f"/v1/{name}:{verb}") == (
        f"400 FAILED_PRECONDITION: The Schedule {name!r} is complete and cannot be {change}: "
        "create a new one."
    )


def test_a_deleted_schedule_starts_nothing_more(bench: ScheduleBench) -> None:
    name = bench.schedule()
    operation = bench.call("DELETE", f"/v1/{name}")
    bench.move(minutes=2)

    assert operation["done"]
    assert bench.jobs(name) == []
    assert "404 NOT_FOUND" in _refused(bench, "GET", f"/v1/{name}")


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_an_unknown_schedule_is_not_found(bench: ScheduleBench, verb: str) -> None:
    name = f"{PARENT}/schedules/1"

    assert _refused(bench, "POST", f"/v1/{name}:{verb}") == (
        f'404 NOT_FOUND: The Schedule "{name}" does not exist.'
    )


def test_requests_at_the_same_time_do_not_get_in_each_others_way(bench: ScheduleBench) -> None:
    name = bench.schedule()

    async def together() -> None:
        change = {"cron": "0 * * * *"}
        call = bench.router.call
        await asyncio.gather(
            call("PATCH", f"/v1/{name}", {"updateMask": "cron"}, change),
            call("PATCH", f"/v1/{name}", {"updateMask": "cron"}, change),
            call("POST", f"/v1/{name}:pause", {}, {}),
        )

    bench.do(together())

    assert not bench.background.running(name)
    assert _state(bench, name) == "PAUSED"
