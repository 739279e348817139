"""The list of runs."""

from __future__ import annotations

import pytest

from tests.ui.told import HOSTILE, ToldSite, facts, visitor


def test_the_root_leads_to_the_runs() -> None:
    answer = visitor(ToldSite(facts())).get("/console/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/runs")


def test_a_run_is_listed_with_a_link() -> None:
    said = visitor(ToldSite(facts())).get("/console/runs").text
    assert '<a href="/console/runs/one">one</a>' in said


@pytest.mark.parametrize("query", ["q=other", "flow=other", "state=FAILED"])
def test_a_run_that_does_not_fit_is_left_out(query: str) -> None:
    said = visitor(ToldSite(facts())).get(f"/console/runs?{query}").text
    assert "No run is like that." in said


def test_a_state_that_is_none_is_left_out_of_account() -> None:
    said = visitor(ToldSite(facts())).get("/console/runs?state=<b>").text
    assert '<a href="/console/runs/one">one</a>' in said


def test_what_was_asked_for_stays_in_the_form() -> None:
    said = visitor(ToldSite(facts())).get("/console/runs", params={"q": '"<b>'}).text
    assert 'value="&#34;&lt;b&gt;"' in said


def test_without_runs_it_says_how_to_make_one() -> None:
    class Empty(ToldSite):
        def runs(self) -> tuple[()]:
            return ()

    assert "vertex-flow init demo" in visitor(Empty(facts())).get("/console/runs").text


def test_hostile_text_is_text() -> None:
    said = visitor(ToldSite(facts(HOSTILE))).get("/console/runs").text
    assert "<script>alert" not in said
    assert "<img src=x" not in said


def test_what_a_run_needs_is_loaded_as_somebody_looks() -> None:
    site = ToldSite(facts())
    visitor(site).get("/console/runs")
    assert site.warmed
