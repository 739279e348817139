"""The end of a task's log, cut down to what its user wrote and needs to see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from vertex_flow.engine.processes.logs import last_lines

_LINES = 15
_EXECUTOR = re.compile(r"^\[(?:KFP Executor|engine\]) ")
_INPUT = re.compile(r"^\[KFP Executor .*Got executor_input:$")
# Frames of what runs the user's function, in a traceback.
_FRAME = re.compile(
    r'^\s*File "(?:[^"]*[/\\]kfp[/\\]dsl[/\\][^"]*|<frozen (?:runpy|importlib[^>]*)>'
    r'|[^"]*[/\\](?:runpy|importlib[/\\]__init__)\.py|[^"]*[/\\]vertex_flow[/\\]engine[/\\][^"]*)"'
)
# The file that the component's source is written to; its folder fills the screen and helps nobody.
_COMPONENT = re.compile(r'(?<=File ")[^"]*[/\\](?=ephemeral_component\.py")')
_ANY_FRAME = re.compile(r'^\s*File "')


def tail(log: Path, *, lines: int = _LINES) -> str:
    """Give the last lines of a log without those of the program around the user's function.

    Args:
        log: The log; one that cannot be read counts as empty.
        lines: The most lines.
    """
    kept = _without_frames(_without_executor(last_lines(log)))
    return "\n".join(list(kept)[-lines:])


def _without_executor(lines: list[str]) -> Iterator[str]:
    """Leave out what the engine and the KFP executor log, the dump of the input included."""
    skipping = False
    for line in lines:
        if skipping:
            skipping = line != "}"
        elif _INPUT.match(line):
            skipping = True
        elif not _EXECUTOR.match(line):
            yield line


def _without_frames(lines: Iterator[str]) -> Iterator[str]:
    """Leave out the frames of a traceback that are not the user's."""
    hidden = False
    for line in lines:
        if _ANY_FRAME.match(line):
            hidden = bool(_FRAME.match(line))
        elif not line.startswith("    "):
            hidden = False
        if not hidden:
            yield _COMPONENT.sub("", line)
