"""The runs of a place, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.loopback import PARENT, Loopback, context_at, serving
from vertex_flow import Flow, GcpContext, Run
from vertex_flow.engine.standing import StandingEngine
from vertex_flow.errors import SettingError
from vertex_flow.stages import ImportDataset

JOB = f"{PARENT}/pipelineJobs/one"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], GcpContext]:
    """A place where two flows have run, `first` twice."""
    home = tmp_path_factory.mktemp("home")
    context = GcpContext.local(home)
    for name in ("first", "second", "first"):
        flow = Flow(name, [ImportDataset(str(home))])
        flow.run(context, progress=None, labels={"team": "vision"}).close()
    return lambda: context


def test_the_newest_is_the_first(place: Callable[[], GcpContext]) -> None:
    assert [one.flow for one in Run.list(place())] == ["first", "second", "first"]


def test_those_of_a_flow(place: Callable[[], GcpContext]) -> None:
    assert [one.flow for one in Run.list(place(), flow="second")] == ["second"]


def test_those_in_a_state(place: Callable[[], GcpContext]) -> None:
    assert (len(Run.list(place(), state="SUCCEEDED")), Run.list(place(), state="FAILED")) == (3, ())


def test_no_more_than_are_asked_for(place: Callable[[], GcpContext]) -> None:
    assert len(Run.list(place(), limit=2)) == 2


def test_an_entry_says_when_and_what(place: Callable[[], GcpContext]) -> None:
    entry = Run.list(place(), flow="second")[0]
    assert entry.job_id == entry.name.rpartition("/")[2]
    assert (entry.state, entry.labels["team"]) == ("SUCCEEDED", "vision")
    assert entry.seconds is not None
    assert entry.seconds > 0


def test_no_specs_are_read(server: Loopback) -> None:
    server.on(f"GET /v1/{PARENT}/pipelineJobs", {"pipelineJobs": [{"name": JOB}]})
    context = context_at(server.url)
    assert (Run.newest(context).name, len(Run.list(context))) == (JOB, 1)
    asked = [parse_qs(urlsplit(path).query) for _, path, _, _ in server.asked]
    fields = "name,displayName,state,labels,createTime,startTime,endTime"
    assert [(one["readMask"], one["pageSize"]) for one in asked] == [
        ([fields], ["1"]),
        ([fields], ["100"]),
    ]


def test_no_engine_is_left_up(place: Callable[[], GcpContext]) -> None:
    Run.list(place())
    home = place().home
    assert home is not None
    assert StandingEngine.find(home) is None


def test_a_state_that_there_is_not(place: Callable[[], GcpContext]) -> None:
    with pytest.raises(SettingError) as caught:
        Run.list(place(), state="FAILD")
    assert str(caught.value) == (
        "Run.list(state='FAILD'): expected one of QUEUED, PENDING, RUNNING, SUCCEEDED, FAILED, "
        "CANCELLING, CANCELLED. Did you mean 'FAILED'?"
    )


@pytest.mark.parametrize("limit", [0, True, "3"], ids=repr)
def test_a_limit_that_is_none(place: Callable[[], GcpContext], limit: int) -> None:
    with pytest.raises(SettingError, match="expected a whole number from 1"):
        Run.list(place(), limit=limit)
