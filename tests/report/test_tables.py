"""The numbers of a run as tables."""

from __future__ import annotations

import pytest

from tests.report.examples import facts, large, search
from vertex_flow.report import tables


def test_stages_with_their_times() -> None:
    assert tables.stages(facts()).rows[1:3] == (
        ("tune", "succeeded", "1.0 s", "60.0 s", "75%", ""),
        ("judge", "succeeded", "61.0 s", "19.0 s", "24%", ""),
    )


def test_a_condition_is_said() -> None:
    assert tables.stages(facts()).rows[3] == ("serve", "left out", "", "", "", "if judge.passed")


def test_metrics_with_thresholds() -> None:
    assert tables.scores(facts().scores).rows[:2] == (
        ("judge", "accuracy", "0.9712", "0.9", "passed"),
        ("judge", "recall", "0.5", "0.6", "not passed"),
    )


def test_trials_mark_the_best() -> None:
    found = tables.trials(search(2))
    assert found.header == ("trial", "state", "took", "accuracy", "rate", "units", "kind")
    assert found.rows[1] == ("2 (best)", "succeeded", "9.0 s", "0.8637", "0.1", "128", "a")


def test_classes_that_are_taken_for_others() -> None:
    assert tables.confusion(facts().confusions[0]).rows == (("cat", "dog", "2"),)


def test_curves_are_summed_up() -> None:
    assert tables.curves(facts().curves[:1]).rows == (
        ("", "train", "loss", "2", "0.5", "0.25", "0.25", "0.5"),
    )


def test_of_many_rows_the_rest_is_counted() -> None:
    found = tables.grid("many", ("a",), [[one] for one in range(600)])
    assert (len(found.rows), found.left_out) == (500, 100)


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (True, "true"), (0.123456, "0.1235"), ("x\ny", "x\\ny")]
)
def test_cells(value: object, text: str) -> None:
    assert tables.cell(value) == text


def test_a_long_cell_is_cut() -> None:
    assert [len(row[-1]) for row in tables.artifacts(large()).rows][:1] == [400]


def test_machine_hours() -> None:
    assert tables.machine_times(facts().machine_times).rows == (("tune", "n1-standard-4", "0.123"),)


def test_lineage_names_its_sources() -> None:
    assert tables.lineage(facts()).rows[1] == ("model", "serve.model", "models/1@2", "load.data")
