"""What all charts have in common: size, colours that are seen on light and dark, safe labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vertex_flow.texts import plain

Spec = dict[str, Any]

WIDTH = 620  # pixels of the plotting area
BLUE, ORANGE, GREEN, RED, GREY = "#3d7fd6", "#d9730d", "#2e9e5b", "#d93b3b", "#8c95a3"
INK = "currentColor"

_LONGEST = 200  # letters of a text
_AXIS = {
    "labelColor": INK,
    "titleColor": INK,
    "domainColor": INK,
    "tickColor": INK,
    "gridColor": INK,
    "domainOpacity": 0.4,
    "tickOpacity": 0.4,
    "gridOpacity": 0.12,
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "labelLimit": 190,
    "titleLimit": 400,
}
_CONFIG: Mapping[str, Any] = {
    "background": None,
    "font": "sans-serif",
    # Room for fonts that are wider than the one that it is measured with.
    "padding": {"left": 34, "right": 30, "top": 4, "bottom": 4},
    "view": {"stroke": None},
    "axis": _AXIS,
    "axisY": {"titlePadding": 22},
    "legend": {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "orient": "top",
        "labelLimit": 200,
        "symbolLimit": 12,
    },
    "header": {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 13,
        "labelFontWeight": "bold",
        "labelLimit": 280,
    },
    "text": {"color": INK},
    "rule": {"color": INK},
}


def chart(body: Mapping[str, Any], *, labels: Mapping[str, Sequence[str]] | None = None) -> Spec:
    """Make a whole specification of its marks and data.

    Args:
        body: `data`, and marks with their encodings.
        labels: Texts that `label_of` looks up, by name of their list.
    """
    lists = {name: [text(one) for one in found] for name, found in (labels or {}).items()}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "config": _CONFIG,
        "params": [{"name": name, "value": found} for name, found in lists.items()],
        **body,
    }


def label_of(name: str) -> str:
    """The expression of an axis whose values are places in a list of labels: no text is in it."""
    return f"{name}[datum.value]"


def text(value: Any) -> str:
    """A text as it may stand in a chart: visible characters, not too many."""
    shown = plain(str(value))
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def values(rows: Sequence[Mapping[str, Any]]) -> Spec:
    """Rows as the data of a chart, their texts made safe."""
    return {
        "values": [
            {key: text(one) if isinstance(one, str) else one for key, one in row.items()}
            for row in rows
        ]
    }


def number_axis(title: str, **more: Any) -> Spec:
    """An axis of numbers, with few ticks."""
    return {"title": text(title) or None, "tickCount": 5, **more}


def rows_axis(**scale: Any) -> Spec:
    """The axis of bars below each other, whose labels stand in the list `rows`."""
    return {
        "field": "row",
        "type": "ordinal",
        **({"scale": scale} if scale else {}),
        "axis": {"title": None, "labelExpr": label_of("rows"), "ticks": False, "domain": False},
    }
