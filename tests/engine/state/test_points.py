from __future__ import annotations

import pytest

from vertex_flow.engine.state.points import Point, Points
from vertex_flow.engine.state.store import Store


@pytest.fixture
def points(store: Store) -> Points:
    points = Points(store)
    points.write("t/1/loss", [Point(2, b"two"), Point(-1, b"minus"), Point(10, b"ten")])
    points.write("t/10/loss", [Point(1, b"x")])
    return points


def test_points_come_by_step(points: Points) -> None:
    assert [point.step for point in points.read("t/1/loss")] == [-1, 2, 10]


def test_a_second_point_at_a_step_takes_the_place_of_the_first(points: Points) -> None:
    points.write("t/1/loss", [Point(2, b"new")])

    assert points.read("t/1/loss")[1] == Point(2, b"new")


def test_size_of_what_is_below(points: Points) -> None:
    assert points.size("t/1") == len("two" + "minus" + "ten")


def test_forget_what_is_below(points: Points) -> None:
    points.forget("t/1")

    assert points.read("t/1/loss") == []
    assert points.read("t/10/loss") == [Point(1, b"x")]


def test_forget_one_series(points: Points) -> None:
    points.forget("t/10/loss")

    assert points.size("t/10") == 0
