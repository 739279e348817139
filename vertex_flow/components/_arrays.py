"""Reads arrays from an npz file and says what is wrong with them.

KFP copies these functions into the components that use them, so each imports what it needs.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def read_arrays(path: str, uri: str) -> "dict[str, np.ndarray[Any, Any]]":
    """Read every array of an npz file, pickled objects excepted.

    Args:
        path: Where the file is.
        uri: What the user knows the file by, for errors.
    """
    import os
    import zipfile
    import zlib

    import numpy as np

    if not os.path.isfile(path):
        what = "is a folder, not an npz file" if os.path.isdir(path) else "does not exist"
        hint = "" if uri.startswith(("/", "gs://")) else " Give an absolute path or a gs:// URI."
        raise FileNotFoundError(
            f"{uri} {what}: expected an npz file as numpy.savez writes it.{hint}"
        )
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"{uri} is not an npz file, or it is truncated: write it again with numpy.savez."
        )
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        fix = "the file is damaged: write it again with numpy.savez."
        if "allow_pickle" in str(error):
            fix = "an array of Python objects: convert it to numbers before numpy.savez."
        raise ValueError(f"{uri} cannot be read ({error}): {fix}") from None


def check_images(name: str, x: "np.ndarray[Any, Any]", uri: str) -> None:
    """Refuse images of the wrong rank, type or content; `name` is the array's key in the file."""
    import numpy as np

    shape = tuple(x.shape)
    if x.ndim not in (3, 4):
        raise ValueError(
            f"{name} in {uri} has the shape {shape}: expected images, (samples, height, width) or "
            "(samples, height, width, channels)."
        )
    if x.size == 0:
        raise ValueError(f"{name} in {uri} is empty: its shape is {shape}.")
    if x.dtype.kind not in "uifb":
        raise ValueError(f"{name} in {uri} has the type {x.dtype}: expected numbers.")
    if not np.isfinite(x).all():
        raise ValueError(f"{name} in {uri} holds NaN or infinity: clean the data first.")


def check_labels(
    name: str, y: "np.ndarray[Any, Any]", samples: int, uri: str
) -> "np.ndarray[Any, Any]":
    """Return labels as a vector of int64, or refuse them.

    Args:
        name: Key of the array in the file.
        y: Labels, one whole number from 0 a sample.
        samples: How many images there are.
        uri: What the user knows the file by, for errors.
    """
    import numpy as np

    flat = y.reshape(-1) if y.ndim == 2 and y.shape[1] == 1 else y
    if flat.ndim != 1:
        raise ValueError(
            f"{name} in {uri} has the shape {tuple(y.shape)}: expected one label a sample, "
            f"({samples},). Of one-hot labels take argmax(axis=1)."
        )
    if len(flat) != samples:
        raise ValueError(
            f"{name} in {uri} has {len(flat)} labels for {samples} images: expected one an image."
        )
    if flat.dtype.kind not in "uifb" or not np.array_equal(flat, np.round(flat)):
        raise ValueError(
            f"{name} in {uri} is not made of whole numbers ({y.dtype}): expected 0 for the first "
            "class, 1 for the second and so on."
        )
    if flat.min() < 0:
        raise ValueError(f"{name} in {uri} holds {flat.min()}: the first class has the label 0.")
    labels: np.ndarray[Any, Any] = flat.astype(np.int64)
    return labels
