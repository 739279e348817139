"""Runs side by side."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ui.told import HOSTILE, START, ToldSite, facts, visitor
from vertex_flow.report.comparison import ComparedRun, Comparison, Row


class Compared:
    """A run that differs from others as a test says."""

    def __init__(self, *rows: Row) -> None:
        self.rows = rows

    def diff(self, *others: Any) -> Comparison:
        runs = tuple(
            ComparedRun(
                name=name, job_id=name, flow="f", state="SUCCEEDED", place="here", start=START
            )
            for name in ("one", "two")
        )
        return Comparison(runs=runs, rows=self.rows)


class Pair(ToldSite):
    """A place with two runs."""

    def __init__(self, *rows: Row) -> None:
        super().__init__(facts())
        self.rows = rows

    def run(self, job_id: str) -> Any:
        return Compared(*self.rows)


SAME = Row(section="parameters", name="units", values=(64, 64), same=True)
OTHER = Row(section="metrics", name="accuracy", values=(0.5, None), same=False, best=0)
CODE = Row(section="code", name="fit", values=("a", "b"), same=False, lines=("-old", "+new"))


def page(*rows: Row, query: str = "run=one&run=two") -> str:
    return visitor(Pair(*rows)).get(f"/console/compare?{query}").text


def test_what_differs_is_shown_alone() -> None:
    said = page(SAME, OTHER)
    assert ("accuracy" in said, "units" in said) == (True, False)
    assert "1 difference." in said


def test_everything_is_shown_with_the_differences_marked() -> None:
    said = page(SAME, OTHER, query="run=one&run=two&all=1")
    assert said.count('class="differs"') == 1
    assert "units" in said


def test_the_best_is_marked() -> None:
    assert ">best</span>" in page(OTHER)


def test_source_code_has_its_changed_lines() -> None:
    assert "-old\n+new" in page(CODE)


def test_runs_that_are_the_same() -> None:
    assert "They are the same in everything but the time they took." in page(SAME)


def test_hostile_text_is_text() -> None:
    row = Row(section="parameters", name=HOSTILE, values=(HOSTILE, None), same=False, note=HOSTILE)
    said = page(row)
    assert "<script>alert" not in said
    assert "<img src=x" not in said


@pytest.mark.parametrize(
    "query", ["", "run=one", "run=one&run=one", "&".join(f"run={i}" for i in range(13))]
)
def test_what_is_no_comparison(query: str) -> None:
    answer = visitor(Pair()).get(f"/console/compare?{query}")
    assert answer.status_code == 400
    assert "A comparison is of 2 to 12 different runs" in answer.text
