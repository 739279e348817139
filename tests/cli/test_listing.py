"""How lists are printed, on terminals of some widths and off them."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from tests.cli.conftest import Shell
from tests.cli.shop import HOSTILE, PRINTED, Shop, ask
from tests.cli.terminals import on_a_terminal
from tests.samples import Source
from vertex_flow import Flow
from vertex_flow.cli.listing import echo_rows

LONG = "a-flow-whose-name-is-as-long-as-names-may-be-and-not-a-bit-more"
HEADER = ("id", "name", "state")


@pytest.fixture(scope="module")
def long(shop: Shop) -> str:
    """Id of a run that is longer than half a line of a terminal."""
    return Flow(LONG, [Source()]).run(shop.context, progress=None).job_id


def at_width(shop: Shop, columns: int, *words: str) -> str:
    """What a command prints to a terminal of some columns."""
    printed = on_a_terminal(Shell(shop.home.parent), *words, columns=columns)
    return re.sub(r"\x1b\[[\d;]*m", "", printed).replace("\r\n", "\n")


@pytest.mark.parametrize(("command", "columns"), [("runs", 80), ("runs", 200), ("models", 80)])
def test_lines_fit_and_ids_are_whole(shop: Shop, long: str, command: str, columns: int) -> None:
    printed = at_width(shop, columns, command)
    wanted = [long, shop.done] if command == "runs" else [shop.model.id]
    lines = [line for line in printed.splitlines() if line not in wanted]
    assert max(map(cell_len, lines)) <= columns
    assert [one for one in wanted if one not in printed.split()] == []


def test_a_terminal_gets_colours_and_a_file_does_not(shop: Shop) -> None:
    assert "\x1b" not in shop("runs").stdout


def rows(capsys: pytest.CaptureFixture[str], *given: tuple[str, str, str]) -> list[str]:
    """What is printed of some rows."""
    echo_rows(HEADER, given, flexible=[1], states=[row[2] for row in given])
    return capsys.readouterr().out.splitlines()


def test_off_a_terminal_nothing_is_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert rows(capsys, ("1", "n" * 10_000, "failed"))[1] == f"1   {'n' * 10_000}  failed"


def test_a_first_cell_that_is_too_long_has_a_line_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    name = "a-rather-long-name"
    assert rows(capsys, ("i" * 28, name, "failed"), ("2", "b", "running")) == [
        "id",
        "  name                state",
        "i" * 28,
        f"  {name}  failed",
        "2",
        "  b                   running",
    ]


@pytest.mark.parametrize(
    ("text", "shown"), [(HOSTILE, PRINTED), ("a\nb\tc", "a\\nb\\tc"), ("🌹🌹", "🌹🌹")]
)
def test_hostile_texts_are_shown_and_not_obeyed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str, shown: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert rows(capsys, ("1", text, "failed"))[1] == f"1   {shown}  failed"


def test_no_list_of_anything_is_no_error() -> None:
    assert ask("runs", "--home", "/nowhere/at/all").exit_code == 0
