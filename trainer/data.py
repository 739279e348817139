"""Reading the samples, holding some out, and the order in which they are learnt."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.errors import TrainingError

SIDE = 28


@dataclass(frozen=True, eq=False)
class Samples:
    """Images and what they show.

    Attributes:
        images: float32, n × 28 × 28.
        labels: int64, n; from 0.
    """

    images: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: npt.NDArray[np.int64]) -> Samples:
        """Give the samples of some rows, in their order."""
        return Samples(self.images[rows], self.labels[rows])


def load(uri: str) -> Samples:
    """Read the samples of an npz file.

    Args:
        uri: Path or `gs://` URI of a file with `x` (floating point, n × 28 × 28) and `y` (whole
            numbers from 0, n).

    Raises:
        TrainingError: The file is missing, is no complete npz, or holds something else.
    """
    arrays = _arrays(uri)
    missing = [key for key in ("x", "y") if key not in arrays]
    if missing:
        raise TrainingError(
            f"{uri}: no array {' and no '.join(map(repr, missing))}; expected 'x' and 'y', "
            f"found {', '.join(map(repr, sorted(arrays))) or 'none'}"
        )
    images, labels = arrays["x"], arrays["y"]
    for fault in _faults(images, labels):
        raise TrainingError(f"{uri}: {fault}")
    return Samples(images.astype(np.float32, copy=False), labels.astype(np.int64, copy=False))


def hold_out(samples: Samples, fraction: float, seed: int) -> tuple[Samples, Samples]:
    """Split samples at random into those to learn from and those to validate with.

    Args:
        samples: At least two.
        fraction: Share to validate with, above 0 and below 1; at least one sample goes each way.
        seed: The same seed gives the same split.

    Raises:
        TrainingError: There is only one sample.
    """
    if len(samples) < 2:
        raise TrainingError("one sample cannot be split; give at least two or --validation_data")
    order = np.random.default_rng(seed).permutation(len(samples))
    held = min(max(1, round(fraction * len(samples))), len(samples) - 1)
    return samples.take(order[held:]), samples.take(order[:held])


def count_classes(*parts: Samples) -> int:
    """Count the classes of all samples: the highest label and 1.

    Raises:
        TrainingError: Every label is 0.
    """
    classes = 1 + max(int(part.labels.max()) for part in parts)
    if classes < 2:
        raise TrainingError("every label is 0; expected at least two classes")
    return classes


def shuffled(count: int, size: int, *, seed: int, epoch: int) -> Iterator[npt.NDArray[np.int64]]:
    """Give the rows of one epoch's batches, all of one size; a remainder waits for its turn.

    Args:
        count: Number of samples.
        size: Samples a batch, at most `count`.
        seed: The run's seed.
        epoch: The epoch's number. An epoch has the same order in a run that was resumed.
    """
    order = np.random.default_rng([seed, epoch]).permutation(count)
    for start in range(0, count - size + 1, size):
        yield order[start : start + size]


def _arrays(uri: str) -> Mapping[str, npt.NDArray[Any]]:
    try:
        with tf.io.gfile.GFile(uri, "rb") as file:
            content = io.BytesIO(file.read())
    except tf.errors.NotFoundError:
        raise TrainingError(f"{uri}: no such file") from None
    except tf.errors.OpError as error:
        raise TrainingError(f"{uri}: cannot be read: {error.message}") from error
    try:
        with np.load(content, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    # np.load gives a bare array, which is no context manager, for an npy file.
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, TypeError) as error:
        raise TrainingError(f"{uri}: not a complete npz file ({error})") from error


def _faults(images: npt.NDArray[Any], labels: npt.NDArray[Any]) -> Iterator[str]:
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        yield f"x has the shape {images.shape}; expected (n, {SIDE}, {SIDE})"
    if labels.shape != images.shape[:1]:
        yield f"y has the shape {labels.shape}; expected ({len(images)},), one label an image"
    if not len(labels):
        yield "there are no samples"
    if not np.issubdtype(images.dtype, np.floating):
        yield f"x is {images.dtype}; expected float32 from 0 to 1: divide pixels by 255"
    if not np.issubdtype(labels.dtype, np.integer):
        yield f"y is {labels.dtype}; expected whole numbers from 0"
    if labels.min() < 0:
        yield f"y holds the label {labels.min()}; expected whole numbers from 0"
    bad = int(np.count_nonzero(~np.isfinite(images).all(axis=(1, 2))))
    if bad:
        yield f"{bad} of {len(images)} images in x hold NaN or infinity"
