"""Charts of metrics, and of confusion matrices."""

from __future__ import annotations

import pytest

from vertex_flow.report.charts import confusion, metrics
from vertex_flow.report.charts.scores import words
from vertex_flow.report.facts import Confusion, Score


def score(value: float, least: float | None = None, metric: str = "m") -> Score:
    return Score(stage="s", metric=metric, value=value, least=least)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (score(0.98765), "m 0.9877"),
        (score(0.95, 0.9), "m 0.95 >= 0.9: passed"),
        (score(0.5, 0.9), "m 0.5 < 0.9: not passed"),
    ],
)
def test_words(found: Score, text: str) -> None:
    assert words(found) == text


def test_only_metrics_from_0_to_1_have_bars() -> None:
    spec = metrics([score(0.5), score(7.0)])
    assert spec is not None
    assert len(spec["data"]["values"]) == 1
    assert metrics([score(7.0)]) is None


def test_the_colour_says_whether_it_passes() -> None:
    spec = metrics([score(0.5, 0.4), score(0.5, 0.6), score(0.5)])
    assert spec is not None
    assert len({row["colour"] for row in spec["data"]["values"]}) == 3


def test_cells_without_samples_are_left_out() -> None:
    spec = confusion(Confusion(stage="s", labels=("a", "b"), matrix=((3.0, 1.0), (0.0, 4.0))))
    assert spec is not None
    assert [row["says"] for row in spec["data"]["values"]] == [
        "true a, predicted a: 3",
        "true a, predicted b: 1",
        "true b, predicted b: 4",
    ]


def test_a_matrix_of_very_many_cells_is_no_picture() -> None:
    many = Confusion(stage="s", labels=("a",) * 40, matrix=((1.0,) * 40,) * 40)
    assert confusion(many) is None
