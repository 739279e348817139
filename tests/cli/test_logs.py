"""`vertex-flow logs`."""

from __future__ import annotations

import pytest

from tests.cli.shop import PRINTED, Shop


def test_each_line_begins_with_its_stage(shop: Shop) -> None:
    done = shop("logs", shop.failed)
    starts = {line.split("  ")[0] for line in done.stdout.splitlines()}
    assert (done.exit_code, starts) == (0, {"source", "fussy"})


def test_of_one_stage_lines_stand_alone_and_no_terminal_obeys_them(shop: Shop) -> None:
    assert PRINTED in shop("logs", shop.failed, "--stage", "fussy").stdout.splitlines()


def test_only_the_last_lines(shop: Shop) -> None:
    done = shop("logs", shop.failed, "--stage", "fussy", "--lines", "1")
    assert done.stdout == "RuntimeError: no flag\n"


def test_a_run_that_is_over_is_not_waited_for(shop: Shop) -> None:
    done = shop("logs", shop.failed, "--stage", "fussy", "-f", "-n", "1")
    assert (done.exit_code, done.stdout) == (0, "RuntimeError: no flag\n")


def test_a_program_gets_the_parts_of_each_line(shop: Shop) -> None:
    said = shop.json("logs", shop.failed, "--stage", "fussy", "-n", "1")
    assert said["run"].endswith(shop.failed)
    assert said["lines"] == [{"stage": "fussy", "part": "", "text": "RuntimeError: no flag"}]


def test_an_unknown_stage_has_its_nearest_name(shop: Shop) -> None:
    done = shop("logs", shop.failed, "--stage", "fusy")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: run {shop.failed} has no stage 'fusy'; it has source, fussy. Did you mean "
        "'fussy'?\n"
    )


@pytest.mark.parametrize("words", [("-f", "--json"), ("-n", "0")], ids=" ".join)
def test_options_that_do_not_go(shop: Shop, words: tuple[str, ...]) -> None:
    assert shop("logs", *words).exit_code == 2
