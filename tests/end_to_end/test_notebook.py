"""The example notebook, executed in a kernel of its own."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

import attrs
import nbformat
import pytest
from nbclient import NotebookClient

from tests.end_to_end.program import EXAMPLES, Desk

NOTEBOOK = EXAMPLES / "digits.ipynb"


@attrs.frozen
class Executed:
    """The notebook after it was run.

    Attributes:
        cells: Its cells, with their outputs.
        places: What its processes looked up or connected to.
    """

    cells: list[Any]
    places: set[str]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executed]:
    """The notebook, run in a kernel of this interpreter."""
    desk = Desk(tmp_path_factory.mktemp("notebook") / "desk")
    kernel = desk.folder / "jupyter" / "kernels" / "running" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.write_text(json.dumps({"argv": argv, "display_name": "running", "language": "python"}))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    network = desk.audited()
    path = os.pathsep.join(filter(None, [desk.env["PYTHONPATH"], os.environ.get("PYTHONPATH")]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(desk.folder / "jupyter"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(desk.folder / "runtime"))
        env = {**desk.env, "PYTHONPATH": path, "IPYTHONDIR": str(desk.folder / "ipython")}
        client = NotebookClient(notebook, timeout=120, kernel_name="running")
        client.execute(cwd=str(desk.work), env=env)
    assert desk.processes() == {}
    yield Executed(notebook.cells, set(network.read_text().splitlines()))
    desk.close()


def cell(notebook: Executed, start: str) -> Any:
    """The cell whose code begins with a text."""
    return next(one for one in notebook.cells if f"{one.source}\n".startswith(start))


def html(notebook: Executed, start: str) -> str:
    """What a cell shows as HTML."""
    shown = [one["data"] for one in cell(notebook, start).outputs if "data" in one]
    return str(shown[-1]["text/html"])


def test_it_is_kept_without_outputs() -> None:
    cells = [one for one in nbformat.read(NOTEBOOK, as_version=4).cells if one.cell_type == "code"]
    assert [one for one in cells if one.outputs or one.execution_count] == []


def test_a_flow_in_a_cell_is_its_graph(executed: Executed) -> None:
    assert html(executed, "from vertex_flow").count("<svg") == 1


def test_a_run_is_shown_in_one_place(executed: Executed) -> None:
    shown = cell(executed, "run = flow.run").outputs
    assert [one.output_type for one in shown] == ["stream", "display_data"]


def test_the_last_that_is_shown_of_a_run_is_its_end(executed: Executed) -> None:
    assert re.search(r"succeeded in [\d.]+ s</div>\n</div>$", html(executed, "run = flow.run"))


def test_a_run_in_a_cell_names_its_endpoint(executed: Executed) -> None:
    assert ":predict" in html(executed, "run\n")


def test_the_trials_are_a_table(executed: Executed) -> None:
    assert html(executed, 'run["hyper-tune"].trials').count("<tr") == 4


def test_the_second_run_reuses_what_has_not_changed(executed: Executed) -> None:
    assert html(executed, "longer").count("reused") == 2


def test_most_digits_are_read_right(executed: Executed) -> None:
    said = cell(executed, "images").outputs[0].text
    predicted, true = (json.loads(line[line.index("[") :]) for line in said.splitlines())
    assert sum(a == b for a, b in zip(predicted, true, strict=True)) >= 8


def test_only_this_machine_is_spoken_to(executed: Executed) -> None:
    here = ("127.", "/", "localhost", "::1", "None", "0.0.0.0")
    hosts = {place.partition(" ")[2] for place in executed.places}
    assert {"127.0.0.1"} <= hosts
    assert [host for host in hosts if not host.startswith(here)] == []
