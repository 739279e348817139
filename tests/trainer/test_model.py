"""The network."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.model import build, shifted
from trainer.options import Options


def test_the_network_gives_one_logit_a_class() -> None:
    network = build(Options(train_data="a", units=8), 7)
    assert tuple(network(np.zeros((2, 28, 28), np.float32)).shape) == (2, 7)


def test_units_are_the_width_of_the_dense_layer() -> None:
    network = build(Options(train_data="a", units=8), 7)
    assert [tuple(weight.shape) for weight in network.weights[-4:]] == [
        (1568, 8),
        (8,),
        (8, 7),
        (7,),
    ]


def dots(count: int = 40) -> np.ndarray:
    images = np.zeros((count, 28, 28), np.float32)
    images[:, 14, 14] = 1
    return images


def test_images_move_by_at_most_the_limit() -> None:
    rows, columns = np.nonzero(shifted(dots(), 2, [0, 1]).numpy().sum(axis=0))
    assert {*rows.tolist(), *columns.tolist()} == {12, 13, 14, 15, 16}


def test_what_moves_in_is_empty() -> None:
    moved = shifted(np.ones((9, 28, 28), np.float32), 2, [0, 1]).numpy()
    assert moved.sum(axis=(1, 2)).min() < 28 * 28


def test_a_limit_of_zero_leaves_images_alone() -> None:
    images = dots(3)
    assert shifted(images, 0, [0, 1]) is images


@pytest.mark.parametrize(("seed", "same"), [([0, 1], True), ([0, 2], False)])
def test_the_moves_follow_the_seed(seed: list[int], same: bool) -> None:
    one, other = shifted(dots(), 2, [0, 1]).numpy(), shifted(dots(), 2, seed).numpy()
    assert np.array_equal(one, other) is same
