"""What a run is doing, worked out once for every view."""

from __future__ import annotations

from typing import Any

import pytest

from tests.jobs import job, message, task
from tests.report.runs import HOSTILE, LOG, failed, seen, training
from tests.report.test_progress import trial, tuning, tuning_run
from vertex_flow.report.activity import Activity, Watch
from vertex_flow.report.snapshot import Snapshot


def doing(activity: Activity) -> dict[str, str]:
    return {stage.name: stage.doing for stage in activity.stages if stage.doing}


def test_a_stage_that_trains_says_its_epoch() -> None:
    assert doing(training()) == {"fit": "epoch 4/5 val_accuracy 0.974"}


def test_the_log_of_the_running_stage_is_the_active_one() -> None:
    active = training().active
    assert active is not None
    assert (active.name, active.log) == ("fit", tuple(LOG.splitlines()))


def test_nothing_is_active_where_nothing_was_printed() -> None:
    assert training("").active is None


def test_of_two_stages_that_run_the_younger_is_active() -> None:
    younger = {**task(2, "fit", "RUNNING"), "startTime": "2025-01-02T03:05:00Z"}
    active = seen(job("RUNNING", younger, task(1, "source", "RUNNING")), LOG).active
    assert active is not None
    assert active.name == "fit"


def test_the_log_is_not_read_without_a_reader() -> None:
    watch = Watch(lambda _: None)
    activity = watch.look(Snapshot(message(job("RUNNING", task(1, "fit", "RUNNING")))))
    assert (doing(activity), activity.active) == ({}, None)


def test_a_log_is_text_and_nothing_else() -> None:
    active = training(HOSTILE).active
    assert active is not None
    assert active.log == ("<script>alert(1)</script> [red]  \\u202e 漢字🎉",)


def search(goal: str, *values: Any) -> Any:
    """A search of four trials, of which some are over."""
    trials = [
        trial(str(number), "ACTIVE" if value is None else "SUCCEEDED", value)
        for number, value in enumerate(values, start=1)
    ]
    found = tuning(*trials)
    found.study_spec.metrics = [{"metric_id": "accuracy", "goal": goal}]
    return found


@pytest.mark.parametrize(
    ("job_of_trials", "words"),
    [
        (search("MAXIMIZE", 0.5, 0.91234, None), "trial 3/4 best 0.9123"),
        (search("MINIMIZE", 0.5, 0.9), "trial 2/4 best 0.5"),
        (search("MAXIMIZE", None), "trial 1/4"),
        (search("MAXIMIZE", "NaN"), "trial 1/4"),
        (tuning(trial("1", "SUCCEEDED", 0.5)), "trial 1/4 best 0.5"),
    ],
)
def test_a_search_says_how_far_it_is(job_of_trials: Any, words: str) -> None:
    assert doing(seen(tuning_run("tune"), LOG, job_of_trials)) == {"tune": words}


def test_a_search_without_trials_says_what_its_log_does() -> None:
    assert doing(seen(tuning_run("tune"), LOG, tuning())) == {
        "tune": "epoch 4/5 val_accuracy 0.974"
    }


def output(kind: str, name: str) -> dict[str, Any]:
    made = {"schemaTitle": kind, "metadata": {"resourceName": name}}
    return {"outputs": {"model": made}}


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (output("google.VertexModel", "projects/p/models/7@2"), "model 7, version 2"),
        (output("google.VertexEndpoint", "projects/p/endpoints/8"), "endpoint 8"),
        (output("google.VertexModel", ""), ""),
        (output("system.Model", "projects/p/models/7@2"), ""),
    ],
)
def test_what_a_stage_has_made(made: dict[str, Any], words: str) -> None:
    inside = task(2, "make-model", "SUCCEEDED", parent=1, **made)
    run = seen(job("SUCCEEDED", task(1, "fit", "SUCCEEDED"), inside))
    assert doing(run).get("fit", "") == words


def test_why_a_stage_was_left_out() -> None:
    run = seen(job("SUCCEEDED", task(9, "condition-1", "NOT_TRIGGERED")))
    assert doing(run)["spend"] == "its condition does not hold"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("no luck\nat all", "no luck"),
        ('Traceback …\n  File "a.py", line 3\nValueError: odd\nLog: /x', "ValueError: odd"),
        ("\x1b[31mred", "\\x1b[31mred"),
    ],
)
def test_why_a_stage_failed(reason: str, words: str) -> None:
    assert doing(failed(reason)) == {"fit": words}


def test_the_last_trials_are_noted_when_the_search_is_over() -> None:
    found = [tuning(), tuning(trial("1", "SUCCEEDED", 0.5, units=1.0))]
    watch = Watch(lambda _: found.pop(0))
    watch.look(Snapshot(message(tuning_run("tune"))))
    activity = watch.look(Snapshot(message(tuning_run("tune", state="SUCCEEDED"))))
    notes = {stage.name: stage.notes for stage in activity.stages}
    assert notes["tune"] == ("trial 1/4  0.5000  units=1",)
