"""What pages show of a run, worked out from its facts."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import attrs

from vertex_flow.report.states import say

if TYPE_CHECKING:
    from vertex_flow.report.facts import Confusion, RunFacts, StageFacts

_HEATS = 9
_OVER = {
    "SUCCEEDED": "The run has succeeded.",
    "FAILED": "The run has failed.",
    "CANCELLED": "The run was cancelled.",
}
_ENDED = ("SUCCEEDED", "REUSED", "FAILED", "CANCELLED", "NOT_TRIGGERED")


@attrs.frozen
class Bar:
    """When a stage ran, as a part of the run's time.

    Attributes:
        left: Where it began, 0 to 100.
        width: How long it took, 0 to 100.
    """

    left: float
    width: float


@attrs.frozen
class Cell:
    """A cell of a confusion matrix.

    Attributes:
        count: How many samples.
        heat: How many of its row these are, 0 to 9.
        right: Whether these are right.
    """

    count: float
    heat: int
    right: bool


@attrs.frozen(kw_only=True)
class RunView:
    """What is worked out for the page of a run.

    Attributes:
        ended: How many stages have ended.
        said: The state of the run in one sentence, for screen readers too.
        bars: When each stage ran, by name.
        matrices: The confusion matrices, with their cells.
    """

    ended: int
    said: str
    bars: dict[str, Bar]
    matrices: tuple[tuple[Confusion, tuple[tuple[Cell, ...], ...]], ...]


def run_view(facts: RunFacts) -> RunView:
    """Work out what the page of a run shows."""
    ended = sum(one.state in _ENDED for one in facts.stages)
    return RunView(
        ended=ended,
        said=_said(facts, ended),
        bars=_bars(facts),
        matrices=tuple((one, _cells(one)) for one in facts.confusions),
    )


def doing(facts: RunFacts) -> tuple[StageFacts, ...]:
    """Give the stages that run now."""
    return tuple(one for one in facts.stages if one.state == "RUNNING")


def _said(facts: RunFacts, ended: int) -> str:
    running = ", ".join(one.name for one in doing(facts))
    if facts.is_over:
        return _OVER[facts.state]
    now = f" Now: {running}." if running else ""
    stages = "stage has" if len(facts.stages) == 1 else "stages have"
    return f"The run is {say(facts.state)}: {ended} of {len(facts.stages)} {stages} ended.{now}"


def _bars(facts: RunFacts) -> dict[str, Bar]:
    starts = [one.start for one in facts.stages if one.start]
    if not starts:
        return {}
    now = facts.end or facts.seen or datetime.now(timezone.utc)
    begin = min([*starts, facts.start] if facts.start else starts)
    end = max([now, *(one.end for one in facts.stages if one.end)])
    whole = max((end - begin).total_seconds(), 0.001)
    found = {}
    for one in facts.stages:
        if one.start:
            left = 100 * (one.start - begin).total_seconds() / whole
            width = 100 * ((one.end or now) - one.start).total_seconds() / whole
            found[one.name] = Bar(round(left, 2), round(max(width, 0.6), 2))
    return found


def _cells(one: Confusion) -> tuple[tuple[Cell, ...], ...]:
    rows = []
    for index, row in enumerate(one.matrix):
        whole = sum(row) or 1
        rows.append(
            tuple(
                Cell(count, round(_HEATS * count / whole), index == column)
                for column, count in enumerate(row)
            )
        )
    return tuple(rows)
