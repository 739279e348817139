"""Globs of names, matched in time that grows with the name and the glob, whatever they are."""

from __future__ import annotations

import re
from collections.abc import Callable

from vertex_flow.engine.api.errors import invalid

_PIECE = re.compile(r"\*\*/?|\*|\?|\[!?[^\]]+\]|\{[^{}]*\}|.", re.DOTALL)
_LONGEST = 1024  # characters, as many as a name has

# A step takes a name and the places in it that the glob has reached, as the bits of a number, and
# gives the places that it reaches next. A regular expression would try them one after the other,
# and for `*a*a*a*a*b` would never come to an end.
_Step = Callable[[str, int], int]


class Glob:
    """A glob.

    Args:
        text: `*` and `?` stand for any characters but `/`, `**` for any, `**/` for any folders
            or none, `[a-z]` and `[!a-z]` for one character, `{a,b}` for one of some texts.

    Raises:
        ApiError: INVALID_ARGUMENT when it is too long.
    """

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise invalid(
                f"Invalid value for matchGlob: it has {len(text)} characters; at most {_LONGEST} "
                "are allowed."
            )
        self._steps = [_step(piece) for piece in _PIECE.findall(text)]

    def matches(self, name: str) -> bool:
        """Tell whether the glob stands for a name, as a whole."""
        reached = 1
        for step in self._steps:
            reached = step(name, reached)
            if not reached:
                return False
        return bool(reached >> len(name))


def _step(piece: str) -> _Step:
    if piece == "**":
        return _anything
    if piece == "**/":
        return _folders
    if piece == "*":
        return _letters
    if len(piece) > 1 and piece[0] == "{":
        return _one_of(piece[1:-1].split(","))
    return _letter(piece)


def _anything(name: str, reached: int) -> int:
    """Reach every place from the first one on."""
    return (2 << len(name)) - (reached & -reached)


def _folders(name: str, reached: int) -> int:
    """Stay, or reach what is behind any slash from the first place on."""
    behind = sum(2 << at for at, char in enumerate(name) if char == "/")
    return reached | (behind & ~((reached & -reached) * 2 - 1))


def _letters(name: str, reached: int) -> int:
    """Reach every place up to the next slash."""
    found = carried = 0
    for at in range(len(name) + 1):
        here = 1 << at
        carried = bool(reached & here or (carried and name[at - 1] != "/"))
        found |= here if carried else 0
    return found


def _letter(piece: str) -> _Step:
    allowed = _class(piece) if len(piece) > 1 else None

    def step(name: str, reached: int) -> int:
        return sum(
            2 << at
            for at, char in enumerate(name)
            if reached >> at & 1
            and (char != "/" if piece == "?" else allowed(char) if allowed else char == piece)
        )

    return step


def _class(piece: str) -> Callable[[str], bool]:
    """Read `[a-z]` or `[!a-z]`."""
    inner = piece[1:-1]
    negated = inner.startswith("!") and len(inner) > 1
    ranges = re.findall(r"(.)-(.)|(.)", inner[1:] if negated else inner, re.DOTALL)
    pairs = [(low or one, high or one) for low, high, one in ranges]
    return lambda char: any(low <= char <= high for low, high in pairs) is not negated


def _one_of(texts: list[str]) -> _Step:
    def step(name: str, reached: int) -> int:
        found = 0
        places = [at for at in range(len(name) + 1) if reached >> at & 1]
        for text in texts:
            for at in places:
                found |= (1 << at + len(text)) if name.startswith(text, at) else 0
        return found

    return step
