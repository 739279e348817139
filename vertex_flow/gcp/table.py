"""Findings, changes and removals as text that fits a terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

from vertex_flow.texts import plain

_WIDTH = 80
_WORD = re.compile(r'(?:[^\s"]|"[^"]*")+')


def rows(table: Iterable[Sequence[str]], fixes: Iterable[str] = ()) -> str:
    """Word rows as a table whose last column is wrapped, with lines to paste below.

    Args:
        table: Rows of the same number of columns.
        fixes: What stands below each row, from the second column on; lines that are commands
            are broken so that they can be pasted as they are.
    """
    cells = [[plain(cell) for cell in row] for row in table]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)][:-1]
    below = [*fixes, *[""] * len(cells)]
    lines: list[str] = []
    for row, fix in zip(cells, below, strict=False):
        start = "".join(f"{cell:<{width}}  " for cell, width in zip(row, widths, strict=False))
        lines += textwrap.wrap(
            row[-1],
            _WIDTH,
            initial_indent=start,
            subsequent_indent=" " * len(start),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [start.rstrip()]
        indent = " " * (widths[0] + 2) if widths else "    "
        for line in fix.splitlines():
            lines += _fix(plain(line), indent)
    return "\n".join(lines)


def _fix(line: str, indent: str) -> list[str]:
    """Break a command with backslashes, anything else as text."""
    if not line.startswith("gcloud "):
        return textwrap.wrap(
            line,
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    broken: list[str] = []
    for word in _WORD.findall(line):
        room = _WIDTH - len(indent) - len("  ") - len(" \\")
        if broken and len(broken[-1]) + 1 + len(word) <= room:
            broken[-1] += f" {word}"
        else:
            broken.append(word)
    starts = [indent, *[f"{indent}  "] * (len(broken) - 1)]
    ends = [*[" \\"] * (len(broken) - 1), ""]
    return [f"{start}{part}{end}" for start, part, end in zip(starts, broken, ends, strict=True)]
