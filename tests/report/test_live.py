"""A run as a table on a terminal: what is on its screen at a moment."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import attrs
import pytest
from rich.console import Console

from tests.jobs import job, task
from tests.report.runs import HOSTILE, LOG, NOW, failed, leave, seen, training, wide
from tests.report.test_progress import trial, tuning, tuning_run
from tests.terminal import Terminal, terminal
from vertex_flow.report.activity import Activity
from vertex_flow.report.live import LiveTable


@attrs.define
class Screen:
    """A table on a terminal.

    Attributes:
        terminal: The terminal.
        view: The table.
        now: The time on its clock.
    """

    terminal: Terminal
    view: LiveTable
    now: datetime = NOW

    def after(self, *activities: Activity) -> list[str]:
        """The screen while a run is followed."""
        with self.view:
            for activity in activities:
                self.view.show(activity)
            return self.terminal.shown()


@pytest.fixture(params=["80x24"])
def screen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    size, _, no_color = request.param.partition(" ")
    width, height = map(int, size.split("x"))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", no_color)
    with (
        terminal(width, height) as shown,
        os.fdopen(os.dup(shown.descriptor), "w", encoding="utf-8", buffering=1) as file,
    ):
        console = Console(
            file=file, force_terminal=True, force_interactive=True, width=width, height=height
        )
        found = Screen(shown, LiveTable(console, clock=lambda: found.now))
        yield found


TABLE = [
    "source  ✓ done     2.5 s",
    "fit     ● running   35 s  epoch 4/5 val_accuracy 0.974",
    "score   ○ pending",
    "spend   ○ pending",
    "running for 35 s",
]
TAIL = ["Epoch 4/5", "188/188 - accuracy: 0.9731 - val_accuracy: 0.9740"]

sizes = pytest.mark.parametrize("screen", ["80x24", "200x50"], indirect=True)


@sizes
def test_a_run_is_a_row_a_stage_and_the_end_of_its_log(screen: Screen) -> None:
    lines = screen.after(training())
    assert lines[:5] == TABLE
    assert lines[5].rstrip("─") == "fit "
    assert lines[6:] == TAIL


@sizes
def test_the_table_changes_in_its_place(screen: Screen) -> None:
    lines = screen.after(training("Epoch 1/5\n" * 9), training("Epoch 2/5\n"), training())
    assert lines[:5] == TABLE
    assert len(lines) == 8


def test_how_far_a_search_is(screen: Screen) -> None:
    job_of_trials = tuning(trial("1", "SUCCEEDED", 0.91), trial("2", "ACTIVE"))
    assert screen.after(seen(tuning_run("tune"), "", job_of_trials)) == [
        "import-dataset  ○ pending",
        "preprocess      ○ pending",
        "tune            ● running  35 s  trial 2/4 best 0.91",
        "running for 35 s",
    ]


def test_time_goes_by(screen: Screen) -> None:
    with screen.view:
        screen.view.show(training())
        screen.now += timedelta(seconds=5)
        screen.view.tick()
        assert screen.terminal.shown()[1].split()[3:5] == ["40", "s"]


def test_what_has_not_changed_is_not_drawn_again(screen: Screen) -> None:
    with screen.view:
        screen.view.show(training())
        screen.terminal.shown()
        before = screen.terminal.raw.count(b"epoch 4/5")
        screen.view.show(training())
        screen.view.tick()
        screen.terminal.shown()
        assert screen.terminal.raw.count(b"epoch 4/5") == before


def test_what_a_program_prints_stays_above_the_table(screen: Screen) -> None:
    with screen.view:
        screen.view.show(training())
        print("printed [red]")
        sys.stderr.write("UserWarning: careful\n")
        screen.view.say("Vertex AI does not answer [red]")
        screen.view.show(training())
        lines = screen.terminal.shown()
    assert lines[0] == "printed [red]"
    assert "UserWarning: careful" in " ".join(lines[1:4])
    assert "Vertex AI does not answer [red]" in lines
    assert lines[lines.index(TABLE[0]) :][:5] == TABLE


def test_a_run_that_succeeded_leaves_its_table(screen: Screen) -> None:
    screen.view.say("run sample-1")
    details = [task(n, name, "SUCCEEDED") for n, name in enumerate(["source", "fit"], start=1)]
    over = {**job("SUCCEEDED", *details), "endTime": "2025-01-02T03:07:05Z"}
    screen.after(training(), seen(over))
    screen.view.say("that was it")
    assert screen.terminal.shown() == [
        "run sample-1",
        "source  ✓ done      2.5 s",
        "fit     ✓ done      2.5 s",
        "score   ⊘ left out         its condition does not hold",
        "spend   ⊘ left out         its condition does not hold",
        "succeeded in 3 min 0 s",
        "that was it",
    ]
    assert screen.terminal.shows_cursor


def test_a_run_that_failed_leaves_what_failed(screen: Screen) -> None:
    screen.after(training(), failed("no luck"))
    assert screen.terminal.shown() == [
        "source  ✓ done         2.5 s",
        "fit     ✗ failed       2.5 s  no luck",
        "score   · not reached",
        "spend   · not reached",
        "failed after 2.5 s",
    ]


def test_an_interrupt_leaves_what_was_seen_last(screen: Screen) -> None:
    leave(screen.view, KeyboardInterrupt(), training())
    assert screen.terminal.shown() == [*TABLE[:4], "interrupted while running, after 35 s"]
    assert screen.terminal.shows_cursor


def test_an_interrupt_while_it_is_drawn_breaks_nothing(screen: Screen) -> None:
    def interrupting() -> datetime:
        if threading.current_thread() is not threading.main_thread() and interrupts:
            os.kill(os.getpid(), interrupts.pop())
        return NOW

    interrupts = [signal.SIGINT]
    view = LiveTable(screen.view._console, clock=interrupting)
    view.say("run sample-1")
    with contextlib.suppress(KeyboardInterrupt), view:
        view.show(training())
        while True:
            view.tick()
    assert screen.terminal.shown() == [
        "run sample-1",
        *TABLE[:4],
        "interrupted while running, after 35 s",
    ]


def test_an_error_leaves_what_was_seen_last(screen: Screen) -> None:
    leave(screen.view, TimeoutError(), training())
    assert screen.terminal.shown() == [*TABLE[:4], "last seen running, after 35 s"]


def test_a_run_that_was_never_seen_leaves_nothing(screen: Screen) -> None:
    leave(screen.view, TimeoutError())
    assert (screen.terminal.shown(), screen.terminal.shows_cursor) == ([], True)


@pytest.mark.parametrize("screen", ["40x12"], indirect=True)
def test_on_a_narrow_terminal_what_a_stage_does_is_cut(screen: Screen) -> None:
    lines = screen.after(training(LOG + "x" * 1000))
    assert lines[1] == "fit     ● running   35 s  epoch 4/5 val…"
    assert lines[-1] == "x" * 39 + "…"
    assert len(lines) == 9


@pytest.mark.parametrize("screen", ["26x12"], indirect=True)
def test_on_a_very_narrow_terminal_it_is_left_out(screen: Screen) -> None:
    assert screen.after(training(""))[:2] == [
        "source  ✓ done     2.5 s",
        "fit     ● running   35 s",
    ]


@pytest.mark.parametrize("screen", ["80x10"], indirect=True)
def test_on_a_low_terminal_the_stages_around_the_running_one_are_shown(screen: Screen) -> None:
    assert screen.after(wide(30, running=20)) == [
        "… 16 earlier",
        *[f"stage-{number}  ✓ done     2.5 s" for number in range(16, 20)],
        "stage-20  ● running   35 s  epoch 4/5 val_accuracy 0.974",
        "stage-21  ○ pending",
        "… 8 to come",
        "running for 35 s",
    ]


@pytest.mark.parametrize("screen", ["80x10"], indirect=True)
def test_when_it_is_over_every_stage_is_shown(screen: Screen) -> None:
    screen.after(wide(30, running=20))
    assert [line for line in screen.terminal.shown() if line.startswith("stage-")] == [
        *[f"stage-{number:02d}  ✓ done     2.5 s" for number in range(20)],
        "stage-20  ● running   35 s  epoch 4/5 val_accuracy 0.974",
        *[f"stage-{number}  ○ pending" for number in range(21, 30)],
    ]


@sizes
def test_nothing_that_is_shown_is_obeyed(screen: Screen) -> None:
    lines = screen.after(training(f"{HOSTILE}\n{'漢' * 1000}\n{HOSTILE}"))
    assert lines[:1] == TABLE[:1]
    assert lines[1].startswith("fit     ● running   35 s  <script>alert(1)</script> [red]  \\u202e")
    assert len(lines) == 9


def test_a_reason_is_no_markup(screen: Screen) -> None:
    assert screen.after(failed("[red]no[/red] \x1b[2J"))[1].endswith("[red]no[/red] \\x1b[2J")


def test_states_have_colours(screen: Screen) -> None:
    screen.after(training())
    assert {"green", "cyan"} <= screen.terminal.colours


@pytest.mark.parametrize("screen", ["80x24 NO_COLOR"], indirect=True)
def test_without_colours_states_have_marks_and_words(screen: Screen) -> None:
    assert screen.after(training())[:5] == TABLE
    assert screen.terminal.colours == {"default"}
