"""Runs side by side, as text that fits a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size

from vertex_flow.report.nested import prefix
from vertex_flow.report.states import say
from vertex_flow.report.table import table
from vertex_flow.texts import describe_minute, describe_value, plain

if TYPE_CHECKING:
    from vertex_flow.report.comparison import Comparison, Row

# In this order they are shown.
SECTIONS: Mapping[str, str] = {
    "run": "Run",
    "parameters": "Parameters",
    "code": "Code",
    "stages": "Stages",
    "settings": "Settings",
    "best parameters": "Best parameters",
    "metrics": "Metrics",
    "outputs": "Outputs",
    "artifacts": "Artifacts",
    "model": "Model",
    "environment": "Environment",
    "durations": "Seconds",
}
CODE_IMAGE = re.compile(r"file://.+@sha256:[0-9a-f]{64}")  # training code on this machine
_LONGEST_NAME = 38
_LONGEST_NOTE = 18
_LEAST = 8
_KEPT = 6  # characters before the first difference of long texts
_ABSENT = "-"
_SAME = "no difference: parameters, code, stages, settings and results are the same"


def columns(comparison: Comparison, *, everything: bool = False, width: int = 80) -> str:
    """Word a comparison: the runs, what differs section by section, and the source code.

    Args:
        comparison: The comparison.
        everything: With what is the same.
        width: Columns of the terminal.
    """
    letters = [letter(index) for index in range(len(comparison.runs))]
    blocks = [_heads(comparison, letters, width)]
    if comparison.same and not everything:
        return "\n\n".join([*blocks, _SAME])
    rows = [*comparison.rows] if everything else [*comparison.differences]
    if not everything:
        rows += [row for row in comparison.section("durations") if None not in row.values]
    blocks.append(_table(rows, letters, width))
    blocks += [_source(row, width) for row in rows if row.lines]
    return "\n\n".join(blocks)


def letter(index: int) -> str:
    """Give the letter that a run is known by: A for the first; after Z numbers."""
    return chr(ord("A") + index) if index < 26 else str(index + 1)


def word(value: Any) -> str:
    """Word a value, on one line; a dash for none."""
    if value is None:
        return _ABSENT
    if isinstance(value, (bool, list, tuple, dict)):
        return plain(json.dumps(value, ensure_ascii=False, default=str))
    if isinstance(value, str) and CODE_IMAGE.fullmatch(value):
        folder, _, digest = value.rpartition("@sha256:")
        return plain(f"{folder.rpartition('/')[2]}@{digest[:12]}")
    return describe_value(value, digits=6) or '""'


def _seconds(value: Any) -> str:
    return _ABSENT if value is None else f"{value:.1f}"


def _heads(comparison: Comparison, letters: Sequence[str], width: int) -> str:
    rows = [
        (
            name,
            run.job_id,
            say(run.state),
            describe_minute(run.start),
        )
        for name, run in zip(letters, comparison.runs, strict=True)
    ]
    header = ("", "run", "state", "started")
    return table(header, rows, flexible=(1,), width=width)


def _table(rows: Sequence[Row], letters: Sequence[str], columns: int) -> str:
    noted = max((cell_len(_note(row, letters)) for row in rows), default=0)
    name = min(_LONGEST_NAME, max((cell_len(plain(row.name)) + 2 for row in rows), default=0))
    left = columns - name - min(noted, _LONGEST_NOTE) - 2 * (len(letters) + 1)
    width = max(_LEAST, left // len(letters))
    lines: list[list[str]] = []
    for section in SECTIONS:
        inside = [row for row in rows if row.section == section]
        if inside:
            lines += [[""] * (len(letters) + 2)] if lines else []
            lines.append([SECTIONS[section], *[""] * (len(letters) + 1)])
            lines += [_line(row, letters, width, name) for row in inside]
    header = ["", *letters, ""]
    return table(header, lines, flexible=[*range(1, len(letters) + 2), 0], width=columns)


def _line(row: Row, letters: Sequence[str], width: int, name: int) -> list[str]:
    say = _seconds if row.section == "durations" else word
    words = shortened([say(one) for one in row.values], width)
    return [f"  {_elided(plain(row.name), name - 2)}", *words, _note(row, letters)]


def shortened(words: Sequence[str], width: int) -> list[str]:
    """Cut texts that are too long so that their first difference is still seen."""
    if max(map(cell_len, words)) <= width:
        return list(words)
    start = max(0, prefix([one for one in words if one != _ABSENT]) - _KEPT)
    return [
        one if one == _ABSENT else cut(f"…{one[start:]}" if start else one, width) for one in words
    ]


def cut(text: str, width: int) -> str:
    """Cut a text to a width, and show that it was cut."""
    return text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def _elided(text: str, width: int) -> str:
    """Leave out the middle of a name: its beginning is the stage, and its end what it is."""
    if cell_len(text) <= width:
        return text
    start = text[: max(1, min(text.find(".") + 1, width // 2))]
    while len(start) > 1 and cell_len(start) > width // 2:
        start = start[:-1]
    end = text[len(start) :]
    while cell_len(end) > width - cell_len(start) - 1:
        end = end[max(1, cell_len(end) - width) :] if len(end) > width else end[1:]
    return f"{start}…{end}"


def _note(row: Row, letters: Sequence[str]) -> str:
    parts = [row.note] if row.note else []
    if row.section in ("metrics", "durations") and row.change and len(row.values) == 2:
        parts.append(f"{row.change:+.3g}")
    if row.best is not None:
        parts.append(f"{letters[row.best]} is better")
    return ", ".join(parts)


def _source(row: Row, width: int) -> str:
    return "\n".join([f"{plain(row.name)}:", *_diff(row, width)])


def _diff(row: Row, width: int) -> Iterator[str]:
    for line in row.lines:
        yield cut(plain(line), width)
