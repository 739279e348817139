from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kfp.dsl import Dataset

from vertex_flow.components import PreprocessingOp

X = np.arange(20 * 4, dtype=np.uint8).reshape(20, 2, 2)
Y = np.arange(20) % 2


def write(folder: Path, **arrays: Any) -> Dataset:
    path = folder / "data.npz"
    np.savez(path, **arrays)
    return Dataset(uri=str(path))


def run(folder: Path, dataset: Dataset, **settings: Any) -> tuple[Any, ...]:
    """Returns the training and the test artifact, and the component's result."""
    train, test = Dataset(uri=str(folder / "out" / "train")), Dataset(uri=str(folder / "out/test"))
    result = PreprocessingOp.python_func(
        dataset=dataset, train_data=train, test_data=test, **settings
    )
    return train, test, result


def arrays_of(data: Dataset) -> tuple[Any, Any]:
    with np.load(data.path) as found:
        return found["x"], found["y"]


def test_a_split_in_the_data_is_kept(tmp_path: Path) -> None:
    data = write(tmp_path, x_train=X[:15], y_train=Y[:15], x_test=X[15:], y_test=Y[15:])
    train, test, result = run(tmp_path, data)
    assert result == (15, 5, 2)
    assert arrays_of(train)[1].tolist() == Y[:15].tolist()
    assert arrays_of(test)[1].tolist() == Y[15:].tolist()


def test_each_class_is_held_out_alike(tmp_path: Path) -> None:
    y = np.array([0] * 16 + [1] * 4)
    _, test, _ = run(tmp_path, write(tmp_path, x=X, y=y), test_fraction=0.25)
    assert np.bincount(arrays_of(test)[1]).tolist() == [4, 1]


def test_no_sample_is_lost_or_in_both_parts(tmp_path: Path) -> None:
    train, test, _ = run(tmp_path, write(tmp_path, x=X, y=Y))
    together = np.concatenate([arrays_of(train)[0], arrays_of(test)[0]]) * 255
    assert sorted(together[:, 0, 0].round().astype(int)) == X[:, 0, 0].tolist()


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    data = write(tmp_path, x=X, y=Y)
    first = [Path(part.path).read_bytes() for part in run(tmp_path, data, seed=3)[:2]]
    assert first == [Path(part.path).read_bytes() for part in run(tmp_path, data, seed=3)[:2]]


def test_another_seed_gives_another_split(tmp_path: Path) -> None:
    data = write(tmp_path, x=X, y=Y)
    first = arrays_of(run(tmp_path, data, seed=0)[1])[0]
    assert not np.array_equal(first, arrays_of(run(tmp_path, data, seed=1)[1])[0])


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (np.array([0, 255], np.uint8), [0, 1]),
        (np.array([0, 65535], np.uint16), [0, 1]),
        (np.array([0, 255], np.int64), [0, 1]),
        (np.array([False, True]), [0, 1]),
        (np.array([0.25, 0.5]), [0.25, 0.5]),
    ],
)
def test_images_are_scaled_to_one(tmp_path: Path, x: Any, expected: list[float]) -> None:
    images = x.reshape(2, 1, 1)
    data = write(tmp_path, x_train=images, y_train=[0, 1], x_test=images, y_test=[0, 1])
    found, _ = arrays_of(run(tmp_path, data)[0])
    assert (found.reshape(-1).tolist(), found.dtype) == (expected, np.float32)


@pytest.mark.parametrize("y", [Y.astype(np.uint8), Y.astype(float), Y.reshape(-1, 1)])
def test_labels_become_integers(tmp_path: Path, y: Any) -> None:
    _, labels = arrays_of(run(tmp_path, write(tmp_path, x=X, y=y))[0])
    assert (labels.dtype, labels.ndim) == (np.int64, 1)


def test_the_artifacts_say_what_they_hold(tmp_path: Path) -> None:
    train, test, _ = run(tmp_path, write(tmp_path, x=X, y=Y))
    assert train.metadata == {"samples": 16, "shape": [2, 2], "classes": 2}
    assert test.metadata == {"samples": 4, "shape": [2, 2], "classes": 2}


def test_the_files_lie_exactly_where_the_artifacts_say(tmp_path: Path) -> None:
    run(tmp_path, write(tmp_path, x=X, y=Y))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["test", "train"]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "holds nothing: expected the arrays x_train, y_train, x_test and y_test, or x and y"),
        ({"a": X, "y": Y}, "holds a, y: expected the arrays x_train"),
        ({"x_train": X, "y_train": Y}, "holds x_train, y_train: expected the arrays x_train"),
        ({"x": X[0, 0], "y": Y}, r"x in .* has the shape \(2,\): expected images, \(samples"),
        ({"x": X[:0], "y": Y[:0]}, r"x in .* is empty: its shape is \(0, 2, 2\)"),
        ({"x": X.astype(str), "y": Y}, r"x in .* has the type <U.*: expected numbers"),
        ({"x": X * np.nan, "y": Y}, r"x in .* holds NaN or infinity: clean the data first"),
        ({"x": X * 2.0, "y": Y}, r"\(float64\) holds values from 0 to 158: expected 0 to 1\."),
        ({"x": -X.astype(int), "y": Y}, r"\(int64\) holds values from -79 to 0: expected 0 to 255"),
        ({"x": X, "y": Y[:7]}, "has 7 labels for 20 images: expected one an image"),
        ({"x": X, "y": np.eye(20)}, r"has the shape \(20, 20\): expected one label a sample"),
        ({"x": X, "y": Y + 0.5}, r"y in .* is not made of whole numbers \(float64\)"),
        ({"x": X, "y": Y * np.nan}, r"y in .* is not made of whole numbers \(float64\)"),
        ({"x": X, "y": Y.astype(str)}, r"y in .* is not made of whole numbers \(<U"),
        ({"x": X, "y": Y - 1}, r"y in .* holds -1: the first class has the label 0"),
        ({"x": X, "y": np.arange(20) // 19}, r"class 1 in .* has a single sample, so it cannot"),
        ({"x": X.astype(object), "y": Y}, "an array of Python objects: convert it to numbers"),
        (
            {"x_train": X, "y_train": Y, "x_test": X[:, :1], "y_test": Y},
            r"x_train and x_test in .* differ in shape: \(2, 2\) and \(1, 2\)",
        ),
    ],
)
def test_wrong_data_is_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(tmp_path, write(tmp_path, **arrays))


@pytest.mark.parametrize("fraction", [0, 1, -0.5])
def test_a_share_out_of_range_is_refused(tmp_path: Path, fraction: float) -> None:
    with pytest.raises(ValueError, match=f"test_fraction is {fraction}: expected more than 0"):
        run(tmp_path, write(tmp_path, x=X, y=Y), test_fraction=fraction)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"^gs://no-bucket/x\.npz does not exist: expected"):
        run(tmp_path, Dataset(uri="gs://no-bucket/x.npz"))


@pytest.mark.parametrize("uri", ["mnist.npz", "s3://bucket/x.npz"])
def test_a_place_that_no_pipeline_reads_is_refused_with_the_fix(tmp_path: Path, uri: str) -> None:
    message = rf"^{uri} does not exist: .* Give an absolute path or a gs:// URI\.$"
    with pytest.raises(FileNotFoundError, match=message):
        run(tmp_path, Dataset(uri=uri))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is a folder, not an npz file"):
        run(tmp_path, Dataset(uri=str(tmp_path)))


@pytest.mark.parametrize("keep", [0, 40, 0.5])
def test_a_truncated_file_is_refused(tmp_path: Path, keep: float) -> None:
    data = write(tmp_path, x=X, y=Y)
    whole = Path(data.path).read_bytes()
    Path(data.path).write_bytes(whole[: int(keep * len(whole) if keep < 1 else keep)])
    with pytest.raises(ValueError, match=r"is not an npz file, or it is truncated: write it again"):
        run(tmp_path, data)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    data = write(tmp_path, x=X, y=Y)
    whole = bytearray(Path(data.path).read_bytes())
    whole[150:170] = b"?" * 20
    Path(data.path).write_bytes(whole)
    with pytest.raises(ValueError, match=r"cannot be read .*: the file is damaged: write it again"):
        run(tmp_path, data)
