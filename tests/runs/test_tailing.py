"""Lines of logs as they come: from an engine's folder, and from Cloud Logging."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.fake import Asked, FakeCloud
from tests.jobs import job, message, printing, task
from vertex_flow.apis import Apis
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.runs.tailing import CloudTail, FileTail, LogLine, Tail, told

JOB = "projects/acme/locations/us-central1/customJobs/7"
TUNING = "projects/acme/locations/us-central1/hyperparameterTuningJobs/8"
STAGES = ("train", "score")
RUN = printing(train=[JOB, TUNING], score=[], other=[])
TRAINING = printing(train=[JOB])
LIST = "logging.entries.list"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], None]:
    """Print to a log, each time a second later than before."""
    clock = itertools.count(1)

    def append(name: str, text: str) -> None:
        file = tmp_path / "logs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as opened:
            opened.write(text)
        moment = next(clock)
        os.utime(file, (moment, moment))

    return append


def texts(lines: Sequence[LogLine]) -> list[str]:
    return [str(line) for line in lines]


def test_each_line_has_its_stage_and_its_part(
    tmp_path: Path, write: Callable[[str, str], None]
) -> None:
    write("pipelineJobs/sample-1/when.train.args.log", "args\n")
    write("pipelineJobs/sample-1/score.log", "0.9\n")
    write("pipelineJobs/sample-1/other.score.log", "of no stage that is asked for\n")
    write("customJobs/7/workerpool0-0.log", "epoch 1\x1b[31m\tx\n")
    write("customJobs/7/workerpool1-0.log", "worker\n")
    write("hyperparameterTuningJobs/8/trial-1/workerpool0-0.log", "trial\n")
    assert texts(FileTail(tmp_path, 10).read(RUN, STAGES, final=True)) == [
        "train  args",
        "score  0.9",
        "train  epoch 1\\x1b[31m\tx",
        "train  workerpool1-0  worker",
        "train  trial-1  trial",
    ]


FRAMED = (
    "[KFP Executor x INFO]: Got executor_input:\n{\n  1\n}\nown\n[KFP Executor x INFO]: Wrote it\n"
)


@pytest.mark.parametrize("everything", [False, True])
def test_what_kfp_says_around_a_task_is_left_out_but_where_it_is_wanted(
    tmp_path: Path, write: Callable[[str, str], None], everything: bool
) -> None:
    write("pipelineJobs/sample-1/score.log", FRAMED)
    lines = texts(FileTail(tmp_path, 2, everything=everything).read(RUN, STAGES, final=True))
    assert lines == (
        ["score  own", "score  [KFP Executor x INFO]: Wrote it"] if everything else ["score  own"]
    )


def test_of_what_is_there_at_first_the_last_lines(
    tmp_path: Path, write: Callable[[str, str], None]
) -> None:
    tail = FileTail(tmp_path, 2)
    write("pipelineJobs/sample-1/train.log", "a\nb\nc\n")
    assert texts(tail.read(RUN, STAGES)) == ["train  b", "train  c"]
    write("pipelineJobs/sample-1/train.log", "d\ne\nf\n")
    assert texts(tail.read(RUN, STAGES)) == ["train  d", "train  e", "train  f"]


def test_a_log_that_comes_later_is_given_whole(
    tmp_path: Path, write: Callable[[str, str], None]
) -> None:
    tail = FileTail(tmp_path, 1)
    assert tail.read(RUN, STAGES) == []
    write("customJobs/7/workerpool0-0.log", "a\nb\n")
    assert texts(tail.read(RUN, STAGES)) == ["train  a", "train  b"]


def test_a_line_is_given_when_it_has_ended(
    tmp_path: Path, write: Callable[[str, str], None]
) -> None:
    tail = FileTail(tmp_path, 9)
    write("pipelineJobs/sample-1/train.log", "a\nhal")
    assert texts(tail.read(RUN, STAGES)) == ["train  a"]
    write("pipelineJobs/sample-1/train.log", "f")
    assert texts(tail.read(RUN, STAGES, final=True)) == ["train  half"]


def test_a_log_that_is_begun_anew(tmp_path: Path, write: Callable[[str, str], None]) -> None:
    tail = FileTail(tmp_path, 9)
    write("pipelineJobs/sample-1/train.log", "a long line\n")
    tail.read(RUN, STAGES)
    (tmp_path / "logs/pipelineJobs/sample-1/train.log").write_text("new\n")
    assert texts(tail.read(RUN, STAGES)) == ["train  new"]


def test_a_log_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "logs/pipelineJobs/sample-1/train.log").mkdir(parents=True)
    assert FileTail(tmp_path, 9).read(RUN, STAGES) == []


def entry(number: int, text: str, seconds: str, **more: Any) -> dict[str, Any]:
    """An entry of Cloud Logging, some seconds after noon."""
    time = f"2026-11-27T12:00:{seconds}Z"
    return {"insertId": str(number), "textPayload": text, "timestamp": time, **more}


def serve(cloud: FakeCloud, *answers: list[dict[str, Any]]) -> list[str]:
    """Give lists of entries, the newest first, one after the other; and collect the filters."""
    left, asked = list(answers), list[str]()

    def answer(request: Asked) -> dict[str, Any]:
        asked.append(request.body["filter"])
        return {"entries": left.pop(0) if len(left) > 1 else left[0]}

    cloud.serve("logging.v2", {LIST: answer})
    return asked


def test_what_kfp_says_is_left_out_of_entries(cloud: FakeCloud, apis: Apis) -> None:
    parts = [entry(at, text, f"{9 - at:02d}") for at, text in enumerate(["own", FRAMED.strip()])]
    serve(cloud, parts)
    assert texts(CloudTail(apis, 10, own=False).read(TRAINING, ["train"])) == ["own", "own"]
    every = CloudTail(apis, 10, own=False, everything=True).read(TRAINING, ["train"])
    assert len(every) == 7


def test_entries_are_given_once_and_asked_for_a_minute_longer(cloud: FakeCloud, apis: Apis) -> None:
    first, second = entry(1, "first", "05"), entry(2, "second", "07.5")
    late = entry(3, "late", "06")
    asked = serve(cloud, [first], [second, late, first])
    tail = CloudTail(apis, 10, own=False)
    assert texts(tail.read(TRAINING, ["train"])) == ["first"]
    assert texts(tail.read(TRAINING, ["train"])) == ["late", "second"]
    query = 'resource.type="ml_job" resource.labels.job_id=("7")'
    assert asked == [query, f'{query} timestamp>="2026-11-27T11:59:05.000000000Z"']


def test_what_was_given_is_not_given_again_however_quiet_it_is(
    cloud: FakeCloud, apis: Apis
) -> None:
    minute_ago = {**entry(1, "first", ""), "timestamp": "2026-11-27T11:59:05.25Z"}
    serve(cloud, [entry(2, "second", "05.5"), minute_ago])
    tail = CloudTail(apis, 10, own=False)
    assert texts(tail.read(RUN, STAGES)) == ["first", "second"]
    assert [tail.read(RUN, STAGES) for _ in range(3)] == [[], [], []]


def test_what_is_older_than_the_first_lines_is_not_given_later(
    cloud: FakeCloud, apis: Apis
) -> None:
    old, new = entry(1, "old", "01"), entry(2, "new", "02")
    serve(cloud, [new, old], [new, old])
    tail = CloudTail(apis, 1, own=False)
    assert texts(tail.read(TRAINING, ["train"])) == ["new"]
    assert tail.read(TRAINING, ["train"]) == []


def test_an_entry_has_its_stage_its_trial_and_its_replica(cloud: FakeCloud, apis: Apis) -> None:
    resource = {"labels": {"job_id": "8", "task_name": "workerpool1-0"}}
    trial = {"ml.googleapis.com/trial_id": "3"}
    serve(cloud, [entry(1, "a\nb\x1b[31m", "01", resource=resource, labels=trial)])
    assert texts(CloudTail(apis, 9, own=True).read(RUN, STAGES)) == [
        "train  trial-3 workerpool1-0  a",
        "train  trial-3 workerpool1-0  b\\x1b[31m",
    ]


def test_of_all_stages_the_run_speaks_too(cloud: FakeCloud, apis: Apis) -> None:
    asked = serve(cloud, [])
    CloudTail(apis, 9, own=True).read(RUN, STAGES)
    own = (
        'resource.type="aiplatform.googleapis.com/PipelineJob" '
        'resource.labels.pipeline_job_id="sample-1"'
    )
    jobs = 'resource.type="ml_job" resource.labels.job_id=("7" OR "8")'
    assert asked == [f"(({own}) OR ({jobs}))"]


def test_entries_without_id_and_time(cloud: FakeCloud, apis: Apis) -> None:
    serve(cloud, [{"textPayload": "a"}])
    tail = CloudTail(apis, 9, own=True)
    assert (texts(tail.read(RUN, STAGES)), tail.read(RUN, STAGES)) == (["a"], [])


class Given(Tail):
    """Gives lines that a test has written down, one read after the other."""

    def __init__(self, late: int, *lines: str) -> None:
        self.late = late
        self.closed = False
        self._lines = list(lines)
        self.finals: list[bool] = []

    def read(self, snapshot: Any, stages: Any, *, final: bool = False) -> list[LogLine]:
        self.finals.append(final)
        text = self._lines.pop(0) if self._lines else ""
        return [LogLine("fit", "", text)] if text else []

    def close(self) -> None:
        self.closed = True


def looks(*states: str, ended: datetime | None = None) -> Callable[[float], Snapshot]:
    """Look at a run that is in some states, one after the other."""
    left = list(states)

    def look(_: float) -> Snapshot:
        end = {"endTime": ended.isoformat()} if ended else {}
        state = left.pop(0) if len(left) > 1 else left[0]
        return Snapshot(message({**job(state, task(1, "fit", "RUNNING")), **end}))

    return look


def test_lines_come_until_the_run_has_ended() -> None:
    tail = Given(0, "a", "", "b")
    look = looks("RUNNING", "RUNNING", "SUCCEEDED")
    assert texts(list(told(tail, look, (), itertools.repeat(0), follow=True))) == [
        "fit  a",
        "fit  b",
    ]
    assert (tail.finals, tail.closed) == ([False, False, True], True)


def test_late_lines_are_waited_for_until_it_is_quiet() -> None:
    tail = Given(2, "a", "", "late", "", "", "too late")
    look = looks("SUCCEEDED", ended=datetime.now(timezone.utc))
    assert texts(list(told(tail, look, (), itertools.repeat(0), follow=True))) == [
        "fit  a",
        "fit  late",
    ]


def test_of_a_run_that_is_long_over_nothing_comes_late() -> None:
    tail = Given(2, "a", "late")
    look = looks("SUCCEEDED", ended=datetime.now(timezone.utc) - timedelta(hours=1))
    assert texts(list(told(tail, look, (), itertools.repeat(0), follow=True))) == ["fit  a"]


def test_without_following_there_is_one_look() -> None:
    tail = Given(3, "a", "b")
    found = told(tail, looks("RUNNING"), ("fit",), itertools.repeat(0), follow=False)
    assert texts(list(found)) == ["fit  a"]
    assert (tail.finals, tail.closed) == ([True], True)
