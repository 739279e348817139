"""What the states of runs, stages, tasks and trials mean to people: words, marks, colours."""

from __future__ import annotations

import attrs


@attrs.frozen
class Look:
    """How a state looks in a table that changes while a run goes on.

    Attributes:
        word: In a word or two; short, `done` for what has succeeded.
        mark: One character.
        colour: As HTML writes it; told apart on light and on dark ground.
    """

    word: str
    mark: str
    colour: str


_GREEN, _BLUE, _RED, _GREY, _TEAL = "#1e9e57", "#2f7de1", "#d83a3a", "#7a8291", "#0f9a9a"
_LOOKS = {
    "RUNNING": Look("running", "●", _BLUE),
    "SUCCEEDED": Look("done", "✓", _GREEN),
    "REUSED": Look("reused", "↻", _TEAL),
    "FAILED": Look("failed", "✗", _RED),
    "CANCELLING": Look("being cancelled", "■", _GREY),
    "CANCELLED": Look("cancelled", "■", _GREY),
    "NOT_TRIGGERED": Look("left out", "⊘", _GREY),
    "NOT_REACHED": Look("not reached", "·", _GREY),
}
_SAID = {"SUCCEEDED": "succeeded", "INFEASIBLE": "no result"}
_OVER = ("SUCCEEDED", "FAILED", "CANCELLED")


def is_over(state: str) -> bool:
    """Tell whether a run in this state has ended."""
    return state in _OVER


def say(state: str) -> str:
    """Word a state in a sentence, or in a list of what is over: `succeeded`, `left out`."""
    return _SAID.get(state) or look(state).word


def look(state: str) -> Look:
    """Give the look of the state of a stage or a run; one that is not known is still to come."""
    return _LOOKS.get(state, Look(state.lower().replace("_", " "), "○", _GREY))
