"""Many files side by side."""

from __future__ import annotations

import threading

import pytest

from vertex_flow.errors import ApiError
from vertex_flow.gcp.transfer.outcome import FileFault
from vertex_flow.gcp.transfer.parallel import WORKERS, side_by_side


def test_results_are_in_the_order_of_the_items() -> None:
    assert side_by_side(range(100), lambda one: one * 2, threading.Event()) == list(
        range(0, 200, 2)
    )


def test_nothing_to_do() -> None:
    assert side_by_side([], lambda one: one, threading.Event()) == []


def test_items_are_really_copied_at_the_same_time() -> None:
    meeting = threading.Barrier(WORKERS)
    side_by_side(range(WORKERS), lambda _: meeting.wait(30), threading.Event())


def test_one_that_fails_does_not_stop_the_others() -> None:
    fault = FileFault("it is odd")

    def copy(one: int) -> int:
        if one == 1:
            raise fault
        return one

    assert side_by_side([0, 1, 2], copy, threading.Event()) == [0, fault, 2]


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), ValueError("a mistake of ours"), ApiError(503, "BUSY", "busy")]
)
def test_what_meets_all_stops_those_that_have_not_begun(error: BaseException) -> None:
    stop, begun = threading.Event(), []

    def copy(one: int) -> None:
        begun.append(one)
        if one == 0:
            raise error
        stop.wait(30)

    with pytest.raises(type(error)):
        side_by_side(range(1000), copy, stop)
    assert stop.is_set()
    assert len(begun) < 1000
