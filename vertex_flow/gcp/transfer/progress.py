"""A bar on a terminal; nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int], None]


@contextmanager
def bar(title: str, total: int, *, shown: bool) -> Iterator[Advance]:
    """Show how far a transfer is, on the terminal that errors go to.

    Args:
        title: What is done.
        total: Bytes in all.
        shown: Whether it is wanted; on anything but a terminal it is not shown.

    Yields:
        What is called with the number of bytes that were copied, a negative one for those that
        were lost again.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield lambda _: None
        return
    from rich import progress

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=console, transient=True) as shown_bar:
        task = shown_bar.add_task(title, total=total)
        yield lambda count: shown_bar.advance(task, count)


class Position:
    """How far one file is.

    Args:
        advance: Told of each step.
    """

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._at = 0

    def __call__(self, at: int) -> None:
        """Move to a byte; back, too, after a connection was cut."""
        self._advance(at - self._at)
        self._at = at
