"""`vertex-flow cancel`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shop import Shop, ask
from tests.samples import Sleep
from vertex_flow import Flow
from vertex_flow.errors import RunCancelled


def test_a_run_is_stopped_and_its_state_is_a_code(shop: Shop) -> None:
    run = Flow("sleeper", [Sleep()]).run(shop.context, wait=False)
    assert shop("status", run.job_id).exit_code == 6
    done = shop("cancel", run.job_id)
    assert (done.exit_code, done.stdout) == (0, f"run {run.job_id} is being cancelled\n")
    with pytest.raises(RunCancelled):
        run.wait()
    assert shop("status", run.job_id).exit_code == 7


def test_a_program_gets_the_state(shop: Shop) -> None:
    run = Flow("sleeper", [Sleep()]).run(shop.context, wait=False)
    said = shop.json("cancel", run.job_id)
    assert (said["name"], said["state"].startswith("CANCELL")) == (run.name, True)


def test_a_run_that_has_ended(shop: Shop) -> None:
    done = shop("cancel", shop.done)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"Error: run {shop.done} has ended already: SUCCEEDED.\n"


def test_where_nothing_has_run_nothing_is_made(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = ask("cancel", "--home", str(home))
    assert (done.exit_code, home.exists()) == (1, False)
    assert done.stderr == f"Error: there is no run: nothing has run in {home} yet.\n"
