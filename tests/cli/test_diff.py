"""`vertex-flow diff` and `vertex-flow why`, on the runs of one folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.cli.pair import Pair, pair_of_runs
from tests.cli.terminals import on_a_terminal
from vertex_flow import Flow, GcpContext
from vertex_flow.cli.diff import echo
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.stages import ImportDataset


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair_of_runs(tmp_path_factory.mktemp("pair")) as pair:
        yield pair


def test_it_shows_what_differs_and_nothing_else(pair: Pair) -> None:
    done = pair("diff", pair.first.job_id, pair.second.job_id)
    assert done.exit_code == 1
    assert f"A  {pair.first.job_id}" in done.stdout
    lines = [line.split() for line in done.stdout.split("\n")]
    assert ["source.size", "3", "4"] in lines
    assert "fit.rate" not in done.stdout


def test_it_is_what_python_says(pair: Pair) -> None:
    done = pair("diff", pair.first.job_id, pair.second.job_id)
    assert done.stdout == f"{pair.first.diff(pair.second)}\n"


def test_all_shows_what_is_the_same(pair: Pair) -> None:
    assert "fit.rate" in pair("diff", "--all").stdout


def test_a_run_and_itself_are_the_same(pair: Pair) -> None:
    done = pair("diff", pair.first.job_id, pair.first.name)
    assert (done.exit_code, done.stdout.split("\n\n")[1]) == (
        0,
        "no difference: parameters, code, stages, settings and results are the same\n",
    )


@pytest.mark.parametrize("given", [0, 1])
def test_runs_that_are_left_out_are_the_newest(pair: Pair, given: int) -> None:
    found = pair.json("diff", *[pair.first.job_id][:given])
    assert [one["job_id"] for one in found["runs"]] == [pair.first.job_id, pair.second.job_id]


def test_it_says_the_same_to_a_program(pair: Pair) -> None:
    found = pair.json("diff")
    assert found == pair.first.diff(pair.second).as_json()
    assert (found["same"], found["rows"][0]["values"]) == (False, [3, 4])


def test_a_run_that_there_is_not(pair: Pair) -> None:
    done = pair("diff", "pair-1", pair.first.job_id)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: 404 NOT_FOUND: The PipelineJob "
        '"projects/local/locations/us-central1/pipelineJobs/pair-1" does not exist.\n'
        "  Fix: vertex-flow runs lists what there is.\n"
    )


def test_a_name_that_is_none_is_said_to_a_program(pair: Pair) -> None:
    done = pair("diff", "a b", "c", "--json")
    assert (done.exit_code, '"type": "SettingError"' in done.stdout) == (2, True)


def test_there_are_too_few_runs(pair: Pair, tmp_path: Path) -> None:
    place = ("--home", str(tmp_path))
    with EmbeddedEngine.start(tmp_path):
        found = [pair("diff", *place), pair("diff", "a", *place), pair("why", "fit", *place)]
        flow = Flow("one", [ImportDataset(str(tmp_path))])
        flow.run(GcpContext.local(tmp_path), progress=None)
        found.append(pair("diff", *place))
    none = "Error: vertex-flow diff: there are no two runs to compare"
    assert [(one.exit_code, one.stderr) for one in found] == [
        (2, f"{none}. To see what there is: vertex-flow runs\n"),
        (2, f"{none}. To see what there is: vertex-flow runs\n"),
        (1, f"Error: there is no run in {tmp_path}.\n"),
        (2, f"{none} of flow 'one'. To see what there is: vertex-flow runs\n"),
    ]


@pytest.mark.parametrize("columns", [80, 200])
def test_on_a_terminal(pair: Pair, columns: int) -> None:
    printed = on_a_terminal(pair.shell, "diff", COLUMNS=str(columns))
    assert "\x1b[1mSettings\x1b[0m" in printed
    assert ("other content" in printed) is True
    plain = printed.replace("\x1b[1m", "").replace("\x1b[0m", "")
    widths = [len(line) for line in plain.split("\r\n")]
    assert (max(widths) <= columns, max(widths) > 80) == (True, columns == 200)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("+    new", "\x1b[32m+    new\x1b[0m\n"),
        ("-    old", "\x1b[31m-    old\x1b[0m\n"),
        ("@@ -1 +1 @@", "\x1b[36m@@ -1 +1 @@\x1b[0m\n"),
        ("  fit.rate  0.1  0.2", "  fit.rate  0.1  0.2\n"),
    ],
)
def test_source_code_has_colours(line: str, said: str) -> None:
    command = click.Command("say", callback=lambda: echo(line))
    assert CliRunner().invoke(command, color=True).stdout == said


def test_why_is_about_the_newest_run(pair: Pair) -> None:
    done = pair("why", "fit")
    assert (done.exit_code, " ".join(done.stdout.split())) == (
        0,
        f"fit ran again in run {pair.second.job_id}: its input data changed, because source ran "
        "again: its parameter size went from 3 to 4. Compared with run "
        f"{pair.first.job_id}.",
    )
    assert max(map(len, done.stdout.split("\n"))) <= 80


def test_why_is_about_a_run_that_is_named(pair: Pair) -> None:
    assert "no earlier run" in pair("why", "fit", pair.first.job_id).stdout.replace("\n", " ")


def test_why_says_the_same_to_a_program(pair: Pair) -> None:
    assert pair.json("why", "fit") == pair.second.why("fit").as_json()


def test_why_a_stage_that_there_is_not(pair: Pair) -> None:
    done = pair("why", "fitt")
    assert (done.exit_code, done.stderr) == (
        1,
        f"Error: run {pair.second.job_id} has no stage 'fitt'; it has source, fit. Did you mean "
        "'fit'?\n",
    )
