"""The charts of a run, as Vega-Lite specifications: plain dicts, which `rendering.svg` draws.

Text of users is data in them: it stands in values, never in expressions or in names of fields.
"""

from vertex_flow.report.charts.base import Spec
from vertex_flow.report.charts.curves import Panel, learning_curves
from vertex_flow.report.charts.scores import confusion, metrics
from vertex_flow.report.charts.searches import history, importance, of_search, parallel
from vertex_flow.report.charts.timeline import timeline

__all__ = [
    "Panel",
    "Spec",
    "confusion",
    "history",
    "importance",
    "learning_curves",
    "metrics",
    "of_search",
    "parallel",
    "timeline",
]
