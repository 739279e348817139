"""How lists are printed: within the terminal, and with ids that stay whole to be copied."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection, Sequence
from itertools import zip_longest

import click

_ENDLESS = 100_000
_COLOURS = {
    "succeeded": "green",
    "failed": "red",
    "cancelled": "yellow",
    "being cancelled": "yellow",
    "running": "cyan",
}


def width() -> int:
    """Give the columns that a line may have: off a terminal, as many as it needs."""
    if os.environ.get("COLUMNS", "").isdigit() or sys.stdout.isatty():
        return shutil.get_terminal_size().columns
    return _ENDLESS


def echo_rows(
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    flexible: Sequence[int],
    right: Collection[int] = (),
    states: Sequence[str] = (),
) -> None:
    """Print rows as a table whose first column is never cut.

    Where the lines do not fit all the same, what is in the first column gets a line of its own.

    Args:
        header: Title of each column.
        rows: The cells of each row, at least two; control characters are written as escapes.
        flexible: Indices of the columns that are cut where lines are too long, the first first.
        right: Indices of the columns that are aligned to the right.
        states: A word in each row, the last one of its kind there, that says a state.
    """
    from rich.cells import cell_len

    from vertex_flow.report.table import table
    from vertex_flow.texts import plain

    columns = width()
    text = table(header, rows, flexible=flexible, right=right, width=columns)
    lines = text.split("\n")
    if any(cell_len(line) > columns for line in lines):
        rest = table(
            header[1:],
            [row[1:] for row in rows],
            flexible=[index - 1 for index in flexible],
            right=[index - 1 for index in right],
            width=columns - 2,
        )
        firsts = [plain(str(row[0])) for row in (header, *rows)]
        lines = [f"{one}\n  {more}" for one, more in zip(firsts, rest.split("\n"), strict=True)]
    click.secho(lines[0], bold=True)
    for line, state in zip_longest(lines[1:], states, fillvalue=""):
        click.echo(_in_colour(line, state))


def _in_colour(line: str, state: str) -> str:
    """Colour the last word in a line that says a state."""
    head, found, tail = line.rpartition(state) if state else ("", "", line)
    return f"{head}{click.style(found, fg=_COLOURS.get(state))}{tail}" if found else line
