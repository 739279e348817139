"""Charts of a hyperparameter search: its trials, the best so far, what matters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from vertex_flow.report.charts.base import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    WIDTH,
    Spec,
    chart,
    label_of,
    number_axis,
    rows_axis,
    values,
)
from vertex_flow.report.facts import Search, TrialFacts
from vertex_flow.texts import describe_value

_AXES = 7  # parameters of parallel coordinates
_TICKS = 12  # of an axis with categories
_BARS = 30
_SCALE = [BLUE, "#8a7fb0", ORANGE]  # from the worst to the best


def of_search(search: Search) -> dict[str, Spec | None]:
    """Draw all that is drawn of a search: charts by title, in order; None for one without data.

    Args:
        search: The search.
    """
    return {
        f"Trials of {search.stage}": parallel(search),
        f"Best {search.metric} so far": history(search),
        "What matters": importance(search),
    }


def parallel(search: Search) -> Spec | None:
    """Draw the trials as lines across an axis for each parameter, and one for the metric.

    Args:
        search: The search.

    Returns:
        The chart; None where fewer than two trials have a metric.
    """
    trials = [one for one in search.trials if search.metric in one.metrics]
    names = [one for one in parameters_of(search) if any(one in it.parameters for it in trials)]
    if len(trials) < 2 or not names:
        return None
    axes = [
        _Axis.of(name, [one.parameters.get(name) for one in trials], name in search.log_scale)
        for name in names[:_AXES]
    ]
    axes.append(_Axis.of(search.metric, [one.metrics[search.metric] for one in trials], False))
    rows = [row for one in trials for row in _line(one, axes, search)]
    ticks = [
        {"axis": at, "y": y, "label": label}
        for at, axis in enumerate(axes)
        for y, label in axis.ticks
    ]
    return chart(
        {"width": WIDTH, "height": 240, "layer": _layers(rows, ticks, len(axes), search)},
        labels={"axes": [axis.title for axis in axes]},
    )


def history(search: Search) -> Spec | None:
    """Draw the metric of each trial, and the best so far.

    Args:
        search: The search.

    Returns:
        The chart; None where no trial has a metric.
    """
    trials = [one for one in search.trials if search.metric in one.metrics]
    if not trials:
        return None
    rows = [
        {
            "trial": at,
            "value": one.metrics[search.metric],
            "best": so_far,
            "says": f"trial {one.id}: {search.metric} "
            f"{describe_value(one.metrics[search.metric])}, best so far "
            f"{'none' if so_far is None else describe_value(so_far)}",
        }
        for at, (one, so_far) in enumerate(zip(trials, _best(search, trials), strict=True), start=1)
    ]
    body = {
        "width": WIDTH,
        "height": 200,
        "data": values(rows),
        "layer": _course(search, len(rows)),
    }
    return chart(body)


def _best(search: Search, trials: Sequence[TrialFacts]) -> Iterator[float | None]:
    """The best value after each trial; what did not succeed is no result."""
    better = min if search.goal == "MINIMIZE" else max
    best: float | None = None
    for one in trials:
        if one.state == "SUCCEEDED":
            value = one.metrics[search.metric]
            best = value if best is None else better(best, value)
        yield best


def _course(search: Search, count: int) -> list[Spec]:
    """A point for each trial, and the best so far as a line in steps."""
    x: Spec = {
        "field": "trial",
        "type": "quantitative",
        "scale": {"domain": [0.5, count + 0.5], "nice": False},
        "axis": number_axis("trial", tickMinStep=1, format="d", grid=False),
    }
    y: Spec = {
        "type": "quantitative",
        "scale": {"zero": False},
        "axis": number_axis(search.metric),
    }
    line = {"type": "line", "interpolate": "step-after", "color": ORANGE, "strokeWidth": 2}
    point = {"type": "point", "filled": True, "size": 55, "color": BLUE, "opacity": 0.9}
    says: Spec = {"description": {"field": "says"}}
    return [
        {"mark": line, "encoding": {"x": x, "y": {**y, "field": "best"}}},
        {"mark": point, "encoding": {"x": x, "y": {**y, "field": "value"}, **says}},
    ]


def importance(search: Search) -> Spec | None:
    """Draw the share of each parameter in what the metric varies.

    Args:
        search: The search.

    Returns:
        The chart; None where it is not known.
    """
    shares = list(search.importance.items())[:_BARS]
    if not shares:
        return None
    rows = [
        {"row": at, "share": one, "label": f"{one:.0%}", "says": f"{name}: {one:.0%}"}
        for at, (name, one) in enumerate(shares)
    ]
    x: Spec = {
        "field": "share",
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": number_axis("share of the variation", format="%"),
    }
    y = rows_axis()
    bar = {"type": "bar", "height": 14, "color": BLUE, "cornerRadius": 2}
    words = {"type": "text", "align": "left", "dx": 5, "color": INK}
    return chart(
        {
            "width": WIDTH,
            "height": {"step": 24},
            "data": values(rows),
            "layer": [
                {"mark": bar, "encoding": {"x": x, "y": y, "description": {"field": "says"}}},
                {"mark": words, "encoding": {"x": x, "y": y, "text": {"field": "label"}}},
            ],
        },
        labels={"rows": [name for name, _ in shares]},
    )


def parameters_of(search: Search) -> list[str]:
    """Names of the parameters of a search, the important ones first."""
    found = dict.fromkeys(search.importance)
    return list(found | dict.fromkeys(name for one in search.trials for name in one.parameters))


@attrs.frozen
class _Axis:
    """An axis of parallel coordinates.

    Attributes:
        title: Its name.
        places: Where a value is, from 0 to 1: of a category by its text, of numbers by the ends.
        ends: The least and the greatest number, on the axis' scale; None for categories.
        log: Whether its scale is logarithmic.
        ticks: Places with their labels.
    """

    title: str
    places: dict[str, float]
    ends: tuple[float, float] | None
    log: bool
    ticks: tuple[tuple[float, str], ...]

    @classmethod
    def of(cls, title: str, found: Sequence[Any], log: bool) -> _Axis:
        """Make the axis of some values."""
        known = [one for one in found if one is not None]
        numbers = all(isinstance(one, (int, float)) for one in known)
        if not numbers:
            texts = sorted({str(one) for one in known})
            places = {one: at / max(1, len(texts) - 1) for at, one in enumerate(texts)}
            step = -(-len(texts) // _TICKS)
            ticks = tuple((places[one], describe_value(one)) for one in texts[::step])
            return cls(title, places, None, False, ticks)
        log = log and min(known) > 0
        low, high = (_scaled(edge(known), log) for edge in (min, max))
        middle = [0.0, 0.5, 1.0] if high > low else [0.5]
        ticks = tuple(
            (at, describe_value(_unscaled(low + at * (high - low), log), digits=3)) for at in middle
        )
        return cls(title, {}, (low, high), log, ticks)

    def place(self, value: Any) -> float | None:
        """Where a value is, from 0 to 1."""
        if self.ends is None:
            return self.places.get(str(value))
        low, high = self.ends
        if not isinstance(value, (int, float)) or (self.log and value <= 0):
            return None
        return (_scaled(value, self.log) - low) / (high - low) if high > low else 0.5


def _scaled(value: float, log: bool) -> float:
    return math.log(value) if log else float(value)


def _unscaled(value: float, log: bool) -> float:
    return math.exp(value) if log else value


def _line(trial: TrialFacts, axes: Sequence[_Axis], search: Search) -> list[dict[str, Any]]:
    measured = trial.metrics[search.metric]
    given = {**trial.parameters, search.metric: measured}
    pairs = [f"{name} {describe_value(value)}" for name, value in given.items()]
    says = f"trial {trial.id}: {', '.join(pairs)}"
    best = trial.id == search.best
    places = [(at, axis.place(given.get(axis.title))) for at, axis in enumerate(axes)]
    return [
        {"trial": trial.id, "axis": at, "y": y, "metric": measured, "best": best, "says": says}
        for at, y in places
        if y is not None
    ]


def _layers(
    rows: list[dict[str, Any]], ticks: list[dict[str, Any]], count: int, search: Search
) -> list[Spec]:
    x: Spec = {
        "field": "axis",
        "type": "ordinal",
        "scale": {"domain": list(range(count)), "padding": 0.3},
        "axis": {
            "orient": "top",
            "title": None,
            "labelExpr": label_of("axes"),
            "labelAngle": 0,
            "labelLimit": WIDTH // count - 6,
            "labelPadding": 12,
            "domain": False,
            "ticks": False,
        },
    }
    y: Spec = {"field": "y", "type": "quantitative", "axis": None, "scale": {"domain": [0, 1]}}
    colours = _SCALE[::-1] if search.goal == "MINIMIZE" else _SCALE
    colour: Spec = {
        "field": "metric",
        "type": "quantitative",
        "scale": {"range": colours, "zero": False, "nice": False},
        "legend": None,
    }
    line = {"type": "line", "strokeWidth": 1.5, "opacity": 0.65}
    encoding: Spec = {"x": x, "y": y, "detail": {"field": "trial"}, "color": colour}
    encoding["description"] = {"field": "says"}
    best = {"type": "line", "strokeWidth": 3.5, "opacity": 1}
    rule: Spec = {"mark": {"type": "rule", "opacity": 0.45}, "encoding": {"x": x}}
    words = {"type": "text", "align": "left", "dx": 5, "fontSize": 11, "color": INK}
    return [
        {"data": values([{"axis": at} for at in range(count)]), **rule},
        {"data": values([one for one in rows if not one["best"]]), "mark": line,
         "encoding": encoding},
        {"data": values([one for one in rows if one["best"]]), "mark": best,
         "encoding": encoding},
        {"data": values(ticks), "mark": {"type": "point", "shape": "stroke", "color": GREY},
         "encoding": {"x": x, "y": y}},
        {"data": values(ticks), "mark": words,
         "encoding": {"x": x, "y": y, "text": {"field": "label"}}},
    ]  # fmt: skip
