"""Progress of a run: each change is one line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from google.cloud import aiplatform_v1
from google.protobuf import json_format

from tests.jobs import NAME, job, message, task
from tests.report.runs import NOW
from tests.samples import compiled
from vertex_flow import Integer, Trainer
from vertex_flow.report.activity import Watch as Activities
from vertex_flow.report.progress import Progress
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.stages import HyperTune, ImportDataset, Preprocess

START = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


class Watch:
    """A progress whose lines are kept, but for the start of the run and the time in each line.

    Attributes:
        lines: The lines.
        asked: The tuning jobs that were looked up.
        log: What every running stage has printed.
        at: The time.
    """

    def __init__(
        self,
        *tuning_jobs: Any,
        queued: bool = False,
        page: Callable[[str], str | None] | None = None,
    ) -> None:
        self.lines: list[str] = []
        self.asked: list[str] = []
        self._jobs = list(tuning_jobs)
        self.log = ""
        self.at = NOW
        self._watch = Activities(self._find, queued=queued, page=page, read_log=self._read)
        self._progress = Progress(self._keep, clock=lambda: self.at)

    def _keep(self, line: str) -> None:
        text = line.strip().partition("  ")[2]
        if not text.startswith("started "):
            self.lines.append(text)

    def _read(self, _snapshot: Snapshot, _stage: str) -> str:
        return self.log

    def _find(self, name: str) -> Any:
        self.asked.append(name)
        return self._jobs[0] if len(self._jobs) == 1 else self._jobs.pop(0)

    def sees(self, plain_job: dict[str, Any]) -> None:
        self._progress.show(self._watch.look(Snapshot(message(plain_job))))


def test_nothing_is_said_of_what_has_not_started() -> None:
    watch = Watch()
    watch.sees(job("PENDING"))
    assert watch.lines == []


def test_a_run_in_a_queue_says_so_once() -> None:
    watch = Watch(queued=True)
    for _ in range(2):
        watch.sees(job("PENDING"))
    watch.sees(job("RUNNING", task(1, "source", "RUNNING")))
    assert watch.lines == ["4 stages  pending", "source  running"]


def test_each_change_is_said_once() -> None:
    watch = Watch()
    for state in ("RUNNING", "RUNNING", "SUCCEEDED", "SUCCEEDED"):
        watch.sees(job("RUNNING", task(1, "source", state)))
    assert watch.lines == ["source  running", "source  done in 2.5 s"]


def test_where_a_job_is_to_be_seen_is_said_once() -> None:
    watch = Watch(page=lambda name: f"https://console/{name}")
    running = task(2, "job", "RUNNING", parent=1)
    running["executorDetail"] = {"containerDetail": {"mainJob": "projects/p/customJobs/7"}}
    for _ in range(3):
        watch.sees(job("RUNNING", task(1, "fit", "RUNNING"), running))
    assert watch.lines == [
        "fit     running",
        "fit     https://console/projects/p/customJobs/7",
    ]


def test_a_line_starts_with_the_time_since_the_start() -> None:
    lines: list[str] = []
    snapshot = Snapshot(message(job("RUNNING", task(1, "fit", "RUNNING"))))
    Progress(lines.append, clock=lambda: NOW).show(Activities(lambda _: None).look(snapshot))
    assert lines == ["  0:00  started 2025-01-02T03:04:05Z", "  0:35  fit     running"]


def fitting(*details: dict[str, Any], state: str = "RUNNING") -> dict[str, Any]:
    return job("RUNNING", task(1, "fit", state), *details)


def test_what_a_stage_is_doing_is_not_said_in_its_first_minute() -> None:
    watch = Watch()
    watch.log = "epoch 1/5 val_accuracy 0.9"
    watch.sees(fitting())
    watch.at = START + MINUTE - timedelta(seconds=1)
    watch.sees(fitting())
    assert watch.lines == ["fit     running"]


def test_what_a_stage_is_doing_is_said_once_a_minute() -> None:
    watch = Watch()
    for seconds in range(0, 211, 30):
        watch.log = f"epoch {seconds}/500 val_accuracy 0.9"
        watch.at = START + timedelta(seconds=seconds)
        watch.sees(fitting())
    assert watch.lines == [
        "fit     running",
        "fit     epoch 60/500 val_accuracy 0.9",
        "fit     epoch 120/500 val_accuracy 0.9",
        "fit     epoch 180/500 val_accuracy 0.9",
    ]


def test_of_a_stage_that_runs_for_long_it_is_said_at_once() -> None:
    watch = Watch()
    watch.at, watch.log = START + 90 * MINUTE, "epoch 4/5 val_accuracy 0.974"
    watch.sees(fitting())
    assert watch.lines == ["fit     running", "fit     epoch 4/5 val_accuracy 0.974"]


def test_what_a_search_is_doing_is_said_beside_its_trials() -> None:
    watch = Watch(tuning(trial("1", "SUCCEEDED", 0.5), trial("2", "ACTIVE")))
    for minutes in range(3):
        watch.at = START + minutes * MINUTE
        watch.sees(tuning_run("tune"))
    assert watch.lines[2:] == ["tune            trial 2/4 best 0.5"]


def test_a_long_line_of_a_log_is_cut() -> None:
    watch = Watch()
    watch.at, watch.log = START + MINUTE, "x" * 400
    watch.sees(fitting())
    assert watch.lines[-1] == f"fit     {'x' * 199}…"


def test_after_a_silence_a_stage_that_runs_says_so() -> None:
    watch = Watch()
    for minutes in range(12):
        watch.log, watch.at = "reading", START + minutes * MINUTE
        watch.sees(fitting())
    assert watch.lines == [
        "fit     running",
        "fit     reading",
        "fit     still running",
        "fit     still running",
    ]


def test_a_line_besides_is_no_silence() -> None:
    lines: list[str] = []
    at = [START]
    progress = Progress(lines.append, clock=lambda: at[0])
    activity = Activities(lambda _: None).look(Snapshot(message(fitting())))
    progress.show(activity)
    for minutes in (4, 8):
        at[0] = START + minutes * MINUTE
        progress.say("away")
        progress.show(activity)
    assert lines[2:] == ["away", "away"]


def test_after_a_silence_a_run_in_a_queue_says_so() -> None:
    watch = Watch(queued=True)
    for minutes in (1, 7):
        watch.at = START + minutes * MINUTE
        watch.sees(job("PENDING"))
    assert watch.lines == ["4 stages  pending", "4 stages  still pending"]


def test_a_run_that_is_over_goes_on_no_longer() -> None:
    watch = Watch()
    watch.at = START + 20 * MINUTE
    watch.sees(job("FAILED"))
    assert watch.lines[-1] == "spend   not reached"


@pytest.mark.parametrize(
    ("details", "line"),
    [
        ([task(1, "source", "FAILED")], "source  failed after 2.5 s"),
        ([task(1, "source", "CANCELLED")], "source  cancelled after 2.5 s"),
        (
            [task(1, "source", "SUCCEEDED"), task(2, "make-data", "SKIPPED", parent=1)],
            "source  reused: nothing it depends on has changed",
        ),
    ],
)
def test_how_a_stage_ended(details: Any, line: str) -> None:
    watch = Watch()
    watch.sees(job("RUNNING", *details))
    assert watch.lines[0] == line


def failed(why: str) -> dict[str, Any]:
    inside = task(2, "make-data", "FAILED", parent=1, error=why)
    return job("FAILED", task(1, "source", "FAILED"), inside)


def test_a_failure_is_said_with_its_reason() -> None:
    watch = Watch()
    watch.sees(failed("Traceback (most recent call last):\nValueError: no luck\nLog: /a.log"))
    assert watch.lines[0] == "source  failed after 2.5 s: ValueError: no luck"


def test_a_long_reason_is_cut() -> None:
    watch = Watch()
    watch.sees(failed("x" * 10_000))
    assert watch.lines[0] == f"source  failed after 2.5 s: {'x' * 199}…"


def test_a_condition_that_does_not_hold() -> None:
    watch = Watch()
    watch.sees(job("SUCCEEDED", task(1, "condition-1", "NOT_TRIGGERED")))
    assert watch.lines[-1] == "spend   left out: its condition does not hold"


def test_a_stage_after_a_failure_was_not_reached() -> None:
    watch = Watch()
    watch.sees(job("FAILED", task(1, "source", "FAILED"), task(2, "fit", "NOT_TRIGGERED")))
    assert watch.lines[:2] == ["source  failed after 2.5 s", "fit     not reached"]


def tuning(*trials: dict[str, Any]) -> Any:
    found = aiplatform_v1.HyperparameterTuningJob()
    plain_job = {"maxTrialCount": 4, "trials": list(trials)}
    json_format.ParseDict(plain_job, aiplatform_v1.HyperparameterTuningJob.pb(found))
    return found


def trial(number: str, state: str, metric: float | None = None, **parameters: Any) -> Any:
    found: dict[str, Any] = {
        "id": number,
        "state": state,
        "parameters": [{"parameterId": k, "value": v} for k, v in parameters.items()],
    }
    if metric is not None:
        found["finalMeasurement"] = {"metrics": [{"metricId": "accuracy", "value": metric}]}
    return found


def tuning_run(*names: str, state: str = "RUNNING") -> dict[str, Any]:
    trainer, space = Trainer(module="a.b"), {"units": Integer(1, 9)}
    tunes = [HyperTune(trainer, space, metric="accuracy", name=name) for name in names]
    spec = compiled(ImportDataset("gs://b/x"), Preprocess(), *tunes)
    details = [task(index, name, state) for index, name in enumerate(names, start=1)]
    return {**job("RUNNING", *details), "pipelineSpec": spec}


def test_a_trial_that_is_over_is_one_line() -> None:
    watch = Watch(tuning(trial("1", "SUCCEEDED", 0.91234, units=64.0, rate=0.00123456)))
    watch.sees(tuning_run("tune"))
    assert watch.lines[1] == "tune            trial 1/4  0.9123  units=64 rate=0.00123"


def test_a_trial_that_failed_says_so() -> None:
    watch = Watch(tuning(trial("1", "INFEASIBLE", units=64.0)))
    watch.sees(tuning_run("tune"))
    assert watch.lines[1].endswith("trial 1/4  infeasible  units=64")


def test_a_trial_is_said_once_and_not_before_it_is_over() -> None:
    watch = Watch(
        tuning(trial("1", "ACTIVE", units=1.0)),
        tuning(trial("1", "SUCCEEDED", 0.5, units=1.0)),
        tuning(trial("1", "SUCCEEDED", 0.5, units=1.0)),
    )
    for _ in range(3):
        watch.sees(tuning_run("tune"))
    assert len([line for line in watch.lines if "trial" in line]) == 1


def test_the_last_trials_are_said_when_the_stage_is_done() -> None:
    watch = Watch(tuning(), tuning(trial("1", "SUCCEEDED", 0.5, units=1.0)))
    watch.sees(tuning_run("tune"))
    watch.sees(tuning_run("tune", state="SUCCEEDED"))
    assert [line.split()[1] for line in watch.lines] == ["running", "trial", "done"]


def test_trials_of_two_stages_are_told_apart() -> None:
    watch = Watch(tuning(trial("1", "SUCCEEDED", 0.5, units=1.0)))
    watch.sees(tuning_run("first", "second"))
    assert len([line for line in watch.lines if "trial 1/4" in line]) == 2


def test_the_tuning_job_is_looked_up_by_run_and_stage() -> None:
    watch = Watch(tuning())
    watch.sees(tuning_run("tune"))
    assert watch.asked == [f"{NAME.rpartition('/')[2]}-tune"]


def test_a_tuning_job_that_is_not_there_yet() -> None:
    watch = Watch(None)
    watch.sees(tuning_run("tune"))
    assert watch.lines == ["tune            running"]


def test_control_characters_are_not_obeyed() -> None:
    watch = Watch(tuning(trial("1", "SUCCEEDED", 0.5, kind="\x1b[31m[red]\r\n\u202e")))
    watch.sees(tuning_run("tune"))
    assert watch.lines[1].endswith("kind=\\x1b[31m[red]\\r\\n\\u202e")
