"""What pages show of a run, worked out from its facts."""

from __future__ import annotations

import attrs
import pytest

from tests.ui.told import START, after, facts
from vertex_flow.report.facts import Confusion
from vertex_flow.ui.views import Bar, Cell, doing, run_view


def test_what_runs_now() -> None:
    assert [one.name for one in doing(facts("fit"))] == ["fit"]


def test_a_running_run_in_words() -> None:
    said = run_view(facts("fit")).said
    assert said == "The run is running: 1 of 3 stages have ended. Now: fit."


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("SUCCEEDED", "The run has succeeded."),
        ("FAILED", "The run has failed."),
        ("CANCELLED", "The run was cancelled."),
    ],
)
def test_a_run_that_is_over_in_words(state: str, said: str) -> None:
    assert run_view(facts(state=state)).said == said


def test_stages_lie_where_they_ran_in_the_run() -> None:
    assert run_view(facts("fit")).bars == {"prepare": Bar(0.0, 50.0), "fit": Bar(50.0, 50.0)}


def test_a_moment_is_still_seen() -> None:
    told = facts(end=after(4))
    stages = (attrs.evolve(told.stages[0], end=START),)
    assert run_view(attrs.evolve(told, stages=stages)).bars["prepare"] == Bar(0.0, 0.6)


def test_a_run_without_stages_has_no_bars() -> None:
    assert run_view(facts(stages=())).bars == {}


def test_cells_are_as_warm_as_their_share_of_the_row() -> None:
    told = facts(confusions=(Confusion(stage="a", labels=("x", "y"), matrix=((9, 0), (0, 0))),))
    ((_, rows),) = run_view(told).matrices
    assert rows == ((Cell(9, 9, True), Cell(0, 0, False)), (Cell(0, 0, False), Cell(0, 0, True)))


def test_one_stage_has_ended() -> None:
    told = facts(stages=facts("fit").stages[:1])
    assert run_view(told).said == "The run is running: 1 of 1 stage has ended."
