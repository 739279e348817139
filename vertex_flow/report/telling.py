"""Words for why a stage was, or was not, served from the cache, as a terminal shows them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from vertex_flow.report.columns import cut, word
from vertex_flow.report.table import table
from vertex_flow.texts import plain

if TYPE_CHECKING:
    from vertex_flow.report.reason import Change, Reason, TaskReason


def tell(reason: Reason, *, width: int = 80) -> str:
    """Word a reason: the answer, the tasks where there are several, and the source code.

    Args:
        reason: The reason.
        width: Columns of the terminal.
    """
    blocks = [_wrapped(reason.summary, width)]
    if len(reason.tasks) > 1:
        rows = [(one.task, one.state, _short(one)) for one in reason.tasks]
        blocks.append(table(("task", "state", "why"), rows, flexible=(2, 0), width=width))
    for change in _roots(reason.changes):
        if change.lines:
            blocks.append("\n".join([f"{word(change.task)} source:", *_lines(change, width)]))
    return "\n\n".join(blocks)


def _roots(changes: Sequence[Change]) -> Iterator[Change]:
    """Follow changes to what they come from."""
    for change in changes:
        deeper = change.because.changes if change.because else ()
        if deeper:
            yield from _roots(deeper)
        else:
            yield change


def _wrapped(text: str, width: int) -> str:
    """Break lines between words only, so that names and paths stay whole to be copied."""
    return textwrap.fill(plain(text), width, break_on_hyphens=False, break_long_words=False)


def _lines(change: Change, width: int) -> Iterator[str]:
    for line in change.lines:
        yield cut(plain(line), width)


def _short(reason: TaskReason) -> str:
    if reason.cause == "reused" and reason.run:
        return f"from run {reason.run}"
    if reason.cause == "changed":
        return "changed: " + ", ".join(one.name for one in reason.changes)
    return reason.note
