"""Learning curves: what training measured, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from vertex_flow.report.charts.base import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    Spec,
    chart,
    number_axis,
    values,
)
from vertex_flow.report.facts import Curve, RunFacts
from vertex_flow.texts import describe_value

_PANELS = 8
_WHOLE = (
    "datum.value === floor(datum.value) ? format(datum.value, ',d') : ''"  # there is no half step
)
_SERIES = [BLUE, ORANGE, GREEN, RED, GREY]


@attrs.frozen
class Panel:
    """The learning curves of a stage, or of all the trials of one.

    Attributes:
        stage: Name of the stage.
        of_trials: Whether they are those of trials.
        spec: The chart.
        curves: What is drawn in it.
    """

    stage: str
    of_trials: bool
    spec: Spec
    curves: tuple[Curve, ...]

    @property
    def title(self) -> str:
        """What it shows."""
        return f"{'Trials' if self.of_trials else 'Training'} of {self.stage}"


def learning_curves(facts: RunFacts) -> tuple[Panel, ...]:
    """Draw the learning curves of each stage, those of its trials by themselves.

    Args:
        facts: The run.
    """
    best = {one.stage: one.best for one in facts.searches}
    found: list[Panel] = []
    for stage in dict.fromkeys(one.stage for one in facts.curves):
        for of_trials in (False, True):
            own = [
                one for one in facts.curves if (one.stage, bool(one.trial)) == (stage, of_trials)
            ]
            tags = _tags(own)
            own = [one for one in own if one.tag in tags]
            if own:
                spec = _of_trials(own, best.get(stage)) if of_trials else _of_training(own)
                found.append(Panel(stage, of_trials, spec, tuple(own)))
    return tuple(found)


def _tags(curves: Sequence[Curve]) -> list[str]:
    """What is shown: measured more than once where anything is, and not too much."""
    lines = [one for one in curves if len(one.points) > 1] or list(curves)
    return list(dict.fromkeys(one.tag for one in lines))[:_PANELS]


def _of_training(curves: Sequence[Curve]) -> Spec:
    rows = [
        {"tag": one.tag, "series": one.series or "training", "step": step, "value": value,
         "says": f"{one.series or 'training'} {one.tag} {describe_value(value)} "
                 f"at step {describe_value(step)}"}
        for one in curves
        for step, value in one.points
    ]  # fmt: skip
    series = list(dict.fromkeys(row["series"] for row in rows))
    colour: Spec = {
        "field": "series",
        "type": "nominal",
        "scale": {"range": _SERIES},
        "legend": {"title": None} if len(series) > 1 else None,
        "sort": None,
    }
    few = max(len(one.points) for one in curves) <= 60
    layers: list[Spec] = [
        {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {"color": colour}}
    ]
    if few:
        point: Spec = {"color": colour, "description": {"field": "says"}}
        layers.append({"mark": {"type": "point", "filled": True, "size": 28}, "encoding": point})
    return _panels(rows, layers)


def _of_trials(curves: Sequence[Curve], best: str | None) -> Spec:
    """Of each trial one series: that of validation data, where there is one."""
    chosen = {one.tag: _series(one.tag, curves) for one in curves}
    rows: list[dict[str, object]] = [
        {
            "tag": one.tag,
            "trial": one.trial,
            "kind": "best trial" if one.trial == best else "others",
            "step": step,
            "value": value,
            "says": f"trial {one.trial}: {one.series} {one.tag}",
        }
        for one in curves
        if one.series == chosen[one.tag]
        for step, value in one.points
    ]
    kinds = [row["kind"] for row in rows]
    shown = [one for one in ("others", "best trial") if one in kinds]
    looks = {"others": (GREY, 1.2, 0.7), "best trial": (ORANGE, 2.5, 1.0)}

    def channel(at: int) -> Spec:
        return {
            "field": "kind",
            "type": "nominal",
            "scale": {"domain": shown, "range": [looks[one][at] for one in shown]},
            "legend": {"title": None},
        }

    encoding: Spec = {
        "detail": {"field": "trial"},
        "color": channel(0),
        "strokeWidth": channel(1),
        "opacity": channel(2),
        "description": {"field": "says"},
    }
    return _panels(rows, [{"mark": {"type": "line"}, "encoding": encoding}])


def _series(tag: str, curves: Sequence[Curve]) -> str:
    found = dict.fromkeys(one.series for one in curves if one.tag == tag)
    return next((one for one in found if "val" in one.lower()), next(iter(found)))


def _panels(rows: Sequence[dict[str, object]], layers: list[Spec]) -> Spec:
    """Side by side, a panel for each thing that was measured, each with a scale of its own."""
    x: Spec = {
        "field": "step",
        "type": "quantitative",
        "scale": {"zero": False, "nice": False},
        "axis": number_axis("step", labelExpr=_WHOLE, ticks=False, grid=False, tickCount=4),
    }
    y: Spec = {
        "field": "value",
        "type": "quantitative",
        "scale": {"zero": False},
        "axis": number_axis(""),
    }
    alone = len({row["tag"] for row in rows}) == 1
    return chart(
        {
            "data": values(rows),
            "columns": 2,
            "facet": {"field": "tag", "type": "nominal", "title": None, "sort": None},
            "spec": {
                "width": 560 if alone else 270,
                "height": 150,
                "encoding": {"x": x, "y": y},
                "layer": layers,
            },
            "resolve": {"scale": {"x": "independent", "y": "independent"}},
        }
    )
