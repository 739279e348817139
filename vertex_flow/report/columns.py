"""Runs side by side, as text that fits a terminal of 80 columns."""

from __future__ import annotations

import json
import os.path
from collections.abc import Iterator, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size

from vertex_flow.report.comparison import SECTIONS, Comparison, Row
from vertex_flow.report.table import table
from vertex_flow.texts import describe_value, plain

_WIDTH = 80
_LONGEST_NAME = 34
_LONGEST_NOTE = 18
_LEAST = 8
_KEPT = 6  # characters before the first difference of long texts
_ABSENT = "–"
_SAME = "no difference: parameters, code, stages, settings and results are the same"


def columns(comparison: Comparison, *, everything: bool = False) -> str:
    """Word a comparison: the runs, what differs section by section, and the source code.

    Args:
        comparison: The comparison.
        everything: With what is the same.
    """
    letters = [letter(index) for index in range(len(comparison.runs))]
    blocks = [_heads(comparison, letters)]
    if comparison.same and not everything:
        return "\n\n".join([*blocks, _SAME])
    rows = [*comparison.rows] if everything else [*comparison.differences]
    if not everything:
        rows += [row for row in comparison.section("durations") if None not in row.values]
    blocks.append(_table(rows, letters))
    blocks += [_source(row) for row in rows if row.lines]
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
    return describe_value(value, digits=6) or '""'


def _heads(comparison: Comparison, letters: Sequence[str]) -> str:
    rows = [
        (
            name,
            run.job_id,
            run.state.lower(),
            f"{run.start.astimezone():%Y-%m-%d %H:%M}" if run.start else "",
        )
        for name, run in zip(letters, comparison.runs, strict=True)
    ]
    header = ("", "run", "state", "started")
    return table(header, rows, flexible=(1,))


def _table(rows: Sequence[Row], letters: Sequence[str]) -> str:
    noted = max((cell_len(_note(row, letters)) for row in rows), default=0)
    name = min(_LONGEST_NAME, max((cell_len(plain(row.name)) + 2 for row in rows), default=0))
    left = _WIDTH - name - min(noted, _LONGEST_NOTE) - 2 * (len(letters) + 1)
    width = max(_LEAST, left // len(letters))
    lines: list[list[str]] = []
    for section in SECTIONS:
        inside = [row for row in rows if row.section == section]
        if inside:
            lines += [[""] * (len(letters) + 2)] if lines else []
            lines.append([SECTIONS[section], *[""] * (len(letters) + 1)])
            lines += [_line(row, letters, width, name) for row in inside]
    header = ["", *letters, ""]
    return table(header, lines, flexible=[*range(1, len(letters) + 2), 0])


def _line(row: Row, letters: Sequence[str], width: int, name: int) -> list[str]:
    words = _shortened([word(one) for one in row.values], width)
    return [f"  {_cut_left(plain(row.name), name - 2)}", *words, _note(row, letters)]


def _shortened(words: Sequence[str], width: int) -> list[str]:
    """Cut texts that are too long so that their first difference is still seen."""
    if max(map(cell_len, words)) <= width:
        return list(words)
    given = [one for one in words if one != _ABSENT]
    start = len(os.path.commonprefix(given)) if len(set(given)) > 1 else 0
    cut = max(0, start - _KEPT)
    return [
        one if one == _ABSENT else _cut(f"…{one[cut:]}" if cut else one, width) for one in words
    ]


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def _cut_left(text: str, width: int) -> str:
    """Keep the end of a name, which tells it from its neighbours."""
    while cell_len(text) > width:
        text = "…" + text[max(2, len(text) - width + 1) :]
    return text


def _note(row: Row, letters: Sequence[str]) -> str:
    parts = [row.note] if row.note else []
    if row.section in ("metrics", "durations") and row.change and not row.same:
        parts.append(f"{row.change:+.3g}")
    if row.best is not None:
        parts.append(f"{letters[row.best]} is better")
    return ", ".join(parts)


def _source(row: Row) -> str:
    return "\n".join([f"{plain(row.name)}:", *_diff(row)])


def _diff(row: Row) -> Iterator[str]:
    for line in row.lines:
        yield _cut(plain(line), _WIDTH)
