"""Runs at one moment, made by hand, for what shows them."""

from __future__ import annotations

import contextlib
from datetime import datetime, timezone
from typing import Any

from tests.jobs import END, job, message, task
from vertex_flow.report.activity import Activity, Watch
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.report.view import View

NOW = datetime(2025, 1, 2, 3, 4, 40, tzinfo=timezone.utc)
"""35 seconds after the start of every run here."""

HOSTILE = "<script>alert(1)</script> [red] \x1b[31m\x1b[2J \u202e 漢字🎉"
LOG = "Epoch 4/5\n188/188 - accuracy: 0.9731 - val_accuracy: 0.9740\n"


def seen(plain_job: dict[str, Any], log: str = "", tuning_job: Any = None) -> Activity:
    """What a run is doing, when each of its running stages has printed the same."""
    watch = Watch(lambda _: tuning_job, read_log=lambda _snapshot, _stage: log)
    return watch.look(Snapshot(message(plain_job)))


def training(log: str = LOG) -> Activity:
    """The second stage of four runs."""
    return seen(job("RUNNING", task(1, "source", "SUCCEEDED"), task(2, "fit", "RUNNING")), log)


def ended(state: str, *details: dict[str, Any]) -> Activity:
    """A run that is over."""
    return seen({**job(state, *details), "endTime": END})


def failed(reason: str = "no luck") -> Activity:
    """A run whose second stage failed."""
    return ended("FAILED", task(1, "source", "SUCCEEDED"), task(2, "fit", "FAILED", error=reason))


def leave(view: View, error: BaseException, *activities: Activity) -> None:
    """Follow a run until an error ends that."""
    with contextlib.suppress(type(error)), view:
        for activity in activities:
            view.show(activity)
        view.tick()
        raise error


def wide(count: int, running: int) -> Activity:
    """A run of many stages, one of which runs."""
    tasks = {
        f"stage-{number:02d}": {
            "componentRef": {"name": "x"},
            **({"dependentTasks": [f"stage-{number - 1:02d}"]} if number else {}),
        }
        for number in range(count)
    }
    states = ["SUCCEEDED"] * running + ["RUNNING"]
    details = [task(at + 1, f"stage-{at:02d}", state) for at, state in enumerate(states)]
    return seen(
        {**job("RUNNING", *details), "pipelineSpec": {"root": {"dag": {"tasks": tasks}}}}, LOG
    )
