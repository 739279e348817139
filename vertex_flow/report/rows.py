"""The table of stages, which a terminal and a notebook show alike: its rows, and the line below."""

from __future__ import annotations

from datetime import datetime

import attrs

from vertex_flow.report.activity import Activity, StageActivity
from vertex_flow.report.states import Look, look, say
from vertex_flow.texts import describe_span, plain

_FAINT = ("PENDING", "NOT_TRIGGERED", "NOT_REACHED")


@attrs.frozen(kw_only=True)
class Row:
    """A stage in the table.

    Attributes:
        name: Its name.
        state: One of the states of `StageRun`.
        look: How that looks.
        time: How long it took, or takes so far; empty for what has not started.
        doing: What it is doing, or what came out of it.
    """

    name: str
    state: str
    look: Look
    time: str
    doing: str

    @property
    def is_faint(self) -> bool:
        """Whether there is nothing to see there."""
        return self.state in _FAINT


def row(stage: StageActivity, at: datetime) -> Row:
    """Make the row of a stage.

    Args:
        stage: The stage.
        at: Now.
    """
    return Row(
        name=plain(stage.name),
        state=stage.state,
        look=look(stage.state),
        time="" if stage.state == "PENDING" else describe_span(stage.start, stage.end, at),
        doing=stage.doing,
    )


def total(activity: Activity, at: datetime, left: str = "") -> str:
    """Word how the whole run is: the line below the table.

    Args:
        activity: The run.
        at: Now.
        left: Why it is followed no longer: `interrupted while`; empty while it is.
    """
    state = say(activity.state)
    time = describe_span(activity.start, activity.end, at)
    if activity.is_over:
        return f"{state} {'in' if activity.state == 'SUCCEEDED' else 'after'} {time}".rstrip()
    if left:
        return f"{left} {plain(state)}, after {time}"
    return f"{plain(state)} for {time}"
