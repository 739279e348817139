"""Tiny images that are easy to tell apart, and a run on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.trainer.running import Run, train


def blocks(count: int, classes: int = 3) -> dict[str, Any]:
    """Make images with a bright block whose place is the class."""
    random = np.random.default_rng(7)
    labels = np.arange(count) % classes
    images = random.random((count, 28, 28), dtype=np.float32) / 4
    for image, label in zip(images, labels, strict=True):
        image[8 * label : 8 * label + 8, 8:20] += 0.7
    return {"x": images, "y": labels}


@pytest.fixture
def npz(tmp_path: Path) -> Callable[..., Path]:
    """Give a function that writes arrays to a new npz file."""

    def write(**arrays: Any) -> Path:
        path = tmp_path / f"data-{len(list(tmp_path.iterdir()))}.npz"
        np.savez(path, **(arrays or blocks(60)))
        return path

    return write


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training set of 120 images of 3 classes."""
    path = tmp_path_factory.mktemp("data") / "train.npz"
    np.savez(path, **blocks(120))
    return path


@pytest.fixture(scope="session")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of four epochs that was also a tuning trial."""
    base = tmp_path_factory.mktemp("trained")
    # Without dropout, whose random numbers start anew in a resumed run.
    flags = ("--epochs=4", "--units=16.0", "--batch_size=12", "--dropout=0")
    return train(base, data, *flags, trial="3")
