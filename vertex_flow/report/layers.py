"""Where the boxes of a graph go: rows from top to bottom, few crossings, straight long wires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import attrs

_SWEEPS = 8
_GAP = 28.0  # between two boxes of a row
_BEND = 16.0  # room of a wire that passes a row
_STIFF = 8.0  # how much more a passing wire wants to be straight than a box wants to be centred


@attrs.frozen
class Wire:
    """A wire from one box to another.

    Attributes:
        source: The box that it leaves.
        target: The box that it goes to.
        bends: Where it passes the rows between them: x, in order.
    """

    source: str
    target: str
    bends: tuple[float, ...]


@attrs.frozen
class Layout:
    """Where everything goes.

    Attributes:
        rows: The boxes of each row, from left to right.
        centres: x of the middle of each box; the leftmost edge of all is at 0.
        width: Width of the whole.
        wires: The wires, with their bends.
    """

    rows: tuple[tuple[str, ...], ...]
    centres: Mapping[str, float]
    width: float
    wires: tuple[Wire, ...]


@attrs.define
class _Spot:
    """A box, or a wire that passes a row."""

    width: float
    name: str = ""
    above: list[_Spot] = attrs.field(factory=list, repr=False)
    below: list[_Spot] = attrs.field(factory=list, repr=False)
    x: float = 0.0

    @property
    def weight(self) -> float:
        return 1.0 if self.name else _STIFF


def arrange(widths: Mapping[str, float], after: Mapping[str, Sequence[str]]) -> Layout:
    """Arrange boxes in rows, each below all that it comes after.

    Args:
        widths: Width of each box, each box after those it depends on.
        after: The boxes that each comes after; others than those in `widths`, and those that
            would close a circle, are left out.
    """
    order = {name: at for at, name in enumerate(widths)}
    edges = [
        (source, target)
        for target in widths
        for source in dict.fromkeys(after.get(target, ()))
        if order.get(source, len(order)) < order[target]
    ]
    row_of = _rows(order, edges)
    spots = {name: _Spot(width, name) for name, width in widths.items()}
    rows: list[list[_Spot]] = [[] for _ in range(max(row_of.values(), default=-1) + 1)]
    for name, spot in spots.items():
        rows[row_of[name]].append(spot)
    chains = {edge: _chain(edge, row_of, rows, spots) for edge in edges}
    _untangle(rows)
    _place(rows)
    left = min((one.x - one.width / 2 for row in rows for one in row), default=0.0)
    right = max((one.x + one.width / 2 for row in rows for one in row), default=0.0)
    return Layout(
        rows=tuple(tuple(one.name for one in row if one.name) for row in rows),
        centres={name: spot.x - left for name, spot in spots.items()},
        width=right - left,
        wires=tuple(
            Wire(source, target, tuple(one.x - left for one in chain))
            for (source, target), chain in chains.items()
        ),
    )


def _rows(order: Mapping[str, int], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Row of each box: one below the lowest that it comes after."""
    found = dict.fromkeys(order, 0)
    for source, target in sorted(edges, key=lambda edge: order[edge[1]]):
        found[target] = max(found[target], found[source] + 1)
    return found


def _chain(
    edge: tuple[str, str],
    row_of: Mapping[str, int],
    rows: list[list[_Spot]],
    spots: Mapping[str, _Spot],
) -> list[_Spot]:
    """Make a spot in each row that a wire passes, and tie them together."""
    source, target = edge
    passed = [_Spot(_BEND) for _ in range(row_of[source] + 1, row_of[target])]
    for at, spot in enumerate(passed, row_of[source] + 1):
        rows[at].append(spot)
    chain = [spots[source], *passed, spots[target]]
    for upper, lower in pairwise(chain):
        upper.below.append(lower)
        lower.above.append(upper)
    return passed


def _untangle(rows: list[list[_Spot]]) -> None:
    """Order each row by the middle of its neighbours, down and up again."""
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            places = {
                id(one): float(at) for other in rows if other is not row for at, one in _at(other)
            }
            own = {id(one): at for at, one in _at(row)}
            row.sort(key=lambda one: _middle(one, places, own, down=down))


def _at(row: Sequence[_Spot]) -> list[tuple[float, _Spot]]:
    """Place of each spot of a row, counted from its middle."""
    return [(at - (len(row) - 1) / 2, one) for at, one in enumerate(row)]


def _middle(
    spot: _Spot, places: Mapping[int, float], own: Mapping[int, float], *, down: bool
) -> float:
    near = spot.above if down else spot.below
    return sum(places[id(one)] for one in near) / len(near) if near else own[id(spot)]


def _place(rows: list[list[_Spot]]) -> None:
    """Give each spot its x: near its neighbours, in order, without overlap."""
    for row in rows:
        _settle(row, [0.0] * len(row))
    for _ in range(_SWEEPS):
        for row in (*rows, *reversed(rows)):
            _settle(row, [_wish(one) for one in row])


def _wish(spot: _Spot) -> float:
    near = [*spot.above, *spot.below]
    total = sum(one.weight for one in near)
    return sum(one.x * one.weight for one in near) / total if near else spot.x


def _settle(row: list[_Spot], wishes: Sequence[float]) -> None:
    """Put a row as near to its wishes as its order and gaps allow (in least squares)."""
    offsets, offset = [], 0.0
    for at, spot in enumerate(row):
        if at:
            offset += (row[at - 1].width + spot.width) / 2 + _GAP
        offsets.append(offset)
    blocks: list[tuple[float, float, int]] = []  # middle, weight, count of what moves together
    for spot, wish, shift in zip(row, wishes, offsets, strict=True):
        middle, weight, count = wish - shift, spot.weight, 1
        while blocks and blocks[-1][0] > middle:
            other, heavy, more = blocks.pop()
            middle = (middle * weight + other * heavy) / (weight + heavy)
            weight, count = weight + heavy, count + more
        blocks.append((middle, weight, count))
    starts = [middle for middle, _, count in blocks for _ in range(count)]
    for spot, start, shift in zip(row, starts, offsets, strict=True):
        spot.x = start + shift
