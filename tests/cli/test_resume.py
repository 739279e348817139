"""`vertex-flow resume`."""

from __future__ import annotations

import json

from tests.cli.shop import Shop, ask
from vertex_flow import Run


def test_what_has_failed_goes_on(shop: Shop) -> None:
    shop.flag.touch()
    try:
        done = shop("resume", shop.failed)
    finally:
        shop.flag.unlink()
    new = Run.newest(shop.context, flow="fussy")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == f"run {shop.failed} goes on as {new.job_id}"
    assert [stage.state for stage in new.stages] == ["REUSED", "SUCCEEDED"]


def test_one_that_fails_again_is_a_record_for_a_program(shop: Shop) -> None:
    done = shop("resume", shop.failed, "--json")
    said = json.loads(done.stdout)
    assert (done.exit_code, said["state"], said["failure"]["stage"]) == (1, "FAILED", "fussy")


def test_a_run_that_has_succeeded(shop: Shop) -> None:
    done = shop("resume", shop.done)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: run {shop.done} has succeeded: nothing of it is left to do. A new run of its "
        "flow is started by flow.run().\n"
    )


def test_without_waiting_the_new_run_is_named(shop: Shop) -> None:
    done = shop("resume", shop.failed, "--no-wait")
    new = Run.newest(shop.context, flow="fussy")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (
        0,
        f"to see how it goes: vertex-flow status {new.job_id} --follow",
    )
    shop("logs", new.job_id, "--follow")


def test_without_an_engine_that_stays_it_must_be_waited_for(shop: Shop) -> None:
    home = shop.home.parent / "alone"
    done = ask("resume", "--no-wait", "--home", str(home))
    assert (done.exit_code, home.exists()) == (1, False)
    assert "vertex-flow up" in done.stderr
