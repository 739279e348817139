"""Tables of text that fit a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.cells import cell_len, set_cell_size

from vertex_flow.texts import plain

_WIDTH = 80
_LEAST = 8


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    flexible: Sequence[int],
    right: Collection[int] = (),
    width: int = _WIDTH,
) -> str:
    """Lay rows out in columns, within the columns of a terminal.

    Args:
        header: Title of each column.
        rows: The cells of each row; control characters are written as escapes.
        flexible: Indices of the columns that are cut where lines are too long, the first first.
        right: Indices of the columns that are aligned to the right, such as those of numbers.
        width: Columns of the terminal.
    """
    lines = [[plain(str(cell)) for cell in row] for row in (header, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for index in flexible:
        over = sum(widths) + 2 * (len(widths) - 1) - width
        widths[index] = min(widths[index], max(_LEAST, widths[index] - over))
    return "\n".join(_line(line, widths, right) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int], right: Collection[int]) -> str:
    shown = []
    for index, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        size = cell_len(cell)
        if size > width:
            shown.append(set_cell_size(cell, width - 1) + "…")
        elif index in right:
            shown.append(" " * (width - size) + cell)
        else:
            shown.append(cell + " " * (width - size))
    return "  ".join(shown).rstrip()
