"""The drawings of a run, for its pages: by the report's own hand, each drawn once."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vertex_flow.report import charts
from vertex_flow.report.drawing import Node, draw
from vertex_flow.report.page import graph
from vertex_flow.report.rendering import svg

if TYPE_CHECKING:
    from vertex_flow.report.facts import Origin, RunFacts, Search

_KEPT = 128
_BOXES = ("data", "stage", "model")  # what is drawn of a lineage


class Drawings:
    """Draws, and keeps what it has drawn: pages are asked for every other second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, str] = OrderedDict()

    def of_run(self, facts: RunFacts) -> dict[str, str]:
        """Draw the graph and the learning curves: SVG text by title."""
        found = {"Graph": graph(facts)}
        for panel in charts.learning_curves(facts):
            found[panel.title] = self._chart(panel.spec, panel.title)
        return {title: drawn for title, drawn in found.items() if drawn}

    def of_search(self, search: Search) -> dict[str, str]:
        """Draw a search: SVG text by title."""
        specs = charts.of_search(search)
        found = {title: self._chart(spec, title) for title, spec in specs.items()}
        return {title: drawn for title, drawn in found.items() if drawn}

    def of_lineage(self, facts: RunFacts) -> str:
        """Draw the data and the stages that the models of a run come from.

        Code, images and parameters are left out, which are the same boxes around every stage, and
        what stages hand on is a line between them.

        Args:
            facts: The run.

        Returns:
            SVG text; the empty text where nothing is known.
        """
        known = {one.id: one for one in facts.lineage}
        models = [one.id for one in facts.lineage if one.kind == "model"]
        wanted = _upstream(models, known) if models else set(known)
        shown = [one for one in facts.lineage if one.kind in _BOXES and one.id in wanted]
        names = {one.id: one.label for one in shown}
        if len(set(names.values())) < len(names):  # boxes are told apart by their names
            names = {one.id: f"{one.label} ({one.id})" for one in shown}
        nodes = [
            Node(
                name=names[one.id],
                after=tuple(names[id] for id in _behind(one, known)),
                note="" if one.kind == "stage" else one.kind,
            )
            for one in shown
        ]
        return draw(nodes, title=f"What the results of {facts.job_id} come from") if nodes else ""

    def _chart(self, spec: Mapping[str, Any] | None, title: str) -> str:
        if spec is None:
            return ""
        key = json.dumps([title, spec], sort_keys=True, default=str)
        with self._lock:  # one at a time: what draws is a browser's engine
            if key not in self._kept:
                self._kept[key] = svg(spec, title)
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]


def _upstream(ids: list[str], known: Mapping[str, Origin]) -> set[str]:
    """Give some things and all that they come from."""
    left, found = list(ids), set[str]()
    while left:
        one = left.pop()
        if one in known and one not in found:
            found.add(one)
            left += known[one].sources
    return found


def _behind(one: Origin, known: Mapping[str, Origin]) -> list[str]:
    """Give the boxes that something comes from, through what stages have handed on."""
    left, found, seen = list(one.sources), dict[str, None](), set[str]()
    while left:
        source = left.pop(0)
        if source in seen or source not in known:
            continue
        seen.add(source)
        if known[source].kind in _BOXES:
            found[source] = None
        else:
            left += known[source].sources
    return list(found)
