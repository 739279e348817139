"""How the states of stages look: a word, a mark that needs no colour, a colour."""

from __future__ import annotations

import attrs


@attrs.frozen
class Look:
    """How a state looks.

    Attributes:
        word: In a word or two.
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


def look(state: str) -> Look:
    """Give the look of the state of a stage or a run; one that is not known is still to come."""
    return _LOOKS.get(state, Look(state.lower().replace("_", " "), "○", _GREY))


def in_full(state: str) -> str:
    """Give the word of a state where it stands by itself, as in pages and tables: `succeeded`."""
    return "succeeded" if state == "SUCCEEDED" else look(state).word
