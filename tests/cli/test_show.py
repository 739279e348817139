"""`vertex-flow show`."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.cli.conftest import Shell
from tests.cli.flow_files import Inside, write
from tests.cli.terminals import BOLD, on_a_terminal

SHOWN = """\
flow 'twice'
  double
      ← number   parameter 'number', 2 by default
      ← fail     parameter 'fail', False by default
      ← wait     parameter 'wait', False by default
      → doubled  int

twice
└── double
"""
LONG = """
from vertex_flow import Flow
from vertex_flow.stages import ImportDataset

names = ["stage-" + letter * 50 for letter in "abcde"]
flow = Flow("long", [
    ImportDataset("gs://b/x", name=name, after=names[at - 1 : at]) for at, name in enumerate(names)
])
"""


def test_the_wires_and_the_graph(here: Inside) -> None:
    write(here.folder)
    done = here("show", "flow.py")
    assert (done.returncode, done.stdout) == (0, SHOWN)


def test_the_same_for_a_program(here: Inside) -> None:
    write(here.folder)
    facts = here.json("show", "flow.py")
    assert (facts["flow"], facts["edges"], facts["nodes"][0]["name"]) == ("twice", [], "double")


def test_a_picture(here: Inside) -> None:
    write(here.folder)
    done = here("show", "flow.py", "-o", "graph.svg")
    assert done.stdout == f"{here.folder}/graph.svg\n"
    root = ElementTree.parse(here.folder / "graph.svg").getroot()
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "flow 'twice'"


def test_a_picture_of_another_kind(here: Inside) -> None:
    write(here.folder)
    done = here("show", "flow.py", "-o", "graph.png")
    assert (done.returncode, done.stderr) == (
        1,
        "loading\nError: -o graph.png: expected a name that ends in .svg.\n",
    )


def test_a_picture_that_cannot_be_written(here: Inside) -> None:
    write(here.folder)
    done = here("show", "flow.py", "-o", "nowhere/graph.svg")
    assert (done.returncode, done.stderr) == (
        1,
        "loading\nError: nowhere/graph.svg cannot be written: No such file or directory.\n",
    )


@pytest.mark.parametrize(
    ("columns", "variable"), [(80, {"NO_COLOR": "1"}), (200, {"TERM": "dumb"})], ids=str
)
def test_the_tree_fits_a_terminal_without_colours(
    shell: Shell, columns: int, variable: dict[str, str]
) -> None:
    write(shell.folder, text=LONG)
    shown = on_a_terminal(shell, "show", "flow.py", COLUMNS=str(columns), **variable)
    tree = shown.replace("\r", "").partition("\n\n")[2].splitlines()
    assert max(map(len, tree)) <= columns
    assert "e" * 50 in "".join(tree).replace(" ", "")
    assert "\x1b" not in shown


def test_a_terminal_gets_bold_letters(shell: Shell) -> None:
    write(shell.folder)
    assert BOLD in on_a_terminal(shell, "show", "flow.py")


def test_a_pipe_gets_whole_lines(here: Inside) -> None:
    write(here.folder, text=LONG)
    tree = here("show", "flow.py").stdout.partition("\n\n")[2].splitlines()
    assert tree[-1] == f"{' ' * 16}└── stage-{'e' * 50}"
