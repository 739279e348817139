"""A run as a table on a terminal, stage by stage, which changes in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from types import TracebackType

import attrs
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.live import Live
from rich.rule import Rule
from rich.table import Column, Table
from rich.text import Text

from vertex_flow.report.activity import Activity, StageActivity
from vertex_flow.report.rows import Row, row, total
from vertex_flow.report.view import View, now
from vertex_flow.texts import plain

_LINES = 5  # of the log
_LEAST = 8  # columns for what a stage is doing, or none
_STAGE = 24  # columns that names of stages may take while others need the room
_MARGIN = 1  # a line below the table stays free, where the cursor is
_GAP = 2
_STYLES = {
    "RUNNING": "bold cyan",
    "SUCCEEDED": "green",
    "REUSED": "green",
    "FAILED": "bold red",
    "CANCELLED": "yellow",
}


class LiveTable(View):
    """Shows a run as a table that changes in its place.

    It is drawn by a thread of its own: Ctrl-C, which only the main thread feels, then never finds a
    table that is half drawn.

    Args:
        console: The terminal.
        clock: Gives the time.
    """

    def __init__(self, console: Console, *, clock: Callable[[], datetime] = now) -> None:
        self._console = console
        self._clock = clock
        self._activity: Activity | None = None
        self._left = ""
        self._drawn: object = None
        self._pen: ThreadPoolExecutor | None = None
        self._live = Live(
            console=console,
            auto_refresh=False,
            get_renderable=self._frame,
            vertical_overflow="crop",
        )

    def say(self, line: str) -> None:
        """Say a line above the table, or below when it has stopped to change."""
        self._draw(partial(self._console.print, Text(plain(line)), soft_wrap=True))

    def show(self, activity: Activity) -> None:
        """Show what the run is doing now."""
        self._activity = activity
        self.tick()

    def tick(self) -> None:
        """Show how time goes by."""
        seen = self._activity, self._clock().replace(microsecond=0)
        if seen != self._drawn:  # what is drawn again for nothing flickers
            self._drawn = seen
            self._draw(self._live.refresh)

    def __enter__(self) -> LiveTable:
        self._pen = ThreadPoolExecutor(1, thread_name_prefix="table")
        self._draw(self._live.start)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the table as it was last, without the log."""
        self._left = "interrupted while" if isinstance(error, KeyboardInterrupt) else "last seen"
        pen, self._pen = self._pen, None
        if pen is not None:
            try:
                pen.submit(self._live.stop).result()
            finally:
                pen.shutdown()

    def _draw(self, draw: Callable[[], None]) -> None:
        """Draw something, after what is being drawn."""
        if self._pen is None:
            draw()
        else:
            self._pen.submit(draw).result()

    def _frame(self) -> RenderableType:
        if self._activity is None:
            return Text("")
        return Frame(self._activity, self._clock(), self._left)


@attrs.frozen
class Frame:
    """A run at one moment, as `rich` draws it: within the width and height of the terminal.

    Attributes:
        activity: What it is doing.
        at: When.
        left: Why it is followed no longer; empty while it is, and then its log is shown too.
    """

    activity: Activity
    at: datetime
    left: str = ""

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """Draw it."""
        stages: Sequence[StageActivity] = self.activity.stages
        below = _line(
            total(self.activity, self.at, self.left), "" if self.activity.is_over else "dim"
        )
        if self.left:
            yield self._table(stages, options.max_width)
            yield below
            return
        room = console.size.height - _MARGIN - 1
        log = self._log(room - len(stages))
        stages, before, after = _shown(stages, max(1, room - len(log)))
        yield from _aside(before, "earlier")
        yield self._table(stages, options.max_width)
        yield from _aside(after, "to come")
        yield below
        yield from log

    def _table(self, stages: Sequence[StageActivity], width: int) -> Table:
        rows = [row(one, self.at) for one in stages]
        widths = _widths(width, rows)
        columns = [Column(width=widths[0]), Column(width=widths[1])]
        columns += [Column(width=widths[2], justify="right"), Column(max_width=widths[3])]
        for column in columns:
            column.no_wrap, column.overflow = True, "ellipsis"
        shown = [index for index, wide in enumerate(widths) if wide > 0]
        table = Table(
            *[columns[index] for index in shown],
            box=None, show_header=False, pad_edge=False, padding=(0, _GAP, 0, 0),
        )  # fmt: skip
        for one in rows:
            cells = _cells(one)
            table.add_row(*[cells[index] for index in shown])
        return table

    def _log(self, room: int) -> list[RenderableType]:
        """The end of the active log, below the name of its stage."""
        active = self.activity.active
        if active is None or room < 2:
            return []
        lines = active.log[-min(_LINES, room - 1) :]
        title = Rule(_line(plain(active.name), "dim"), align="left", style="dim")
        return [title, *(_line(one, "dim") for one in lines)]


def _cells(one: Row) -> tuple[Text, ...]:
    """The cells of a row: `Text`, so that nothing in them is taken for markup."""
    faint = "dim" if one.is_faint else ""
    style = _STYLES.get(one.state, faint)
    doing = style if one.state == "FAILED" else faint
    cells = ((one.name, faint), (_state(one), style), (one.time, faint), (one.doing, doing))
    return tuple(Text(text, kind) for text, kind in cells)


def _state(one: Row) -> str:
    return f"{one.look.mark} {one.look.word}"


def _line(text: str, style: str) -> Text:
    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _aside(count: int, what: str) -> Iterator[Text]:
    """A line that stands for stages that there is no room for."""
    if count:
        yield _line(f"… {count} {what}", "dim")


def _shown(stages: Sequence[StageActivity], room: int) -> tuple[Sequence[StageActivity], int, int]:
    """The stages that there is room for, those around what runs, and how many are left out."""
    if len(stages) <= room:
        return stages, 0, 0
    least = max(1, room - 2)  # two lines say what is left out
    over = [index for index, one in enumerate(stages) if one.state != "PENDING"]
    last = min(len(stages), (over[-1] if over else 0) + 2)
    first = min(max(0, last - least), len(stages) - least)
    return stages[first : first + least], first, len(stages) - first - least


def _widths(width: int, rows: Sequence[Row]) -> tuple[int, int, int, int]:
    """Widths of the columns: what a stage is doing is cut first, then its name; 0 for left out."""
    columns = [[one.name for one in rows], [*map(_state, rows)], [one.time for one in rows]]
    name, state, time = (max(map(cell_len, cells), default=0) for cells in columns)
    rest = width - state - time - _GAP * (3 if time else 2)
    for least in (_STAGE, 8):
        name = min(name, max(least, rest - _LEAST))
        if rest - name >= _LEAST:
            return name, state, time, rest - name
    return max(4, min(name, rest + _GAP)), state, time, 0
