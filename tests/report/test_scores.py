"""Metrics with thresholds, and confusion matrices."""

from __future__ import annotations

from typing import Any

import pytest

from tests.jobs import job, message, task
from vertex_flow.report.facts import Confusion, Score
from vertex_flow.report.scores import confusions_of, scores_of, thresholds_of
from vertex_flow.report.snapshot import Snapshot


def measured(kind: str, metadata: Any, **given: Any) -> Snapshot:
    """A run whose first stage put out an artifact, after it was given some inputs."""
    inner = task(2, "make-data", "SUCCEEDED", parent=1,
                 outputs={"data": {"schemaTitle": kind, "metadata": metadata}})  # fmt: skip
    inner["execution"] = {"metadata": {f"input:{name}": one for name, one in given.items()}}
    return Snapshot(message(job("SUCCEEDED", task(1, "source", "SUCCEEDED"), inner)))


def test_metrics_with_thresholds_come_first() -> None:
    found = measured("system.Metrics", {"auc": 0.5, "loss": 2}, thresholds={"loss": 1})
    assert scores_of(found) == (
        Score(stage="source", metric="loss", value=2.0, least=1.0),
        Score(stage="source", metric="auc", value=0.5),
    )


def test_metrics_of_one_class_are_left_out_without_a_threshold() -> None:
    found = measured("system.Metrics", {"recall_1": 0.5, "recall_2": 1}, thresholds={"recall_2": 1})
    assert [one.metric for one in scores_of(found)] == ["recall_2"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"thresholds": {"a": 0.5}}, {"a": 0.5}),
        ({"thresholds": '{"a": 0.5}'}, {"a": 0.5}),
        ({"thresholds": {"a": {"$value": "x"}}, "values": "x\u241ffloat\u241f0.25"}, {"a": 0.25}),
        (
            {
                "thresholds": {"a": {"$value": "y"}},
                "values": "x\u241fstr\u241fb\u241ey\u241fint\u241f1",
            },
            {"a": 1.0},
        ),
        ({"thresholds": {"a": {"$value": "x"}}}, {}),
        ({"thresholds": {"a": "much", "b": [1], "c": "nan"}}, {}),
        ({"thresholds": "{"}, {}),
        ({"thresholds": 7, "values": 8}, {}),
    ],
)
def test_thresholds(given: dict[str, Any], expected: dict[str, float]) -> None:
    assert thresholds_of(measured("system.Metrics", {}, **given), "source") == expected


MATRIX = {
    "annotationSpecs": [{"displayName": "a"}, {"displayName": "b"}],
    "rows": [{"row": [1, 2]}, {"row": [3, 4]}],
}


def test_a_confusion_matrix() -> None:
    found = measured("system.ClassificationMetrics", {"confusionMatrix": MATRIX})
    expected = Confusion(stage="source", labels=("a", "b"), matrix=((1.0, 2.0), (3.0, 4.0)))
    assert confusions_of(found) == (expected,)


@pytest.mark.parametrize(
    "odd",
    [
        {},
        "text",
        {"annotationSpecs": [], "rows": []},
        {**MATRIX, "rows": [{"row": [1]}]},
        {**MATRIX, "rows": [{"row": [1, "x"]}, {"row": [1, 1]}]},
        {**MATRIX, "rows": [3, 4]},
        {"annotationSpecs": [1, 2], "rows": MATRIX["rows"]},
    ],
)
def test_an_odd_confusion_matrix_is_left_out(odd: Any) -> None:
    found = measured("system.ClassificationMetrics", {"confusionMatrix": odd})
    assert confusions_of(found) == ()
