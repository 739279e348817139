"""A terminal whose screen can be looked at."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pyte


class Terminal:
    """A pseudo-terminal, and the screen that is drawn on it.

    Args:
        columns: Its width.
        lines: Its height.

    Attributes:
        descriptor: What a program writes to.
        raw: Everything that was written.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self._reader, self.descriptor = pty.openpty()
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, size)
        self.raw = b""
        self._screen = pyte.HistoryScreen(columns, lines, history=1000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self._changed = threading.Condition()
        self._marks = 0
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def shown(self) -> list[str]:
        """The lines on the screen and those that were scrolled off it, without empty ones below.

        No other program may be writing.
        """
        self._settle()
        return self._text().splitlines()

    def lines(self) -> list[str]:
        """The same, while another program may be writing: as far as it was read."""
        with self._changed:
            return self._text().splitlines()

    @property
    def shows_cursor(self) -> bool:
        """Whether the cursor is to be seen."""
        self._settle()
        return not self._screen.cursor.hidden

    @property
    def colours(self) -> set[str]:
        """The colours of letters on the screen."""
        self._settle()
        cells = (cell for row in self._screen.buffer.values() for cell in row.values())
        return {cell.fg for cell in cells if cell.data.strip()}

    def wait_for(self, text: str, *, after: str = "") -> None:
        """Wait until some text is on the screen, below another one."""
        with self._changed:
            seen = self._changed.wait_for(
                lambda: text in self._text().partition(after or "\n")[2], timeout=60
            )
            assert seen, self._text()

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._reader, keys.encode())

    def close(self) -> None:
        """Close it."""
        os.close(self.descriptor)
        self._thread.join()
        os.close(self._reader)

    def _text(self) -> str:
        columns = range(self._screen.columns)
        above = ["".join(line[x].data for x in columns) for line in self._screen.history.top]
        lines = [line.rstrip() for line in [*above, *self._screen.display]]
        return "\n".join(lines).rstrip("\n")

    def _settle(self) -> None:
        """Wait until everything that was written so far is on the screen."""
        self._marks += 1
        mark = f"mark {self._marks}"
        os.write(self.descriptor, f"\x1b]2;{mark}\x07".encode())
        with self._changed:
            assert self._changed.wait_for(lambda: self._screen.title == mark, timeout=30)

    def _read(self) -> None:
        while True:
            try:
                found = os.read(self._reader, 65536)
            except OSError:  # the last writer has gone
                return
            with self._changed:
                self.raw += found
                self._stream.feed(found)
                self._changed.notify_all()


@contextmanager
def terminal(columns: int = 80, lines: int = 24) -> Iterator[Terminal]:
    """Open a terminal until the block ends."""
    found = Terminal(columns, lines)
    try:
        yield found
    finally:
        found.close()
