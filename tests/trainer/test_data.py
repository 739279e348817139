"""Reading the samples, holding some out, and their order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.conftest import blocks
from trainer.data import Samples, count_classes, hold_out, load, shuffled
from trainer.errors import TrainingError

Npz = Callable[..., Path]
IMAGES = np.zeros((2, 28, 28), np.float32)
LABELS = np.array([0, 1])


def samples(count: int) -> Samples:
    found = blocks(count)
    return Samples(found["x"], found["y"])


def fault(path: Path) -> str:
    with pytest.raises(TrainingError) as caught:
        load(str(path))
    return str(caught.value).removeprefix(f"{path}: ")


def test_samples_are_read(npz: Npz) -> None:
    found = load(str(npz(x=IMAGES.astype(np.float64), y=LABELS.astype(np.uint8))))
    kinds = (found.images.dtype.name, found.labels.dtype.name)
    assert (*kinds, len(found)) == ("float32", "int64", 2)


def test_a_missing_file(tmp_path: Path) -> None:
    assert fault(tmp_path / "none.npz") == "no such file"


def test_a_folder(tmp_path: Path) -> None:
    assert fault(tmp_path).startswith("cannot be read: ")


def test_a_truncated_file(npz: Npz) -> None:
    path = npz()
    path.write_bytes(path.read_bytes()[:5000])
    assert fault(path).startswith("not a complete npz file (")


def test_a_file_with_a_damaged_array(npz: Npz) -> None:
    path = npz()
    content = bytearray(path.read_bytes())
    content[3000:3010] = bytes(10)
    path.write_bytes(content)
    assert fault(path).startswith("not a complete npz file (")


@pytest.mark.parametrize("content", [b"", b"digits"])
def test_a_file_of_another_kind(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    assert fault(path).startswith("not a complete npz file (")


def test_a_bare_array(tmp_path: Path) -> None:
    path = tmp_path / "array.npy"
    np.save(path, IMAGES)
    assert fault(path).startswith("not a complete npz file (")


def test_pickled_objects_are_not_loaded(npz: Npz) -> None:
    path = npz(x=np.array([{}], dtype=object), y=LABELS)
    assert fault(path).startswith("not a complete npz file (Object arrays cannot be loaded")


def test_wrong_keys(npz: Npz) -> None:
    path = npz(x_train=IMAGES, y_train=LABELS)
    expected = "no array 'x' and no 'y'; expected 'x' and 'y', found 'x_train', 'y_train'"
    assert fault(path) == expected


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES[:, :14], LABELS, "x has the shape (2, 14, 28); expected (n, 28, 28)"),
        (IMAGES[..., None], LABELS, "x has the shape (2, 28, 28, 1); expected (n, 28, 28)"),
        (IMAGES, LABELS[:1], "y has the shape (1,); expected (2,), one label an image"),
        (IMAGES[:0], LABELS[:0], "there are no samples"),
        (
            IMAGES.astype(np.uint8),
            LABELS,
            "x is uint8; expected float32 from 0 to 1: divide pixels by 255",
        ),
        (IMAGES, LABELS / 2, "y is float64; expected whole numbers from 0"),
        (IMAGES, LABELS - 1, "y holds the label -1; expected whole numbers from 0"),
        (
            IMAGES + np.array([0, np.nan], np.float32)[:, None, None],
            LABELS,
            "1 of 2 images in x hold NaN or infinity",
        ),
    ],
)
def test_wrong_arrays(npz: Npz, images: np.ndarray, labels: np.ndarray, message: str) -> None:
    assert fault(npz(x=images, y=labels)) == message


def test_a_share_is_held_out() -> None:
    assert [len(part) for part in hold_out(samples(60), 0.25, 0)] == [45, 15]


def test_nothing_is_in_both_parts() -> None:
    whole = samples(30)
    train, held = hold_out(whole, 0.5, 3)
    found = np.concatenate([train.images, held.images]).sum(axis=(1, 2))
    np.testing.assert_array_equal(np.sort(found), np.sort(whole.images.sum(axis=(1, 2))))


@pytest.mark.parametrize("fraction", [0.001, 0.999])
def test_each_part_has_a_sample(fraction: float) -> None:
    assert min(len(part) for part in hold_out(samples(5), fraction, 0)) == 1


def test_one_sample_cannot_be_split() -> None:
    with pytest.raises(TrainingError, match="give at least two or --validation_data"):
        hold_out(samples(1), 0.5, 0)


def test_classes_follow_the_highest_label_of_all_parts() -> None:
    one, other = samples(2), Samples(IMAGES, np.array([0, 7]))
    assert count_classes(one, other) == 8


def test_one_class_is_too_few() -> None:
    with pytest.raises(TrainingError, match="every label is 0; expected at least two classes"):
        count_classes(Samples(IMAGES, np.array([0, 0])))


def test_the_remainder_of_an_epoch_is_left_out() -> None:
    assert [len(rows) for rows in shuffled(10, 4, seed=0, epoch=1)] == [4, 4]


def test_no_sample_comes_twice_in_an_epoch() -> None:
    rows = np.concatenate(list(shuffled(12, 4, seed=0, epoch=1)))
    assert sorted(rows.tolist()) == list(range(12))


def test_the_order_depends_on_the_epoch() -> None:
    first, second = (next(shuffled(12, 12, seed=0, epoch=epoch)) for epoch in (1, 2))
    assert first.tolist() != second.tolist()
