"""The trials of a search, as a table."""

from __future__ import annotations

from typing import Any

import pytest

from tests.report.pages import Page
from vertex_flow.report.trials import Trials

OUTPUTS = {
    "best_metric": 0.75,
    "best_parameters": {"units": 64},
    "trials": [
        {"id": "1", "state": "SUCCEEDED", "parameters": {"units": 32}, "metrics": {"acc": 0.5}},
        {"id": "2", "state": "SUCCEEDED", "parameters": {"units": 64}, "metrics": {"acc": 0.75}},
        {"id": "3", "state": "SUCCEEDED", "parameters": {"units": 64}, "metrics": {"acc": None}},
        {"id": "4", "state": "INFEASIBLE", "parameters": {"rate": 0.1}, "metrics": {}},
    ],
}
TRIALS = Trials.of(OUTPUTS)


def test_they_are_a_sequence() -> None:
    assert (len(TRIALS), TRIALS[0].id, [one.id for one in TRIALS[2:]]) == (4, "1", ["3", "4"])


def test_the_best_one_is_marked() -> None:
    assert [one.id for one in TRIALS if one.is_best] == ["2"]
    assert TRIALS.best is TRIALS[1]


def test_they_print_as_a_table() -> None:
    assert str(TRIALS).splitlines() == [
        "trial  state       units  rate  acc",
        "1      succeeded   32           0.5",
        "2      succeeded   64           0.75  best",
        "3      succeeded   64           NaN",
        "4      infeasible         0.1",
    ]


def test_they_are_a_table_in_a_notebook() -> None:
    page = Page(TRIALS._repr_html_())
    assert page.rows[0] == ["trial", "state", "units", "rate", "acc"]
    assert page.rows[2] == ["2", "succeeded", "64", "", "0.75"]
    assert page.text.endswith("best: trial 2")


def test_the_best_one_stands_out() -> None:
    rows = TRIALS._repr_html_().split("<tr")
    assert ["font-weight:600" in one.partition(">")[0] for one in rows[2:]] == [
        False,
        True,
        False,
        False,
    ]


def test_they_are_a_data_frame() -> None:
    frame = TRIALS.to_frame()
    assert (list(frame.columns), list(frame.index)) == (
        ["state", "units", "rate", "acc", "best"],
        ["1", "2", "3", "4"],
    )
    assert frame.loc["2", "acc"] == 0.75


@pytest.mark.parametrize("outputs", [{}, {"trials": "x"}, {"trials": [1]}])
def test_a_stage_that_is_no_search_has_none(outputs: dict[str, Any]) -> None:
    trials = Trials.of(outputs)
    assert (len(trials), trials.best, Page(trials._repr_html_()).text) == (
        0,
        None,
        "trial state no trials",
    )


def test_names_are_texts() -> None:
    name = "<b>\x1b[31m"
    hostile = Trials.of({"trials": [{"id": name, "state": name, "parameters": {name: name}}]})
    assert Page(hostile._repr_html_()).rows[1][0] == "<b>\\x1b[31m"
    assert "\x1b" not in str(hostile)
