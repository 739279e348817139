"""A bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import contextlib
import os
import pty
from collections.abc import Iterator
from typing import TextIO

import attrs
import pytest

from vertex_flow.gcp.transfer.progress import Position, bar


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    with os.fdopen(theirs, "w") as file:
        yield Terminal(ours, file)
    os.close(ours)


@attrs.frozen
class Terminal:
    """A terminal as stderr.

    Attributes:
        shown: Descriptor to read from what it shows.
        file: To write to it.
    """

    shown: int
    file: TextIO

    def fill(self, *, wanted: bool) -> None:
        with contextlib.redirect_stderr(self.file):
            fill(shown=wanted)


def fill(*, shown: bool) -> None:
    with bar("Uploading", 100, shown=shown) as advance:
        advance(100)


def test_a_terminal_shows_it(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal.fill(wanted=True)
    assert b"Uploading" in os.read(terminal.shown, 10_000)


def test_it_can_be_turned_off(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal.fill(wanted=False)
    with pytest.raises(BlockingIOError):
        os.read(terminal.shown, 10_000)


def test_a_file_is_not_written_to(capsys: pytest.CaptureFixture[str]) -> None:
    fill(shown=True)
    assert capsys.readouterr() == ("", "")


def test_a_file_that_is_sent_again_goes_back() -> None:
    steps: list[int] = []
    position = Position(steps.append)
    for at in (10, 30, 20, 40):
        position(at)
    assert steps == [10, 20, -10, 20]
