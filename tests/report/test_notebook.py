"""A run in a notebook."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from tests.jobs import job, message, task
from tests.report.pages import Page
from tests.report.runs import HOSTILE, NOW, failed, leave, training
from vertex_flow.report.notebook import NotebookTable, run_html
from vertex_flow.report.snapshot import Snapshot


@attrs.define
class Cell:
    """The output of a cell.

    Attributes:
        now: The time on the clock.
        shown: What each display id shows.
        drawn: How often something was drawn.
    """

    now: datetime = NOW
    shown: dict[str, dict[str, str]] = attrs.field(factory=dict)
    drawn: int = 0

    def __call__(self, bundle: dict[str, str], *, display_id: str, update: bool) -> None:
        """Show something, as IPython does."""
        assert update == (display_id in self.shown)
        self.shown[display_id] = bundle
        self.drawn += 1

    @property
    def page(self) -> Page:
        """The only thing that is shown."""
        (bundle,) = self.shown.values()
        return Page(bundle["text/html"])

    @property
    def text(self) -> list[str]:
        """The same as text."""
        (bundle,) = self.shown.values()
        return bundle["text/plain"].splitlines()


@pytest.fixture
def cell() -> Cell:
    return Cell()


@pytest.fixture
def view(cell: Cell) -> NotebookTable:
    return NotebookTable(cell, clock=lambda: cell.now)


def test_a_run_is_a_row_a_stage_and_the_end_of_its_log(cell: Cell, view: NotebookTable) -> None:
    with view:
        view.show(training())
        assert cell.page.rows == [
            ["source", "✓ done", "2.5 s", ""],
            ["fit", "● running", "35 s", "epoch 4/5 val_accuracy 0.974"],
            ["score", "○ pending", "", ""],
            ["spend", "○ pending", "", ""],
        ]
        assert cell.page.text.endswith(
            "running for 35 s fit Epoch 4/5 188/188 - accuracy: 0.9731 - val_accuracy: 0.9740"
        )


def test_it_changes_in_its_place(cell: Cell, view: NotebookTable) -> None:
    with view:
        view.show(training())
        view.show(failed())
    assert cell.page.rows[1] == ["fit", "✗ failed", "2.5 s", "no luck"]
    assert cell.page.text.endswith("failed after 2.5 s")


def test_it_is_drawn_again_when_something_has_changed(cell: Cell, view: NotebookTable) -> None:
    with view:
        view.show(training())
        view.show(training())
        view.tick()
        assert cell.drawn == 1
        cell.now += timedelta(seconds=1)
        view.tick()
        assert cell.drawn == 2


def test_it_is_text_where_html_is_not_shown(cell: Cell, view: NotebookTable) -> None:
    with view:
        view.show(training())
        assert cell.text == [
            "source  done  2.5 s",
            "fit  running  35 s  epoch 4/5 val_accuracy 0.974",
            "score  pending",
            "spend  pending",
            "running for 35 s",
        ]


def test_an_interrupt_leaves_what_was_seen_last(cell: Cell, view: NotebookTable) -> None:
    leave(view, KeyboardInterrupt(), training())
    assert cell.page.text.endswith("interrupted while running, after 35 s")


def test_a_run_that_was_never_seen_shows_nothing(cell: Cell, view: NotebookTable) -> None:
    leave(view, TimeoutError())
    assert cell.shown == {}


def test_a_line_is_printed(
    cell: Cell, view: NotebookTable, capsys: pytest.CaptureFixture[str]
) -> None:
    view.say("run sample-1 \x1b[2J")
    assert capsys.readouterr().out == "run sample-1 \\x1b[2J\n"


def test_a_log_is_text(cell: Cell, view: NotebookTable) -> None:
    quiet = Cell()
    with NotebookTable(quiet, clock=lambda: NOW) as other:
        other.show(training("a"))
        with view:
            view.show(training(HOSTILE))
            assert cell.page.tags == quiet.page.tags
            assert cell.page.rows[1][3] == "<script>alert(1)</script> [red] \\u202e 漢字🎉"


def page_of(plain_job: dict[str, Any], **more: Any) -> Page:
    given = {"place": "this machine", "console_url": None, "model": None, "endpoint": None}
    return Page(run_html(Snapshot(message(plain_job)), **{**given, **more}))


def test_a_run_in_a_cell() -> None:
    page = page_of(job("SUCCEEDED", task(1, "source", "SUCCEEDED")))
    assert page.text.startswith("run sample-1 of flow , this machine source ✓ done 2.5 s")


def test_what_came_out_of_it() -> None:
    model = SimpleNamespace(display_name="<b>", version="2", name="projects/p/models/7")
    endpoint = SimpleNamespace(url="http://127.0.0.1:1/v1/e:predict")
    assert page_of(job("SUCCEEDED"), model=model, endpoint=endpoint).rows[-3:] == [
        ["model", "<b>, version 2"],
        ["", "projects/p/models/7"],
        ["endpoint", "http://127.0.0.1:1/v1/e:predict"],
    ]


def test_its_page_is_a_link() -> None:
    url = 'https://console.cloud.google.com/?a=1&b="'
    assert page_of(job("SUCCEEDED"), console_url=url).links == [url]


def test_a_run_that_goes_on_says_how_it_is_followed() -> None:
    page = page_of(job("RUNNING", task(1, "source", "RUNNING")))
    assert page.text.endswith("; run.wait(progress='auto') follows it")
