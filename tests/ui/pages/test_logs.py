"""The logs of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.ui.told import ToldSite, facts, visitor
from vertex_flow.report.facts import RunFacts


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


class Speaking(ToldSite):
    """A place whose run itself has something to say."""

    def logs(self, facts: RunFacts, stages: Sequence[str], *, lines: int) -> dict[str, str]:
        return {**super().logs(facts, stages, lines=lines), "": "Task fit has started."}


def test_what_the_run_itself_says_has_its_place() -> None:
    said = visitor(Speaking(facts("fit"))).get("/console/runs/one/logs").text
    assert 'aria-label="Log of the run itself" data-end>Task fit has started.</pre>' in said


@pytest.mark.parametrize(
    ("is_here", "words"),
    [
        (True, "lines of each task. On a running run, new lines appear by themselves.<"),
        (
            False,
            "lines of each stage. On a running run, new lines appear by themselves, every half",
        ),
    ],
)
def test_how_much_is_shown_and_how_often(tmp_path: Path, is_here: bool, words: str) -> None:
    site = ToldSite(facts("fit"), home=tmp_path if is_here else None)
    assert words in visitor(site).get("/console/runs/one/logs").text
