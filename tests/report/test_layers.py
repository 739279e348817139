"""Where the boxes of a graph go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vertex_flow.report.layers import arrange

CHAIN = {"a": (), "b": ("a",), "c": ("b",)}
DIAMOND = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}


def widths(after: Mapping[str, Sequence[str]], width: float = 100) -> dict[str, float]:
    return dict.fromkeys(after, width)


def test_each_box_is_below_those_it_comes_after() -> None:
    assert arrange(widths(DIAMOND), DIAMOND).rows == (("a",), ("b", "c"), ("d",))


def test_a_chain_is_straight() -> None:
    centres = arrange(widths(CHAIN), CHAIN).centres
    assert centres == {"a": 50.0, "b": 50.0, "c": 50.0}


def test_the_one_before_is_in_the_middle_of_those_after() -> None:
    centres = arrange(widths(DIAMOND), DIAMOND).centres
    assert centres["a"] == pytest.approx((centres["b"] + centres["c"]) / 2)


def test_a_wire_passes_beside_the_boxes_between() -> None:
    after = {"a": (), "b": ("a",), "c": ("a", "b")}
    layout = arrange(widths(after), after)
    (long,) = [wire for wire in layout.wires if (wire.source, wire.target) == ("a", "c")]
    assert len(long.bends) == 1
    assert abs(long.bends[0] - layout.centres["b"]) > 50


def test_rows_are_ordered_so_that_wires_do_not_cross() -> None:
    after = {"a": (), "b": (), "under-b": ("b",), "under-a": ("a",)}
    assert arrange(widths(after), after).rows == (("a", "b"), ("under-a", "under-b"))


def test_nothing_is_nothing() -> None:
    layout = arrange({}, {})
    assert (layout.rows, layout.width, layout.wires) == ((), 0.0, ())


@pytest.mark.parametrize("source", ["b", "c", "elsewhere"])
def test_what_is_unknown_or_closes_a_circle_is_left_out(source: str) -> None:
    after = {"a": (source,), "b": (), "c": ()}
    assert arrange(widths(after), after).wires == ()


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    names = [f"n{at}" for at in range(draw(st.integers(1, 14)))]
    return {
        name: tuple(draw(st.lists(st.sampled_from(names[:at]), max_size=4))) if at else ()
        for at, name in enumerate(names)
    }


@given(graphs())
def test_boxes_of_a_row_never_overlap_and_keep_within_the_width(
    after: dict[str, tuple[str, ...]],
) -> None:
    layout = arrange(widths(after), after)
    for row in layout.rows:
        centres = [layout.centres[name] for name in row]
        gaps = [right - left for left, right in pairwise(centres)]
        assert all(gap >= 128 - 1e-6 for gap in gaps)
        assert all(50 - 1e-6 <= one <= layout.width - 50 + 1e-6 for one in centres)
