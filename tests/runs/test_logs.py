"""Logs of a stage: from an engine's folder, and from Cloud Logging."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.fake import Asked, FakeCloud, Refused
from tests.jobs import printing
from vertex_flow.apis import Apis
from vertex_flow.errors import PermissionMissing
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.runs import logs

RUN = "projects/acme/locations/us-central1/pipelineJobs/one"
JOB = "projects/acme/locations/us-central1/customJobs/7"
TUNING = "projects/acme/locations/us-central1/hyperparameterTuningJobs/8"
PRINTING = printing(train=[JOB, TUNING], deploy=[])
LIST = "logging.entries.list"


def write(home: Path, name: str, text: str, order: int) -> None:
    file = home / "logs" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    os.utime(file, (order, order))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write(tmp_path, "pipelineJobs/sample-1/train.args.log", "args\n", 1)
    write(tmp_path, "pipelineJobs/sample-1/train.custom-training-job.log", "a\nb\nc\n", 2)
    write(tmp_path, "pipelineJobs/sample-1/trainer.other.log", "other\n", 3)
    write(tmp_path, "pipelineJobs/two/train.args.log", "another run\n", 3)
    write(tmp_path, "pipelineJobs/sample-1/when.train.empty.log", "", 3)
    write(tmp_path, "customJobs/7/workerpool0-0.log", "epoch 1\x1b[31m\tx\n", 4)
    write(tmp_path, "hyperparameterTuningJobs/8/trial-1/workerpool0-0.log", "trial\n", 5)
    return tmp_path


def read(home: Path, stage: str, snapshot: Snapshot = PRINTING) -> str:
    files = logs.files_by_stage(home, snapshot, [stage])[stage]
    return logs.of_files(home, files, lines=2)


def test_tasks_and_jobs_of_a_stage_oldest_first(home: Path) -> None:
    assert read(home, "train") == (
        "==> pipelineJobs/sample-1/train.args.log <==\nargs\n"
        "==> pipelineJobs/sample-1/train.custom-training-job.log <==\nb\nc\n"
        "==> customJobs/7/workerpool0-0.log <==\nepoch 1\\x1b[31m\tx\n"
        "==> hyperparameterTuningJobs/8/trial-1/workerpool0-0.log <==\ntrial"
    )


def test_a_stage_that_has_printed_nothing(home: Path) -> None:
    assert read(home, "deploy") == ""


@pytest.mark.parametrize("asked", [["judge", "evaluate"], ["evaluate"], ["judge"]])
def test_a_task_that_is_called_like_another_stage(tmp_path: Path, asked: list[str]) -> None:
    write(tmp_path, "pipelineJobs/sample-1/when.judge.evaluate.log", "9 of 10\n", 1)
    found = logs.files_by_stage(tmp_path, printing(evaluate=[], judge=[]), asked)
    file = tmp_path / "logs/pipelineJobs/sample-1/when.judge.evaluate.log"
    assert found == {name: [file] if name == "judge" else [] for name in asked}


def test_what_is_being_cleaned_up_is_left_out(home: Path) -> None:
    (home / "logs/pipelineJobs/sample-1/train.gone.log").symlink_to("nothing")
    assert read(home, "train").startswith("==> pipelineJobs/sample-1/train.args.log <==\nargs\n")


def test_queries() -> None:
    assert logs.query_of(RUN, [JOB, TUNING], severity="ERROR") == (
        'resource.type="ml_job" resource.labels.job_id=("7" OR "8") severity>=ERROR'
    )
    assert logs.query_of(RUN, []) == (
        'resource.type="aiplatform.googleapis.com/PipelineJob" '
        'resource.labels.pipeline_job_id="one"'
    )


def entries(*found: dict[str, Any]) -> dict[str, Any]:
    return {"entries": list(found)}


def test_entries_are_given_oldest_first(cloud: FakeCloud, apis: Apis) -> None:
    newest_first = entries({"textPayload": "third\n"}, {"textPayload": "first\nsecond"})
    cloud.serve("logging.v2", {LIST: lambda _: newest_first})
    assert logs.of_jobs(apis, "q", lines=10) == "first\nsecond\nthird"
    assert cloud.asked[0].body == {
        "resourceNames": ["projects/acme"],
        "filter": "q",
        "orderBy": "timestamp desc",
        "pageSize": 10,
    }


def test_only_the_last_lines(cloud: FakeCloud, apis: Apis) -> None:
    found = entries({"textPayload": "b\nc"}, {"textPayload": "a"})
    cloud.serve("logging.v2", {LIST: lambda _: found})
    assert logs.of_jobs(apis, "q", lines=2) == "b\nc"


def test_pages_are_read_until_there_are_enough(cloud: FakeCloud, apis: Apis) -> None:
    def page(asked: Asked) -> dict[str, Any]:
        number = int(asked.body.get("pageToken", "0"))
        return {**entries({"textPayload": f"line {number}"}), "nextPageToken": str(number + 1)}

    cloud.serve("logging.v2", {LIST: page})
    assert logs.of_jobs(apis, "q", lines=3) == "line 2\nline 1\nline 0"
    assert len(cloud.asked) == 3


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({"jsonPayload": {"message": "hello"}}, "hello"),
        ({"jsonPayload": {"b": 1, "a": 2}}, '{"a": 2, "b": 1}'),
        ({"jsonPayload": {"message": 3}}, "3"),
        ({}, ""),
        ({"textPayload": "\x1b[2J"}, "\\x1b[2J"),
    ],
)
def test_forms_of_entries(cloud: FakeCloud, apis: Apis, entry: dict[str, Any], line: str) -> None:
    cloud.serve("logging.v2", {LIST: lambda _: entries(entry)})
    assert logs.of_jobs(apis, "q", lines=5) == line


def test_no_entries(cloud: FakeCloud, apis: Apis) -> None:
    cloud.serve("logging.v2", {LIST: lambda _: {}})
    assert logs.of_jobs(apis, "q", lines=5) == ""


def test_a_caller_who_may_not_read_logs(cloud: FakeCloud, apis: Apis) -> None:
    cloud.serve("logging.v2", {LIST: lambda _: {}})
    message = "Permission 'logging.logEntries.list' denied"
    cloud.trouble(LIST, Refused(403, "PERMISSION_DENIED", message))
    with pytest.raises(PermissionMissing, match=r"role=roles/logging\.viewer"):
        logs.of_jobs(apis, "q", lines=5)
