"""When runs start. The first tick after the bench's START, 08:00:30, is 08:01."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.pipelines.bench import outputs
from tests.engine.schedules.bench import PARENT, ScheduleBench, told


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ScheduleBench]:
    bench = ScheduleBench(tmp_path)
    yield bench
    bench.gate.touch()
    bench.close()


def _get(bench: ScheduleBench, name: str) -> dict:
    return bench.call("GET", f"/v1/{name}")


def test_nothing_starts_before_its_time(bench: ScheduleBench) -> None:
    name = bench.schedule()
    bench.move(seconds=29)

    assert bench.jobs(name) == []
    assert _get(bench, name)["nextRunTime"] == "2031-05-05T08:01:00Z"


def test_a_run_starts_when_it_is_due_and_runs_to_its_end(bench: ScheduleBench) -> None:
    bench.gate.touch()
    name = bench.schedule()
    bench.move(seconds=30)

    job = bench.finish(bench.jobs(name)[0]["name"])

    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert job["scheduleName"] == name
    after = _get(bench, name)
    assert after["startedRunCount"] == "1"
    assert after["lastScheduledRunResponse"] == {
        "scheduledRunTime": "2031-05-05T08:01:00Z",
        "runResponse": f"Created {job['name']}.",
    }


def test_a_task_is_told_when_its_run_was_due(bench: ScheduleBench) -> None:
    request = {"parent": PARENT, "pipelineJob": bench.body(told)}
    name = bench.schedule(createPipelineJobRequest=request)
    bench.move(seconds=30)

    job = bench.finish(bench.jobs(name)[0]["name"])

    assert outputs(job, "say") == {"Output": "2031-05-05T08:01:00Z"}


def test_a_run_starts_at_each_tick(bench: ScheduleBench) -> None:
    name = bench.schedule("*/2 * * * *")
    bench.move(minutes=5)

    assert bench.due(name) == ["08:02", "08:04"]


def test_nothing_starts_before_the_start_time_which_counts_itself(bench: ScheduleBench) -> None:
    name = bench.schedule(startTime="2031-05-05T08:03:00Z")
    bench.move(minutes=4)

    assert bench.due(name) == ["08:03", "08:04"]


def test_a_schedule_is_complete_at_its_end_time(bench: ScheduleBench) -> None:
    name = bench.schedule(endTime="2031-05-05T08:02:10Z")
    bench.move(minutes=1, seconds=39)
    before = _get(bench, name)["state"]
    bench.move(seconds=1)

    assert (before, _get(bench, name)["state"]) == ("ACTIVE", "COMPLETED")
    assert bench.due(name) == ["08:01", "08:02"]
    assert "nextRunTime" not in _get(bench, name)


def test_a_schedule_is_complete_after_its_last_run(bench: ScheduleBench) -> None:
    name = bench.schedule(maxRunCount="2")
    bench.move(minutes=4)

    assert bench.due(name) == ["08:01", "08:02"]
    assert _get(bench, name)["state"] == "COMPLETED"


def test_a_run_is_left_out_while_too_many_are_under_way(bench: ScheduleBench) -> None:
    name = bench.schedule(maxConcurrentActiveRunCount="1")
    bench.move(minutes=2)
    bench.let_pass(name)
    bench.move(minutes=1)

    assert bench.due(name) == ["08:01", "08:03"]
    assert _get(bench, name)["startedRunCount"] == "2"


def test_runs_queue_up_where_that_is_allowed(bench: ScheduleBench) -> None:
    name = bench.schedule(maxConcurrentActiveRunCount="1", allowQueueing=True)
    bench.move(minutes=3)
    waiting = bench.due(name)
    bench.let_pass(name)
    bench.move(seconds=2)

    assert waiting == ["08:01"]
    assert bench.due(name) == ["08:01", "08:02"]
    assert _get(bench, name)["nextRunTime"] == "2031-05-05T08:03:00Z"


def test_as_many_runs_as_allowed_are_under_way_at_once(bench: ScheduleBench) -> None:
    name = bench.schedule(maxConcurrentActiveRunCount="2")
    bench.move(minutes=3)

    assert bench.due(name) == ["08:01", "08:02"]


def test_a_paused_schedule_starts_nothing(bench: ScheduleBench) -> None:
    name = bench.schedule()
    bench.call("POST", f"/v1/{name}:pause")
    bench.move(minutes=3)

    assert bench.jobs(name) == []
    assert _get(bench, name)["state"] == "PAUSED"


def test_what_a_pause_has_delayed_is_left_out(bench: ScheduleBench) -> None:
    name = bench.schedule()
    bench.call("POST", f"/v1/{name}:pause")
    bench.move(minutes=3)
    bench.call("POST", f"/v1/{name}:resume")
    bench.move(minutes=1)

    assert bench.due(name) == ["08:04"]


def test_catching_up_starts_what_a_pause_has_delayed(bench: ScheduleBench) -> None:
    name = bench.schedule()
    bench.call("POST", f"/v1/{name}:pause")
    bench.move(minutes=3)
    bench.call("POST", f"/v1/{name}:resume", {"catchUp": True})
    bench.move(seconds=1)

    assert bench.due(name) == ["08:01", "08:02", "08:03"]
    assert _get(bench, name)["catchUp"] is True


def test_catching_up_keeps_to_the_limit_and_leaves_nothing_out(bench: ScheduleBench) -> None:
    name = bench.schedule(maxConcurrentActiveRunCount="1")
    bench.call("POST", f"/v1/{name}:pause")
    bench.move(minutes=2)
    bench.call("POST", f"/v1/{name}:resume", {"catchUp": True})
    bench.move(seconds=1)
    first = bench.due(name)
    bench.let_pass(name)
    bench.move(seconds=1)

    assert (first, bench.due(name)) == (["08:01"], ["08:01", "08:02"])


def test_a_new_engine_goes_on_and_leaves_out_what_was_missed(bench: ScheduleBench) -> None:
    name = bench.schedule()
    bench.do(bench.background.close())
    bench.move(minutes=2)
    bench.restart()
    bench.move(minutes=1)

    assert bench.due(name) == ["08:03"]


def test_a_run_that_started_just_before_a_kill_is_counted_and_not_started_again(
    bench: ScheduleBench,
) -> None:
    name = bench.schedule()
    before = bench.store.get(bench.schedules_kind, name)
    bench.move(seconds=30)
    bench.store.save(before)  # the engine was killed before it could store the start
    bench.restart()
    bench.move(minutes=1)

    assert bench.due(name) == ["08:01", "08:02"]
    assert _get(bench, name)["startedRunCount"] == "2"


def test_a_run_that_cannot_start_says_why_and_the_next_one_is_tried(bench: ScheduleBench) -> None:
    name = bench.schedule()
    schedule = bench.store.get(bench.schedules_kind, name)
    config = schedule.create_pipeline_job_request.pipeline_job.runtime_config
    config.gcs_output_directory = "ftp://nowhere"  # refused at once where a user asks for it
    bench.store.save(schedule)
    bench.move(minutes=2)

    after = _get(bench, name)
    assert bench.jobs(name) == []
    assert after["startedRunCount"] == "2"
    response = after["lastScheduledRunResponse"]["runResponse"]
    assert response.startswith("400 INVALID_ARGUMENT: 'ftp://nowhere' is not a place")
