"""Charts of how good a model is: metrics against thresholds, the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence

from vertex_flow.report.charts.base import (
    BLUE,
    GREEN,
    INK,
    RED,
    WIDTH,
    Spec,
    chart,
    label_of,
    number_axis,
    rows_axis,
    values,
)
from vertex_flow.report.facts import Confusion, Score
from vertex_flow.texts import describe_value

_BARS = 40
_CELLS = 900
_LETTER = 9  # pixels
_WORDS = 15  # classes up to which each cell has its number


def metrics(scores: Sequence[Score]) -> Spec | None:
    """Draw metrics from 0 to 1 as bars, with their thresholds.

    Args:
        scores: The metrics, of one stage or of several.

    Returns:
        The chart; None where no metric is from 0 to 1.
    """
    shown = [one for one in scores if 0 <= one.value <= 1][:_BARS]
    if not shown:
        return None
    several = len({one.stage for one in shown}) > 1
    labels = [f"{one.stage}: {one.metric}" if several else one.metric for one in shown]
    rows = [
        {
            "row": at,
            "value": one.value,
            "least": one.least,
            "label": describe_value(one.value),
            "colour": {True: GREEN, False: RED, None: BLUE}[one.passed],
            "says": words(one),
        }
        for at, one in enumerate(shown)
    ]
    body = {"width": WIDTH, "height": {"step": 26}, "data": values(rows), "layer": _bars()}
    return chart(body, labels={"rows": labels})


def _bars() -> list[Spec]:
    """A bar with its number for each metric, and an upright line for its threshold."""
    value: Spec = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": number_axis(""),
    }
    y = rows_axis()
    colour: Spec = {"field": "colour", "type": "nominal", "scale": None, "legend": None}
    says: Spec = {"description": {"field": "says"}}
    return [
        {
            "mark": {"type": "bar", "height": 14, "cornerRadius": 2},
            "encoding": {"x": value, "y": y, "color": colour, **says},
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 6, "color": INK},
            "encoding": {"x": value, "y": y, "text": {"field": "label"}},
        },
        {
            "transform": [{"filter": "isValid(datum.least)"}],
            "mark": {"type": "tick", "color": INK, "thickness": 2.5, "size": 22},
            "encoding": {"x": {**value, "field": "least"}, "y": y, **says},
        },
    ]


def words(score: Score) -> str:
    """A metric, its value and whether it reaches its threshold, in words."""
    text = f"{score.metric} {describe_value(score.value)}"
    if score.least is None:
        return text
    sign, verdict = (">=", "passed") if score.passed else ("<", "not passed")
    return f"{text} {sign} {describe_value(score.least)}: {verdict}"


def confusion(matrix: Confusion) -> Spec | None:
    """Draw a confusion matrix: rows true classes, columns predicted ones.

    Args:
        matrix: The matrix.

    Returns:
        The chart; None where it is empty, or too large for one.
    """
    totals = [sum(row) for row in matrix.matrix]
    rows = [
        {
            "true": at,
            "predicted": to,
            "share": count / (totals[at] or 1),
            "count": describe_value(count),
            "right": at == to,
            "says": f"true {true}, predicted {predicted}: {describe_value(count)}",
        }
        for at, (true, counts) in enumerate(zip(matrix.labels, matrix.matrix, strict=True))
        for to, (predicted, count) in enumerate(zip(matrix.labels, counts, strict=True))
        if count
    ]
    if not rows or len(rows) > _CELLS:
        return None
    classes = len(matrix.labels)
    size = min(WIDTH - 120, 40 * classes + 40)
    fits = max(map(len, matrix.labels)) * _LETTER <= size / classes
    body = {"width": size, "height": size, "data": values(rows), "layer": _cells(classes, fits)}
    return chart(body, labels={"classes": matrix.labels})


def _cells(classes: int, fits: bool) -> list[Spec]:
    angle = 0 if fits else -45
    place: Spec = {
        "x": _classes("predicted", classes, orient="top", labelAngle=angle),
        "y": _classes("true", classes),
    }
    cell: Spec = {
        **place,
        "color": {
            "field": "right",
            "type": "nominal",
            "scale": {"domain": [True, False], "range": [BLUE, RED]},
            "legend": None,
        },
        "opacity": {
            "field": "share",
            "type": "quantitative",
            "scale": {"type": "sqrt", "domain": [0, 1], "range": [0.12, 0.75]},
            "legend": None,
        },
        "description": {"field": "says"},
    }
    layers: list[Spec] = [{"mark": {"type": "rect", "cornerRadius": 2}, "encoding": cell}]
    if classes <= _WORDS:
        words: Spec = {**place, "text": {"field": "count"}}
        layers.append({"mark": {"type": "text", "fontSize": 12}, "encoding": words})
    return layers


def _classes(field: str, count: int, **more: object) -> Spec:
    """An axis of classes."""
    axis: Spec = {
        "title": f"{field} class",
        "labelExpr": label_of("classes"),
        "labelOverlap": True,
        "labelLimit": 100,
        "ticks": False,
        "domain": False,
        **more,
    }
    return {
        "field": field,
        "type": "ordinal",
        "scale": {"domain": list(range(count))},
        "axis": axis,
    }
