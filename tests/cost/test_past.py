"""How long the stages of a flow took in earlier runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.jobs import job, message, task
from tests.samples import Fit, Source
from vertex_flow import Double, Flow, GcpContext, Param, Trainer
from vertex_flow.cost.past import Past, earlier
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.stages import HyperTune, ImportDataset, Preprocess
from vertex_flow.testing import VertexEngine

HOURS = 2.5 / 3600


def snapshot(*details: Any, number: int = 1, **values: Any) -> Snapshot:
    plain = job("SUCCEEDED", *details)
    plain["name"] = plain["name"].replace("sample-1", f"sample-{number}")
    plain["runtimeConfig"] = {"parameterValues": values}
    return Snapshot(message(plain))


def past(*runs: Snapshot, flow: Flow | None = None) -> Past:
    return Past((flow or Flow("sample", [Source(), Fit()])).graph, iter(runs))


def test_how_long_a_stage_took() -> None:
    assert past(snapshot(task(1, "fit", "SUCCEEDED"))).hours(None, "fit") == (HOURS, "sample-1")


@pytest.mark.parametrize("state", ["SKIPPED", "RUNNING", "NOT_TRIGGERED"])
def test_a_stage_that_did_not_run_says_nothing(state: str) -> None:
    assert past(snapshot(task(1, "fit", state))).hours(None, "fit") is None


def test_an_older_run_says_what_the_newest_does_not() -> None:
    newest = snapshot(task(1, "fit", "SKIPPED"), task(2, "source", "SUCCEEDED"), number=2)
    found = past(newest, snapshot(task(1, "fit", "SUCCEEDED")))
    assert found.hours(None, "fit") == (HOURS, "sample-1")
    assert found.hours(None, "source") == (HOURS, "sample-2")
    assert found.hours(None, "nothing") is None


def test_no_more_runs_are_read_than_are_needed() -> None:
    def runs() -> Iterator[Snapshot]:
        yield snapshot(task(1, "fit", "SUCCEEDED"))
        raise AssertionError("another run was read")

    found = Past(Flow("sample", [Source(), Fit()]).graph, runs())
    assert found.hours(None, "fit") == found.hours(None, "fit") == (HOURS, "sample-1")


@pytest.mark.parametrize(
    ("then", "now", "scale", "note"),
    [
        ({"trials": 4}, {"trials": 12}, 3, " x 3"),
        ({"trials": 4}, {"trials": 4}, 1, ""),
        ({}, {"trials": 3}, 0.5, " x 0.5"),
        ({"trials": "many", "gone": 1}, {}, 1, ""),  # of another flow of that name
    ],
)
def test_tuning_is_scaled_to_its_trials(
    then: dict[str, Any], now: dict[str, Any], scale: float, note: str
) -> None:
    trainer = Trainer(module="trainer.task")
    space = {"rate": Double(1e-3, 1e-2)}
    trials: Param[int] = Param("trials", 6)
    tune = HyperTune(trainer, space, metric="m", max_trials=trials, name="fit")
    flow = Flow("sample", [ImportDataset("gs://acme/x"), Preprocess(), tune])
    (need,) = flow.machines(now)
    found = past(snapshot(task(1, "fit", "SUCCEEDED"), **then), flow=flow).hours(need, "fit")
    assert found == (pytest.approx(HOURS * scale), f"sample-1{note}")


def test_runs_of_an_engine(vertex_engine: VertexEngine) -> None:
    flow = Flow("sample", [Source()])
    run = flow.run(vertex_engine.context, progress=None)
    Flow("other", [Source()]).run(vertex_engine.context, progress=None)
    runs = list(earlier(flow.graph, vertex_engine.context))
    assert [one.name for one in runs] == [run.name]
    assert past(*runs).hours(None, "source") is not None


def test_no_engine_says_nothing(tmp_path: Path) -> None:
    graph = Flow("sample", [Source()]).graph
    assert list(earlier(graph, GcpContext.local(tmp_path))) == []
