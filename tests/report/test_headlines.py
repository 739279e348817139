"""What is read first."""

from __future__ import annotations

import pytest

from tests.report.examples import facts, search
from vertex_flow.report.facts import MachineTime, RunFacts, Score
from vertex_flow.report.headlines import Headline, headlines, slowest


def found(**changes: object) -> dict[str, Headline]:
    return {one.title: one for one in headlines(facts(**changes))}


def test_metrics_with_thresholds_stand_first() -> None:
    assert [one.title for one in headlines(facts())][:2] == ["accuracy", "recall"]


@pytest.mark.parametrize(("title", "verdict"), [("accuracy", "good"), ("recall", "bad")])
def test_a_metric_has_a_verdict(title: str, verdict: str) -> None:
    assert found()[title].verdict == verdict


def test_without_thresholds_the_metrics_of_the_last_stage_are_shown() -> None:
    scores = (Score(stage="a", metric="x", value=1), Score(stage="b", metric="y", value=2))
    assert {"x", "y"} & set(found(scores=scores)) == {"y"}


def test_the_best_trial() -> None:
    assert found()["best accuracy"].note == "trial 2 of 8: rate 0.5623, units 128, kind a"


def test_a_search_without_a_result() -> None:
    empty = search(2, best=None)
    assert found(searches=(empty,))["tune"].note == "none has a result yet"


def test_what_machines_cost_is_said() -> None:
    assert found(cost="1.20 EUR")["machine-hours"].note == "1.20 EUR"


def test_many_machine_hours_have_one_digit() -> None:
    many = MachineTime(stage="a", job="j", machine="m", hours=1234.56)
    assert found(machine_times=(many,))["machine-hours"].value == "1,234.6"


def test_the_slowest_stages() -> None:
    assert slowest(facts()) == [("tune", 60.0), ("judge", 19.0), ("load", 1.0)]


def test_a_run_that_has_not_started_has_none() -> None:
    empty = facts(start=None, stages=(), scores=(), searches=(), machine_times=(), model=None,
                  endpoint=None, state="PENDING")  # fmt: skip
    assert isinstance(empty, RunFacts)
    assert headlines(empty) == ()
