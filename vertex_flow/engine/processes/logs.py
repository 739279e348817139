"""The end of a log, for an error that says why a process failed."""

from __future__ import annotations

import shutil
from pathlib import Path

_LINES = 15
_BYTES = 65_536
_FULL = "The disk that holds {} is full: what was printed last is lost. Free some space."
_WIDTH = 1000  # characters of a line
# What TensorFlow says on every machine without a GPU, whatever log level is asked for.
_NOISE = (
    "All log messages before absl::InitializeLog()",
    "Could not find cuda drivers on your machine",
    "failed call to cuInit",
)


def tail(log: Path, *, lines: int = _LINES) -> str:
    """Give the last lines of a log that are not noise.

    Args:
        log: The log; one that cannot be read counts as empty.
        lines: The most lines.
    """
    return "\n".join(last_lines(log)[-lines:])


def last_lines(log: Path) -> list[str]:
    """Give the lines at the end of a log as a terminal can show them.

    Of a progress bar its last state; long lines are cut, control characters are escaped, empty
    lines and what TensorFlow says everywhere are left out.

    Args:
        log: The log; one that cannot be read counts as empty.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    note = [_FULL.format(log.parent)] if _on_full_disk(log) else []
    shown = (line.rstrip("\r").rpartition("\r")[2].rstrip() for line in text.split("\n"))
    return [
        _readable(line) for line in shown if line and not any(noise in line for noise in _NOISE)
    ] + note


def _on_full_disk(log: Path) -> bool:
    return shutil.disk_usage(log.parent).free < _BYTES


def _readable(line: str) -> str:
    cut = line if len(line) <= _WIDTH else f"{line[:_WIDTH]}…"
    return "".join(
        char if char.isprintable() or char == "\t" else char.encode("unicode_escape").decode()
        for char in cut
    )
