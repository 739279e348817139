"""The end of a log, for an error that says why a process failed."""

from __future__ import annotations

from pathlib import Path

_LINES = 15
_BYTES = 65_536
# What TensorFlow says on every machine without a GPU, whatever log level is asked for.
_NOISE = (
    "All log messages before absl::InitializeLog()",
    "Could not find cuda drivers on your machine",
    "failed call to cuInit",
)


def tail(log: Path, *, lines: int = _LINES) -> str:
    """Give the last lines of a log; of a progress bar, its last state.

    Args:
        log: The log; one that cannot be read counts as empty.
        lines: The most lines.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    shown = (line.rstrip("\r").rpartition("\r")[2].rstrip() for line in text.split("\n"))
    kept = [line for line in shown if line and not any(noise in line for noise in _NOISE)]
    return "\n".join(kept[-lines:])
