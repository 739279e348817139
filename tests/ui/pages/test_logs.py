"""The logs of a run."""

from __future__ import annotations

from tests.ui.told import ToldSite, facts, visitor


def logs(query: str = "", **settings: object) -> str:
    site = ToldSite(facts("fit", **settings), log="said")
    return visitor(site).get(f"/console/runs/one/logs{query}").text


def test_all_stages_that_have_started_are_shown() -> None:
    said = logs()
    assert [f'aria-label="Log of {name}"' in said for name in ("prepare", "fit", "later")] == [
        True,
        True,
        False,
    ]


def test_one_stage_is_shown() -> None:
    said = logs("?stage=fit")
    assert 'aria-label="Log of fit"' in said
    assert 'aria-label="Log of prepare"' not in said


def test_a_stage_that_is_none_is_left_out_of_account() -> None:
    assert 'aria-label="Log of prepare"' in logs("?stage=nothing")


def test_a_run_in_which_nothing_has_started() -> None:
    assert "No stage has started." in logs(stages=())
