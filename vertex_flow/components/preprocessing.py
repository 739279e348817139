"""Splits and normalises images for training and testing."""
# mypy: disallow-untyped-decorators=False
# ruff: noqa: D417 - KFP reads the description of an output under Returns

from typing import TYPE_CHECKING, Any, NamedTuple

from kfp import dsl
from kfp.dsl import Dataset, Input, Output

from vertex_flow.components._arrays import check_images, check_labels, read_arrays
from vertex_flow.components._images import NUMPY_IMAGE

if TYPE_CHECKING:
    import numpy as np


def scale_images(name: str, x: "np.ndarray[Any, Any]", uri: str) -> "np.ndarray[Any, Any]":
    """Scale images to float32 from 0 to 1: integers by the largest of their type."""
    import numpy as np

    low, high = float(x.min()), float(x.max())
    largest = 1.0
    if x.dtype.kind in "ui":
        # Wider integers than these hold bytes all the same.
        largest = {"uint8": 255.0, "uint16": 65535.0}.get(str(x.dtype), 255.0)
    if low < 0 or high > largest:
        raise ValueError(
            f"{name} in {uri} ({x.dtype}) holds values from {low:g} to {high:g}: expected "
            f"0 to {largest:g}. Scale floating-point images to 0 to 1, or save them as uint8."
        )
    scaled: np.ndarray[Any, Any] = x.astype(np.float32) / np.float32(largest)
    return scaled


def split_stratified(
    y: "np.ndarray[Any, Any]", fraction: float, seed: int, uri: str
) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
    """Choose the samples of the training and of the test set, the same share of each class.

    Returns:
        Positions of the training and of the test samples, ascending.
    """
    import numpy as np

    if not 0 < fraction < 1:
        raise ValueError(f"test_fraction is {fraction}: expected more than 0 and less than 1.")
    generator = np.random.default_rng(seed)
    test = np.zeros(len(y), dtype=bool)
    for label in np.unique(y):
        members = np.flatnonzero(y == label)
        if len(members) < 2:
            raise ValueError(
                f"class {label} in {uri} has a single sample, so it cannot be both in the training "
                "and in the test set: add samples, or leave the class out."
            )
        count = min(max(round(len(members) * fraction), 1), len(members) - 1)
        test[generator.permutation(members)[:count]] = True
    return np.flatnonzero(~test), np.flatnonzero(test)


def split_arrays(
    arrays: "dict[str, np.ndarray[Any, Any]]", fraction: float, seed: int, uri: str
) -> "list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]":
    """Return the training and the test set, each as scaled images and labels."""

    def checked(x_key: str, y_key: str) -> Any:
        x = arrays[x_key]
        check_images(x_key, x, uri)
        return scale_images(x_key, x, uri), check_labels(y_key, arrays[y_key], len(x), uri)

    if {"x_train", "y_train", "x_test", "y_test"} <= set(arrays):
        train, test = checked("x_train", "y_train"), checked("x_test", "y_test")
        if train[0].shape[1:] != test[0].shape[1:]:
            raise ValueError(
                f"the images of x_train and x_test in {uri} differ in shape: "
                f"{train[0].shape[1:]} and {test[0].shape[1:]}."
            )
        return [train, test]
    if not {"x", "y"} <= set(arrays):
        found = ", ".join(sorted(arrays)) or "nothing"
        raise ValueError(
            f"{uri} holds {found}: expected the arrays x_train, y_train, x_test and y_test, "
            "or x and y, which are split."
        )
    x, y = checked("x", "y")
    return [(x[chosen], y[chosen]) for chosen in split_stratified(y, fraction, seed, uri)]


@dsl.component(
    base_image=NUMPY_IMAGE,
    packages_to_install=["numpy>=1.26"],
    additional_funcs=[
        read_arrays,
        check_images,
        check_labels,
        scale_images,
        split_stratified,
        split_arrays,
    ],
)
def preprocessing(
    dataset: Input[Dataset],
    train_data: Output[Dataset],
    test_data: Output[Dataset],
    test_fraction: float = 0.15,
    seed: int = 0,
) -> NamedTuple(  # type: ignore[valid-type]  # KFP's form of several outputs
    "Outputs", [("num_train", int), ("num_test", int), ("num_classes", int)]
):
    """Normalises images and holds out a test set.

    Args:
        dataset: An npz file with the arrays x_train, y_train, x_test and y_test, whose split is
            kept, or x and y, which are split: images (samples, height, width) or (samples, height,
            width, channels), as integers or as floating-point numbers from 0 to 1; labels as
            whole numbers, 0 for the first class.
        test_fraction: Share of each class of x and y that is held out, above 0 and below 1.
        seed: Seed of the split: the same seed and data give the same split.

    Returns:
        train_data: Training data, an npz file with x, float32 from 0 to 1, and y, int64.
        test_data: Test data in the same form.
        num_train: Number of training samples.
        num_test: Number of test samples.
        num_classes: Number of classes, the largest label plus 1.
    """
    import os

    import numpy as np

    arrays = read_arrays(dataset.path, dataset.uri)
    parts = split_arrays(arrays, test_fraction, int(seed), dataset.uri)
    classes = max(int(y.max()) for _, y in parts) + 1
    for output, (x, y) in zip((train_data, test_data), parts, strict=True):
        os.makedirs(os.path.dirname(output.path), exist_ok=True)
        with open(output.path, "wb") as file:  # given a name, numpy would add .npz to it
            np.savez(file, x=x, y=y)
        output.metadata.update(samples=len(x), shape=list(x.shape[1:]), classes=classes)
        print(f"{output.uri}: {len(x)} samples, shape {x.shape[1:]}, {classes} classes")  # noqa: T201 - the task's log
    return len(parts[0][0]), len(parts[1][0]), classes


PreprocessingOp = preprocessing
