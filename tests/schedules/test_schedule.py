"""Schedules: made, changed, paused and deleted, on the engine by the code path of the cloud."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from tests.loopback import PARENT, Loopback, context_at, serving
from tests.samples import Fit, Source
from vertex_flow import Flow, GcpContext, Param, Schedule
from vertex_flow.client import Client
from vertex_flow.errors import ApiError, EngineError, SettingError
from vertex_flow.testing import VertexEngine

DAILY = "0 3 * * *"
ONE = f"{PARENT}/schedules/1"
LIST = f"GET /v1/{PARENT}/schedules"
CREATE = f"POST /v1/{PARENT}/schedules"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VertexEngine]:
    with VertexEngine.start(tmp_path_factory.mktemp("schedules") / "home") as engine:
        yield engine


@pytest.fixture
def context(engine: VertexEngine) -> Iterator[GcpContext]:
    """The engine of this module, without schedules."""
    yield engine.context
    for one in engine.context.vertex.schedules():
        engine.context.vertex.delete_schedule(one.name)


@pytest.fixture
def flow() -> Flow:
    return Flow("nightly", [Source(size=Param("size", 3)), Fit()])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests that change schedules."""
    asked: list[str] = []
    for name in ("create_schedule", "update_schedule", "delete_schedule", "pause_schedule"):
        method = getattr(Client, name)

        def noted(*args: Any, _name: str = name, _method: Any = method, **more: Any) -> Any:
            asked.append(_name.partition("_")[0])
            return _method(*args, **more)

        monkeypatch.setattr(Client, name, noted)
    return asked


def names(context: GcpContext) -> list[str]:
    return [one.display_name for one in Schedule.list(context)]


def test_a_new_schedule(context: GcpContext, flow: Flow) -> None:
    schedule = flow.schedule(context, DAILY, timezone="Europe/Berlin")
    assert (schedule.display_name, schedule.flow, schedule.cron, schedule.state) == (
        "nightly",
        "nightly",
        "TZ=Europe/Berlin 0 3 * * *",
        "ACTIVE",
    )
    assert schedule.next_run is not None
    assert schedule.next_run.astimezone(ZoneInfo("Europe/Berlin")).hour == 3
    assert (schedule.started, schedule.last_answer, schedule.runs()) == (0, "", ())


def test_what_is_sent(context: GcpContext, flow: Flow) -> None:
    start = datetime(2031, 1, 31, 8)
    schedule = flow.schedule(
        context,
        DAILY,
        timezone="Asia/Tokyo",
        name="tokyo",
        params={"size": 5},
        max_concurrent=2,
        max_runs=7,
        start=start,
        end=datetime(2032, 1, 31, tzinfo=timezone.utc),
    )
    message = context.vertex.get_schedule(schedule.name)
    assert (message.max_concurrent_run_count, message.max_concurrent_active_run_count) == (2, 2)
    assert (message.max_run_count, message.display_name) == (7, "tokyo")
    assert message.start_time == start.replace(tzinfo=ZoneInfo("Asia/Tokyo"))
    assert message.end_time == datetime(2032, 1, 31, tzinfo=timezone.utc)
    job = message.create_pipeline_job_request.pipeline_job
    assert (job.runtime_config.parameter_values["size"], job.display_name) == (5, "nightly")


def test_the_same_again_sends_nothing(context: GcpContext, flow: Flow, asked: list[str]) -> None:
    settings: dict[str, Any] = {"max_runs": 3, "end": datetime(2040, 1, 1), "params": {"size": 4}}
    first = flow.schedule(context, DAILY, **settings)
    again = flow.schedule(context, DAILY, **settings)
    assert (again.name, asked) == (first.name, ["create"])


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"timezone": "Asia/Tokyo"}, "cron", "TZ=Asia/Tokyo 0 3 * * *"),
        ({"max_concurrent": 2}, "max_concurrent_active_run_count", 2),
        ({"max_runs": 9}, "max_run_count", 9),
        ({"end": datetime(2040, 1, 1)}, "end_time", datetime(2040, 1, 1, tzinfo=timezone.utc)),
        ({"start": datetime(2031, 1, 1)}, "start_time", datetime(2031, 1, 1, tzinfo=timezone.utc)),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_what_differs_is_changed(
    context: GcpContext, flow: Flow, change: dict[str, Any], field: str, expected: Any
) -> None:
    first = flow.schedule(context, DAILY)
    again = flow.schedule(context, DAILY, **change)
    assert again.name == first.name
    assert getattr(context.vertex.get_schedule(first.name), field) == expected


def test_a_flow_that_differs_is_changed(context: GcpContext, flow: Flow, asked: list[str]) -> None:
    first = flow.schedule(context, DAILY)
    again = flow.replace("source", Source(size=9)).schedule(context, DAILY)
    assert (again.name, asked) == (first.name, ["create", "update"])
    message = context.vertex.get_schedule(first.name)
    config = message.create_pipeline_job_request.pipeline_job.runtime_config
    assert "size" not in config.parameter_values


def test_a_paused_schedule_stays_paused(context: GcpContext, flow: Flow) -> None:
    flow.schedule(context, DAILY).pause()
    assert flow.schedule(context, "0 4 * * *").state == "PAUSED"


def test_pause_and_resume(context: GcpContext, flow: Flow, asked: list[str]) -> None:
    schedule = flow.schedule(context, DAILY)
    assert schedule.pause().pause().state == "PAUSED"
    assert schedule.resume().resume().state == "ACTIVE"
    assert asked == ["create", "pause"]


def test_missed_runs_can_come_first(context: GcpContext, flow: Flow) -> None:
    schedule = flow.schedule(context, DAILY).pause().resume(catch_up=True)
    assert context.vertex.get_schedule(schedule.name).catch_up


def test_a_deleted_schedule_is_gone(context: GcpContext, flow: Flow) -> None:
    schedule = flow.schedule(context, DAILY)
    schedule.delete()
    schedule.delete()
    assert names(context) == []


def test_a_schedule_is_taken_up_by_either_name(context: GcpContext, flow: Flow) -> None:
    first = flow.schedule(context, DAILY)
    assert Schedule.attach(context, "nightly").name == first.name
    assert Schedule.attach(context, first.name).display_name == "nightly"


def test_a_schedule_that_is_not_there(context: GcpContext, flow: Flow) -> None:
    flow.schedule(context, DAILY)
    with pytest.raises(SettingError) as caught:
        Schedule.attach(context, "nihgtly")
    assert str(caught.value) == (
        "there is no schedule 'nihgtly' in projects/local/locations/us-central1; it has nightly. "
        "Did you mean 'nightly'?"
    )
    with pytest.raises(ApiError, match="404 NOT_FOUND"):
        Schedule.attach(context, f"{context.parent}/schedules/1")


def test_two_schedules_of_a_name(context: GcpContext, flow: Flow) -> None:
    first = flow.schedule(context, DAILY)
    message = context.vertex.get_schedule(first.name)
    second = context.vertex.create_schedule(message)
    for ask in (lambda: flow.schedule(context, DAILY), lambda: Schedule.attach(context, "nightly")):
        with pytest.raises(SettingError) as caught:
            ask()
        assert str(caught.value) == (
            f"2 schedules have the name 'nightly':\n  {first.name}\n  {second.name}\n"
            "Delete all but one: Schedule.attach(context, '<one of these>').delete()."
        )


def test_schedules_of_others_are_not_listed(context: GcpContext, flow: Flow) -> None:
    message = context.vertex.get_schedule(flow.schedule(context, DAILY).name)
    message.display_name = "theirs"
    message.create_pipeline_job_request.pipeline_job.labels.clear()
    context.vertex.create_schedule(message)
    assert names(context) == ["nightly"]


@pytest.mark.parametrize("name", ['say "hi"', "back\\slash", "schön ☃", "a AND b"])
def test_names_of_any_characters(context: GcpContext, flow: Flow, name: str) -> None:
    first = flow.schedule(context, DAILY, name=name)
    assert flow.schedule(context, DAILY, name=name).name == first.name


def test_a_limit_is_not_taken_away(context: GcpContext, flow: Flow) -> None:
    flow.schedule(context, DAILY, end=datetime(2040, 1, 31, 8))
    with pytest.raises(SettingError) as caught:
        flow.schedule(context, DAILY)
    assert str(caught.value) == (
        "schedule 'nightly' has end=2040-01-31 08:00 UTC, and Vertex AI takes no such limit away "
        "again. Give end, or delete the schedule first: "
        "Schedule.attach(context, 'nightly').delete()."
    )


def test_a_schedule_that_starts_no_more_runs_is_followed_by_a_new_one(
    context: GcpContext, flow: Flow
) -> None:
    soon = datetime.now(timezone.utc) + timedelta(seconds=1)
    first = flow.schedule(context, DAILY, end=soon)
    while first.refresh().state != "COMPLETED":  # the time limit of tests ends the wait
        pass
    second = flow.schedule(context, DAILY)
    assert first.next_run is None
    assert second.name != first.name
    assert Schedule.attach(context, "nightly").name == second.name


def test_a_schedule_that_is_deleted_while_it_is_changed_is_made_anew(
    context: GcpContext, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = flow.schedule(context, DAILY)
    update = Client.update_schedule

    def late(self: Client, *args: Any) -> Any:
        first.delete()
        return update(self, *args)

    monkeypatch.setattr(Client, "update_schedule", late)
    second = flow.schedule(context, "0 4 * * *")
    assert [one.name for one in Schedule.list(context)] == [second.name]
    assert second.cron == "TZ=UTC 0 4 * * *"


@pytest.mark.parametrize("name", [None, 5, "projects/", f"{PARENT}/pipelineJobs/1"])
def test_what_is_no_name_of_a_schedule(acme: GcpContext, server: Loopback, name: Any) -> None:
    with pytest.raises(SettingError) as caught:
        Schedule.attach(acme, name)
    assert str(caught.value) == (
        f"Schedule.attach(context, {name!r}): expected the display name of a schedule, or "
        "projects/P/locations/L/schedules/ID."
    )
    assert server.asked == []


def test_another_program_was_quicker(
    context: GcpContext, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = Client.create_schedule

    def late(self: Client, schedule: Any) -> Any:
        create(self, schedule)
        return create(self, schedule)

    monkeypatch.setattr(Client, "create_schedule", late)
    schedule = flow.schedule(context, DAILY)
    assert [one.name for one in Schedule.list(context)] == [schedule.name]


def test_a_request_that_was_sent_three_times_makes_one(
    context: GcpContext, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = Client.create_schedule

    def again(self: Client, schedule: Any) -> Any:
        return [create(self, schedule) for _ in range(3)][-1]

    monkeypatch.setattr(Client, "create_schedule", again)
    schedule = flow.schedule(context, DAILY)
    assert [one.name for one in Schedule.list(context)] == [schedule.name]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": ""}, "schedule(name=''): expected 1 to 128 characters."),
        ({"name": 5}, "schedule(name=5): expected 1 to 128 characters."),
        (
            {"max_concurrent": 0},
            "schedule(max_concurrent=0): expected a whole number of at least 1.",
        ),
        ({"name": "\ud800"}, r"schedule(name='\ud800'): expected 1 to 128 characters."),
        (
            {"max_runs": 2**63},
            f"schedule(max_runs={2**63}): expected a whole number of at least 0.",
        ),
        (
            {"end": datetime.max},
            f"schedule(end={datetime.max!r}): expected a datetime, for example "
            "datetime(2030, 1, 31, 8).",
        ),
        (
            {"timezone": ""},
            "schedule(timezone=''): there is no such time zone in the IANA database; expected one "
            "such as 'Europe/Berlin' or 'UTC'.",
        ),
        ({"max_runs": -1}, "schedule(max_runs=-1): expected a whole number of at least 0."),
        ({"max_runs": True}, "schedule(max_runs=True): expected a whole number of at least 0."),
        (
            {"start": "tomorrow"},
            "schedule(start='tomorrow'): expected a datetime, for example "
            "datetime(2030, 1, 31, 8).",
        ),
        (
            {
                "start": datetime(2031, 1, 1, 1),
                "end": datetime(2031, 1, 1, tzinfo=timezone.utc),
                "timezone": "Europe/London",
            },
            "schedule(start=datetime.datetime(2031, 1, 1, 1, 0), end=datetime.datetime(2031, 1, 1, "
            "0, 0, tzinfo=datetime.timezone.utc)): the end is not later than the start, in "
            "Europe/London.",
        ),
    ],
    ids=str,
)
def test_settings_are_checked(flow: Flow, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        flow.schedule(GcpContext(project="acme"), DAILY, **settings)
    assert str(caught.value) == message


def test_a_context_that_is_none(flow: Flow) -> None:
    nothing: Any = "acme"
    with pytest.raises(SettingError) as caught:
        flow.schedule(nothing, DAILY)
    assert str(caught.value) == (
        "Flow.schedule('acme'): expected a GcpContext: GcpContext.local(), or "
        "GcpContext(project=...)."
    )


def test_this_machine_needs_a_standing_engine(flow: Flow, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with pytest.raises(EngineError) as caught:
        flow.schedule(GcpContext.local(home), DAILY)
    assert str(caught.value) == (
        f"no engine stands in {home}, and one that a program starts for itself ends with it. "
        f"Start one that stays: vertex-flow up --home {home}"
    )


# The cloud, by the same code path.


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as server:
        yield server


@pytest.fixture
def acme(server: Loopback) -> GcpContext:
    return context_at(server.url)


def listed(number: int) -> dict[str, Any]:
    return {
        "name": f"{PARENT}/schedules/{number}",
        "displayName": "nightly",
        "state": "ACTIVE",
        "createTime": f"2026-01-0{number}T00:00:00Z",
    }


def test_the_cloud_is_told_the_same(server: Loopback, acme: GcpContext, flow: Flow) -> None:
    server.on(LIST, {})
    server.on(CREATE, listed(1))
    assert flow.schedule(acme, DAILY, timezone="Europe/Berlin").name == ONE
    (sent,) = [body for verb, _, _, body in server.asked if verb == "POST"]
    assert (sent["displayName"], sent["cron"]) == ("nightly", "TZ=Europe/Berlin 0 3 * * *")
    request = sent["createPipelineJobRequest"]
    assert request["parent"] == PARENT
    assert request["pipelineJob"]["labels"]["vertex-flow-flow"] == "nightly"


def test_pages_are_read_to_the_end(server: Loopback, acme: GcpContext, flow: Flow) -> None:
    server.on(LIST, {"nextPageToken": "more"}, {"schedules": [listed(2)]})
    server.on(f"PATCH /v1/{PARENT}/schedules/2", listed(2))
    assert flow.schedule(acme, DAILY).name == f"{PARENT}/schedules/2"
    assert "pageToken=more" in server.asked[1][1]
    assert "updateMask=" in server.asked[2][1]


def test_the_older_of_two_that_were_made_at_once_stays(
    server: Loopback, acme: GcpContext, flow: Flow
) -> None:
    server.on(LIST, {}, {"schedules": [listed(2), listed(1)]})
    server.on(CREATE, listed(2))
    server.on(f"DELETE /v1/{PARENT}/schedules/2", {"name": "operations/1", "done": True})
    server.on(f"PATCH /v1/{ONE}", listed(1))
    assert flow.schedule(acme, DAILY).name == ONE
    assert [verb for verb, *_ in server.asked] == ["GET", "POST", "GET", "DELETE", "PATCH"]


def test_its_runs_are_the_newest_first(server: Loopback, acme: GcpContext) -> None:
    jobs = [{"name": f"{PARENT}/pipelineJobs/nightly-{number}"} for number in (3, 2, 1)]
    server.on(f"GET /v1/{ONE}", listed(1))
    server.on(f"GET /v1/{PARENT}/pipelineJobs", {"pipelineJobs": jobs})
    runs = Schedule.attach(acme, ONE).runs(2)
    assert [run.job_id for run in runs] == ["nightly-3", "nightly-2"]
    query = parse_qs(urlsplit(server.asked[-1][1]).query)
    assert query["filter"] == [f'schedule_name="{ONE}"']
    assert query["orderBy"] == ["create_time desc"]


def test_what_came_of_the_last_run(server: Loopback, acme: GcpContext) -> None:
    response = {"scheduledRunTime": "2026-01-02T03:00:00Z", "runResponse": "no quota"}
    answer = {**listed(1), "lastScheduledRunResponse": response, "startedRunCount": "3"}
    server.on(f"GET /v1/{ONE}", answer)
    schedule = Schedule.attach(acme, ONE)
    assert (schedule.last_answer, schedule.started) == ("no quota", 3)
    assert repr(schedule) == "Schedule('nightly', '', ACTIVE)"


@pytest.mark.torture
def test_a_run_starts_by_the_clock(context: GcpContext, flow: Flow) -> None:
    schedule = flow.schedule(context, "* * * * *", max_runs=1)
    while schedule.refresh().state != "COMPLETED":  # the time limit of tests ends the wait
        time.sleep(1)
    (run,) = schedule.runs()
    assert run.wait().state == "SUCCEEDED"
    assert schedule.last_answer == f"Created {run.name}."
