"""Files that jobs leave for the engine, which may be anything: pipes, devices, or without end."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_LARGEST = 16 * 1024 * 1024  # bytes


def read_plain(path: Path, *, longest: int = _LARGEST) -> bytes:
    """Read a file as a whole; never waits for it, and never takes in more than it may have.

    Args:
        path: The file, or a link to it.
        longest: The most bytes that it may have.

    Raises:
        FileNotFoundError: It is not there, or is a folder, a pipe or a device.
        ValueError: It is longer.
        OSError: It cannot be read.
    """
    # A pipe would keep the opener waiting for a writer.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileNotFoundError(f"{path} is no plain file")
    with os.fdopen(handle, "rb") as file:
        data = file.read(longest + 1)
    if len(data) > longest:
        raise ValueError(f"{path} is too long: it has more than {longest:,} bytes")
    return data
