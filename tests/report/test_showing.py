"""Where progress is shown."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any, TextIO

import pytest

from tests.report.runs import training
from tests.terminal import terminal
from vertex_flow.errors import SettingError
from vertex_flow.report.live import LiveTable
from vertex_flow.report.progress import Progress
from vertex_flow.report.showing import in_notebook, is_live_terminal, view_of


@pytest.fixture
def out() -> Iterator[TextIO]:
    """A terminal to write to."""
    with terminal() as shown, os.fdopen(os.dup(shown.descriptor), "w", encoding="utf-8") as file:
        yield file


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)


def test_a_terminal_gets_a_table(out: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", out)
    assert isinstance(view_of("auto", "Flow.run"), LiveTable)


@pytest.mark.parametrize(
    ("name", "value"), [("TERM", "dumb"), ("TERM", ""), ("TERM", "unknown"), ("CI", "true")]
)
def test_other_terminals_get_lines(
    out: TextIO, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setenv(name, value)
    assert isinstance(view_of("auto", "Flow.run"), Progress)


def test_a_terminal_that_shows_few_letters_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal() as shown, os.fdopen(os.dup(shown.descriptor), "w", encoding="ascii") as file:
        monkeypatch.setattr("sys.stdout", file)
        assert not is_live_terminal()


def test_a_program_without_an_output_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    assert not is_live_terminal()


def test_another_thread_gets_lines(out: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", out)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(view_of("auto", "Flow.run")))
    thread.start()
    thread.join()
    assert isinstance(found[0], Progress)


def test_a_pipe_gets_lines_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    view = view_of("auto", "Flow.run")
    assert view is not None
    with view:
        view.show(training())
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(maxsplit=1)[1] for line in lines] == [
        "started 2025-01-02T03:04:05Z",
        "source  done in 2.5 s",
        "fit     running",
        "fit     epoch 4/5 val_accuracy 0.974",
    ]


def test_a_function_gets_lines() -> None:
    lines: list[str] = []
    view = view_of(lines.append, "Flow.run")
    assert view is not None
    view.say("hello")
    assert lines == ["hello"]


def test_nobody_gets_nothing() -> None:
    assert view_of(None, "Flow.run") is None


def test_a_view_is_taken_as_it_is() -> None:
    view = Progress(print)
    assert view_of(view, "Flow.run") is view


@pytest.mark.parametrize("progress", ["always", 3, True])
def test_what_is_none_of_these(progress: Any) -> None:
    with pytest.raises(SettingError) as caught:
        view_of(progress, "Run.wait")
    assert str(caught.value) == (
        f"Run.wait(progress={progress!r}): expected 'auto', a function of a line of text, such as "
        "print, or None."
    )


def ipython(shell: Any) -> ModuleType:
    found = ModuleType("IPython")
    found.get_ipython = lambda: shell  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize(
    ("shell", "expected"),
    [(SimpleNamespace(kernel=object()), True), (SimpleNamespace(), False), (None, False)],
)
def test_a_kernel_is_a_notebook(
    monkeypatch: pytest.MonkeyPatch, shell: Any, expected: bool
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", ipython(shell))
    assert in_notebook() is expected


def test_a_program_without_ipython_is_no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    assert "IPython" not in sys.modules
