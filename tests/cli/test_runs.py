"""`vertex-flow runs`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.shop import Shop, ask
from vertex_flow import Run
from vertex_flow.texts import describe_seconds, describe_time


def test_a_line_a_run(shop: Shop) -> None:
    done = shop("runs", "--flow", "line")
    (entry,) = Run.list(shop.context, flow="line")
    assert entry.seconds is not None
    started, took = describe_time(entry.start), describe_seconds(entry.seconds)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1] == f"{shop.done}  line  succeeded  {started}  {took}"


def test_the_newest_is_the_first(shop: Shop) -> None:
    found = [one["id"] for one in shop.json("runs")["runs"]]
    assert found.index(shop.failed) < found.index(shop.done)


def test_states_are_named_in_small_letters_too(shop: Shop) -> None:
    states = {one["state"] for one in shop.json("runs", "--state", "failed")["runs"]}
    assert states == {"FAILED"}


def test_no_more_than_are_asked_for(shop: Shop) -> None:
    assert len(shop.json("runs", "--limit", "1")["runs"]) == 1


def test_a_program_gets_what_python_does(shop: Shop) -> None:
    (entry,) = Run.list(shop.context, flow="line")
    assert shop.json("runs", "--flow", "line") == {"runs": [entry.as_json()]}


def test_a_state_that_there_is_not(shop: Shop) -> None:
    done = shop("runs", "--state", "faild")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: Run.list(state='FAILD'): expected one of QUEUED, PENDING, RUNNING, SUCCEEDED, "
        "FAILED, CANCELLING, CANCELLED. Did you mean 'FAILED'?\n"
    )


def test_where_nothing_has_run_nothing_is_made(tmp_path: Path) -> None:
    done = ask("runs", "--home", str(tmp_path / "home"))
    assert (done.exit_code, done.stdout) == (0, "no runs\n")
    assert not (tmp_path / "home").exists()


def test_where_nothing_has_run_a_program_gets_an_empty_list(tmp_path: Path) -> None:
    done = ask("runs", "--home", str(tmp_path / "home"), "--json")
    assert done.stdout == '{\n  "runs": []\n}\n'
