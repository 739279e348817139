"""Runs that are followed on a real terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.end_to_end.program import ROOT, Desk
from tests.terminal import Terminal, terminal

SCRIPT = ROOT / "tests" / "end_to_end" / "live.py"
PLAIN = ("NO_COLOR", "CI", "COLUMNS", "LINES")


@attrs.frozen
class Watched:
    """What was seen of the three runs.

    Attributes:
        during: The lines on the screen while the first one ran.
        after: All lines when the program had ended, figures aside.
        code: Its exit code.
        shows_cursor: Whether the cursor was to be seen then.
    """

    during: list[str]
    after: list[str]
    code: int
    shows_cursor: bool


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    desk = Desk(tmp_path_factory.mktemp("live") / "desk")
    env = {name: text for name, text in desk.env.items() if name not in PLAIN}
    env |= {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    with terminal(80, 40) as screen:
        program = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(desk.work)],
            cwd=desk.work,
            env=env,
            stdin=screen.descriptor,
            stdout=screen.descriptor,
            stderr=screen.descriptor,
            start_new_session=True,
        )
        try:
            yield follow(program, screen, desk.work)
        finally:
            program.kill()
            program.wait()
    desk.close()


def follow(program: subprocess.Popen[bytes], screen: Terminal, folder: Path) -> Watched:
    """Look on, and do what a user does."""
    screen.wait_for("epoch 4/5 val_accuracy 0.974")
    (folder / "chat").touch()
    screen.wait_for("val_accuracy: 0.9740", after="careful")
    during = screen.lines()
    (folder / "enough").touch()
    screen.wait_for("sleep  ● running")
    os.kill(program.pid, signal.SIGINT)
    code = program.wait()
    return Watched(during, list(map(shape, screen.shown())), code, screen.shows_cursor)


def shape(line: str) -> str:
    """A line without figures and spacing."""
    return " ".join(re.sub(r"\d[\d.-]*", "#", line).split())


def test_the_table_is_below_what_was_printed_meanwhile(watched: Watched) -> None:
    lines = list(map(shape, watched.during))
    assert lines[:2] == ["run first-#", "printed [red] meanwhile"]
    assert "UserWarning: careful" in " ".join(lines[2:5])
    start = lines.index("source ✓ done # s")
    assert lines[start : start + 3] == [
        "source ✓ done # s",
        "talk ● running # s epoch #/# val_accuracy #",
        "running for # s",
    ]
    assert watched.during[-2:] == ["Epoch 4/5", "188/188 - accuracy: 0.9731 - val_accuracy: 0.9740"]


def test_each_run_leaves_its_table(watched: Watched) -> None:
    assert watched.after[-12:] == [
        "source ✓ done # s",
        "talk ✓ done # s",
        "succeeded in # s",
        "and then: SUCCEEDED",
        "run second-#",
        "fail ✗ failed # s RuntimeError: no luck today",
        "failed after # s",
        "and then: fail failed",
        "run third-#",
        "sleep ● running # s",
        "interrupted while running, after # s",
        "and then: interrupted",
    ]


def test_the_terminal_is_left_as_it_was(watched: Watched) -> None:
    assert (watched.code, watched.shows_cursor) == (130, True)
