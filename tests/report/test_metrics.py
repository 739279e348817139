"""Metrics of all the data, and of classes."""

from __future__ import annotations

import pytest

from vertex_flow.report.metrics import by_class, is_overall


@pytest.mark.parametrize(("metric", "overall"), [("f1_score", True), ("precision_3", False)])
def test_a_number_at_the_end_is_a_class(metric: str, overall: bool) -> None:
    assert is_overall(metric) is overall


def test_classes_are_rows() -> None:
    metrics = {"accuracy": 0.9, "recall_10": 0.1, "recall_2": 0.2, "precision_2": 0.3}
    assert by_class(metrics) == (
        {"accuracy": 0.9},
        (["class", "recall", "precision"], [["2", 0.2, 0.3], ["10", 0.1, ""]]),
    )


def test_metrics_without_classes() -> None:
    assert by_class({"accuracy": 0.9}) == ({"accuracy": 0.9}, (["class"], []))
