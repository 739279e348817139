"""The numbers of a run as tables: what stands beside each chart for those who cannot see it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import attrs

from vertex_flow.report.charts.searches import parameters_of
from vertex_flow.report.facts import Confusion, Curve, MachineTime, RunFacts, Score, Search
from vertex_flow.report.states import say
from vertex_flow.texts import describe_seconds, describe_value

_ROWS = 500
_MISTAKES = 30  # pairs of classes
_LONGEST = 400  # letters of a cell


@attrs.frozen
class Grid:
    """A table.

    Attributes:
        caption: What it shows.
        header: Title of each column.
        rows: The cells.
        right: Indices of the columns that are aligned to the right.
        left_out: How many rows are left out.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int] = frozenset()
    left_out: int = 0


def grid(
    caption: str,
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    right: Collection[int] = (),
) -> Grid:
    """Make a table of any values; of very many rows the first.

    Args:
        caption: What it shows.
        header: Title of each column.
        rows: The values.
        right: Indices of the columns that are aligned to the right.
    """
    cells = tuple(tuple(cell(value) for value in row) for row in rows[:_ROWS])
    left_out = max(0, len(rows) - _ROWS)
    return Grid(caption, tuple(map(cell, header)), cells, frozenset(right), left_out)


def cell(value: Any, longest: int = _LONGEST) -> str:
    """Word a value, on one line; a long one is cut.

    Args:
        value: The value.
        longest: Letters that it has at most.
    """
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else describe_value(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def stages(facts: RunFacts) -> Grid:
    """How long each stage took."""
    whole = facts.seconds or 0.0
    rows = []
    for one in facts.stages:
        took = one.seconds
        if took is None and one.start and not facts.is_over:
            took = (facts.seen - one.start).total_seconds()
        share = f"{took / whole:.0%}" if took is not None and whole > 0 else ""
        begin = _offset(facts.start, one.start)
        condition = f"if {one.condition}" if one.condition else ""
        rows.append([one.name, say(one.state), begin, _took(took), share, condition])
    header = ("stage", "state", "started after", "took", "of the run", "condition")
    return grid("Stages", header, rows, {2, 3, 4})


def tasks(facts: RunFacts) -> Grid:
    """How long each task of each stage took."""
    rows = [
        [stage.name, one.name, one.state.lower(), _offset(facts.start, one.start),
         _took(one.seconds)]
        for stage in facts.stages
        for one in stage.tasks
    ]  # fmt: skip
    return grid("Tasks", ("stage", "task", "state", "started after", "took"), rows, {3, 4})


def scores(found: Sequence[Score]) -> Grid:
    """Metrics with their thresholds."""
    verdicts = {True: "passed", False: "not passed", None: ""}
    rows = [[one.stage, one.metric, one.value, one.least, verdicts[one.passed]] for one in found]
    return grid("Metrics", ("stage", "metric", "value", "threshold", ""), rows, {2, 3})


def confusion(matrix: Confusion) -> Grid:
    """The cells of a confusion matrix that are wrong, the most frequent first, and how many."""
    wrong = [
        (count, true, predicted)
        for true, row in zip(matrix.labels, matrix.matrix, strict=True)
        for predicted, count in zip(matrix.labels, row, strict=True)
        if count and true != predicted
    ]
    most = sorted(wrong, key=_by_count)[:_MISTAKES]
    rows = [[true, predicted, count] for count, true, predicted in most]
    header = ("true class", "predicted class", "samples")
    return grid("Which classes are taken for others", header, rows, {2})


def trials(search: Search) -> Grid:
    """Every trial with its parameters and metrics."""
    names = parameters_of(search)
    metrics = list(dict.fromkeys(name for one in search.trials for name in one.metrics))
    rows = [
        [
            f"{one.id} (best)" if one.id == search.best else one.id,
            one.state.lower(),
            _took(one.seconds),
            *[one.metrics.get(name) for name in metrics],
            *[one.parameters.get(name) for name in names],
        ]
        for one in search.trials
    ]
    right = range(2, 3 + len(metrics) + len(names))
    return grid("Trials", ("trial", "state", "took", *metrics, *names), rows, right)


def importance(search: Search) -> Grid:
    """The share of each parameter."""
    rows = [[name, f"{share:.0%}"] for name, share in search.importance.items()]
    return grid("Importance of the parameters", ("parameter", "share"), rows, {1})


def curves(found: Sequence[Curve]) -> Grid:
    """First, last, least and greatest value of learning curves."""
    rows = [
        [one.trial, one.series, one.tag, len(one.points), one.points[0][1], one.points[-1][1],
         min(value for _, value in one.points), max(value for _, value in one.points)]
        for one in found
        if one.points
    ]  # fmt: skip
    header = ("trial", "series", "measured", "points", "first", "last", "least", "greatest")
    return grid("Learning curves", header, rows, range(3, 8))


def machine_times(found: Sequence[MachineTime]) -> Grid:
    """Machine-hours by stage and machine."""
    rows = [[one.stage, one.machine, hours(one.hours)] for one in found]
    return grid("Machine-hours", ("stage", "machine", "machine-hours"), rows, {2})


def hours(value: float) -> str:
    """Word machine-hours."""
    return f"{value:.3f}" if value < 1 else f"{value:,.1f}"


def artifacts(facts: RunFacts) -> Grid:
    """What the stages put out: values and artifacts."""
    rows = [
        [stage.name, name, one.schema_title, one.uri]
        for stage in facts.stages
        for name, one in stage.artifacts.items()
    ]
    rows += [
        [stage.name, name, "value", value]
        for stage in facts.stages
        for name, value in stage.outputs.items()
    ]
    return grid("What the stages put out", ("stage", "output", "kind", "value"), rows)


def lineage(facts: RunFacts) -> Grid:
    """Each step of the lineage."""
    labels = {one.id: one.label for one in facts.lineage}
    rows = [
        [one.kind, one.label, one.detail, ", ".join(labels.get(it, it) for it in one.sources)]
        for one in facts.lineage
    ]
    return grid("Lineage, sources first", ("kind", "name", "is", "made from"), rows)


def _by_count(found: tuple[float, str, str]) -> tuple[float, str, str]:
    return (-found[0], found[1], found[2])


def _took(seconds: float | None) -> str:
    return "" if seconds is None else describe_seconds(seconds)


def _offset(start: datetime | None, then: datetime | None) -> str:
    if start is None or then is None:
        return ""
    return describe_seconds(max(0.0, (then - start).total_seconds()))
