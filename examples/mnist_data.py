"""The data of the MNIST example: a file of the user's, Keras' MNIST, or a bundled stand-in."""

from __future__ import annotations

import hashlib
import io
import os
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
CACHE = Path("~/.keras/datasets/mnist.npz").expanduser()  # where Keras keeps it, too
ATTEMPTS = 3


def locate(data: str, *, cloud: bool) -> str:
    """Find the data set.

    Args:
        data: Path of an npz file, a gs:// URI, or `auto`.
        cloud: Whether the flow runs where it cannot read files of this machine.

    Returns:
        A gs:// URI, or the absolute path of an npz file.

    Raises:
        FileNotFoundError: There is no such file, or a cloud run cannot read it.
    """
    if data.startswith("gs://"):
        return data
    if cloud:
        raise FileNotFoundError(
            f"--on vertex reads its data from Cloud Storage, and --data is {data!r}. "
            "Give a URI: --data gs://BUCKET/mnist.npz"
        )
    if data == "auto":
        return str(_mnist() or _digits())
    path = Path(data).expanduser().resolve()
    if not path.is_file():
        raise FileNotFoundError(f"--data {data}: there is no such file.")
    return str(path)


def load(uri: str, count: int) -> tuple[Any, Any]:
    """The first images and labels of an npz file with `x` and `y`, local or in Cloud Storage."""
    if uri.startswith("gs://"):
        import tensorflow as tf

        source: Any = io.BytesIO(tf.io.gfile.GFile(uri, "rb").read())
    else:
        source = uri
    with np.load(source, allow_pickle=False) as data:
        return data["x"][:count], data["y"][:count]


def _mnist(url: str = URL, cache: Path = CACHE, sha256: str = SHA256) -> Path | None:
    """MNIST from Keras' cache or its server; None, with a line that says so, without network."""
    if cache.is_file() and _digest(cache.read_bytes()) == sha256:
        return cache
    reason: object = ""
    for attempt in range(ATTEMPTS):
        try:
            content = _download(url)
        except (URLError, OSError) as error:
            reason = getattr(error, "reason", error)
        else:
            if _digest(content) == sha256:
                _write(cache, content)
                return cache
            reason = "its checksum is wrong"
        time.sleep(0.2 * attempt)
    print(f"MNIST cannot be downloaded ({reason}): using scikit-learn's 1,797 small digits instead")
    return None


def _download(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - a constant https URL
        return bytes(response.read())


def _digits() -> Path:
    """scikit-learn's handwritten digits, 8 × 8 pixels, as images of 28 × 28."""
    from sklearn.datasets import load_digits

    path = Path(os.environ.get("VERTEX_FLOW_HOME", ".vertex_flow")).resolve() / "data/digits.npz"
    if not path.is_file():
        pixels, labels = load_digits(return_X_y=True)
        enlarged = np.kron(pixels.reshape(-1, 8, 8), np.ones((3, 3)))  # 24 x 24
        images = np.pad(enlarged, ((0, 0), (2, 2), (2, 2))) * (255 / 16)
        content = io.BytesIO()
        np.savez(content, x=images.astype("uint8"), y=labels.astype("int64"))
        _write(path, content.getvalue())
    return path


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(path)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
