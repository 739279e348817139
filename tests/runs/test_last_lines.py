"""The last lines of what a running stage has printed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from google.auth.credentials import AnonymousCredentials

from tests.cloud.fake import FakeCloud, Refused, fake_cloud
from tests.jobs import job, message, task
from tests.loopback import PARENT
from vertex_flow.apis import Apis
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.runs.last_lines import CloudLines, of_home


def running(*jobs: str) -> Snapshot:
    """A run whose second stage waits for some jobs."""
    details = [
        task(
            number, f"job-{number}", "RUNNING", parent=1,
            executorDetail={"containerDetail": {"mainJob": f"{PARENT}/{name}"}},
        )
        for number, name in enumerate(jobs, start=2)
    ]  # fmt: skip
    return Snapshot(message(job("RUNNING", task(1, "fit", "RUNNING"), *details)))


def write(home: Path, name: str, text: str, *, age: float = 0) -> None:
    file = home / "logs" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    os.utime(file, (1_700_000_000 - age,) * 2)


def test_a_stage_that_has_printed_nothing(tmp_path: Path) -> None:
    write(tmp_path, "pipelineJobs/sample-1/fit.make-model.log", "")
    assert of_home(tmp_path)(running(), "fit") == ""


def test_of_several_logs_the_one_that_is_written(tmp_path: Path) -> None:
    write(tmp_path, "pipelineJobs/sample-1/fit.launch.log", "launched", age=60)
    write(tmp_path, "customJobs/7/workerpool0-0.log", "epoch 1")
    assert of_home(tmp_path)(running("customJobs/7"), "fit") == "epoch 1"


def test_of_several_replicas_the_chief(tmp_path: Path) -> None:
    write(tmp_path, "customJobs/7/workerpool0-0.log", "chief", age=5)
    write(tmp_path, "customJobs/7/workerpool1-0.log", "worker")
    assert of_home(tmp_path)(running("customJobs/7"), "fit") == "chief"


def test_of_several_trials_the_last(tmp_path: Path) -> None:
    folder = "hyperparameterTuningJobs/8"
    for trial in (9, 10):
        write(
            tmp_path, f"{folder}/trial-{trial}/workerpool0-0.log", f"trial {trial}", age=10 - trial
        )
    assert of_home(tmp_path)(running(folder), "fit") == "trial 10"


def test_only_the_end_is_read(tmp_path: Path) -> None:
    write(tmp_path, "pipelineJobs/sample-1/fit.log", "x" * 100_000 + "end")
    assert len(of_home(tmp_path)(running(), "fit")) == 16_000


def test_what_is_no_text_is_read_all_the_same(tmp_path: Path) -> None:
    write(tmp_path, "pipelineJobs/sample-1/fit.log", "")
    (tmp_path / "logs/pipelineJobs/sample-1/fit.log").write_bytes(b"\xff\xfe end")
    assert of_home(tmp_path)(running(), "fit") == "\ufffd\ufffd end"


def test_what_cannot_be_read_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "logs/pipelineJobs/sample-1").mkdir(parents=True)
    (tmp_path / "logs/pipelineJobs/sample-1/fit.log").symlink_to("nothing")
    assert of_home(tmp_path)(running(), "fit") == ""


@attrs.define
class Logging:
    """Cloud Logging, and a clock.

    Attributes:
        cloud: What answers.
        tail: What reads from it.
        seconds: The time on the clock.
        lines: What it has; None when it refuses.
    """

    cloud: FakeCloud
    tail: CloudLines = attrs.field(init=False)
    seconds: float = 100.0
    lines: tuple[str, ...] | None = ()

    def __attrs_post_init__(self) -> None:
        credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
        apis = Apis("acme", "us-central1", credentials, {"logging": self.cloud.url})
        self.tail = CloudLines(apis, clock=lambda: self.seconds)
        self.cloud.serve("logging.v2", {"logging.entries.list": self._answer})

    def _answer(self, _: Any) -> dict[str, Any]:
        if self.lines is None:
            raise Refused(403, "PERMISSION_DENIED", "you may not read logs")
        return {"entries": [{"textPayload": line} for line in reversed(self.lines)]}

    def says(self, *lines: str) -> None:
        """Have it answer with some lines."""
        self.lines = lines

    def refuses(self) -> None:
        """Have it refuse."""
        self.lines = None

    @property
    def asked(self) -> int:
        """How often it was asked."""
        return len(self.cloud.asked)


@pytest.fixture
def logging() -> Iterator[Logging]:
    with fake_cloud() as cloud:
        yield Logging(cloud)


RUN = running("customJobs/7")


def test_the_cloud_is_asked_for_the_jobs_of_the_stage(logging: Logging) -> None:
    logging.says("one", "\x1b[31mtwo")
    assert logging.tail(RUN, "fit") == "one\n\x1b[31mtwo"
    assert logging.cloud.asked[0].body["filter"] == (
        'resource.type="ml_job" resource.labels.job_id=("7")'
    )


def test_the_cloud_is_asked_every_half_minute(logging: Logging) -> None:
    logging.says("one")
    for seconds in (100, 110, 129, 130, 140):
        logging.seconds = seconds
        assert logging.tail(RUN, "fit") == "one"
    assert logging.asked == 2


def test_a_stage_without_a_job_yet_is_not_asked_for(logging: Logging) -> None:
    assert (logging.tail(running(), "fit"), logging.asked) == ("", 0)


def test_the_stage_that_started_last_is_asked_for(logging: Logging) -> None:
    def inside(parent: int, name: str) -> dict[str, Any]:
        main_job = {"containerDetail": {"mainJob": f"{PARENT}/{name}"}}
        return task(parent + 10, "a", "RUNNING", parent=parent, executorDetail=main_job)

    later = {**task(2, "fit", "RUNNING"), "startTime": "2025-01-02T03:05:00Z"}
    both = job(
        "RUNNING", task(1, "source", "RUNNING"), later, inside(1, "customJobs/1"),
        inside(2, "customJobs/2"),
    )  # fmt: skip
    logging.says("one")
    snapshot = Snapshot(message(both))
    assert [logging.tail(snapshot, stage) for stage in ("source", "fit")] == ["", "one"]


def test_what_the_cloud_refuses_is_logged(
    logging: Logging, caplog: pytest.LogCaptureFixture
) -> None:
    logging.refuses()
    with caplog.at_level("DEBUG", "vertex_flow.runs.last_lines"):
        logging.tail(RUN, "fit")
    (record,) = [one for one in caplog.records if one.name == "vertex_flow.runs.last_lines"]
    assert record.getMessage() == "the log of fit could not be read"
    assert record.exc_info is not None


def test_what_the_cloud_refuses_is_asked_for_seldom(
    logging: Logging, caplog: pytest.LogCaptureFixture
) -> None:
    logging.refuses()
    for seconds in (100, 140, 399):
        logging.seconds = seconds
        assert logging.tail(RUN, "fit") == ""
    assert (logging.asked, caplog.records) == (1, [])
    logging.seconds = 400
    logging.says("one")
    assert logging.tail(RUN, "fit") == "one"
