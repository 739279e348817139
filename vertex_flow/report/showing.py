"""Chooses where what a run is doing is shown: a table, a page of a notebook, lines, nowhere."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from vertex_flow.errors import SettingError

if TYPE_CHECKING:
    from vertex_flow.report.view import View

ProgressTo: TypeAlias = "Callable[[str], None] | Literal['auto'] | View | None"
"""What `progress=` takes: `"auto"`, a function of a line of text, or None for silence."""

_DUMB = ("", "dumb", "unknown")
_NO = ("", "0", "false")


def view_of(progress: Any, where: str) -> View | None:
    """Give the view that `progress=` means.

    Args:
        progress: `"auto"` for what suits: a table that changes in its place on a terminal and in
            a notebook, else lines; a function that is called with each line; None for silence.
        where: What took it, for the error: `Flow.run`.

    Raises:
        SettingError: It is none of these.
    """
    from vertex_flow.report.progress import Progress
    from vertex_flow.report.view import View

    if progress is None or isinstance(progress, View):
        return progress
    if progress == "auto":
        return _suitable()
    if callable(progress):
        return Progress(cast("Callable[[str], None]", progress))
    raise SettingError(
        f"{where}(progress={progress!r}): expected 'auto', a function of a line of text, such as "
        "print, or None."
    )


def _suitable() -> View:
    from vertex_flow.report.progress import Progress

    # Only the main thread owns the screen: a table of another one would be written over.
    if threading.current_thread() is threading.main_thread():
        if in_notebook():
            from vertex_flow.report.notebook import NotebookTable

            return NotebookTable()
        if is_live_terminal():
            from rich.console import Console

            from vertex_flow.report.live import LiveTable

            return LiveTable(
                Console(force_terminal=True, force_jupyter=False, force_interactive=True)
            )
    return Progress(_print)


def in_notebook() -> bool:
    """Tell whether this program is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")  # a kernel has it; nobody else needs to load it
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def is_live_terminal() -> bool:
    """Tell whether stdout is a terminal on which lines can be written over."""
    out = sys.stdout
    try:
        is_terminal = out.isatty()
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False
    # `CI`: some of its machines give programs a terminal that nobody looks at.
    return (
        is_terminal
        and os.environ.get("TERM", "").lower() not in _DUMB
        and os.environ.get("CI", "").lower() in _NO
        and (getattr(out, "encoding", None) or "").lower().replace("-", "") == "utf8"
    )


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - progress is printed; a pipe would hold it back
