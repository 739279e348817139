"""The page of a run."""

from __future__ import annotations

import pytest

from tests.ui.told import BASE, HOSTILE, ToldSite, facts, visitor

FROM_HERE = {"origin": BASE}


def page(site: ToldSite, path: str = "") -> str:
    return visitor(site).get(f"/console/runs/one{path}").text


@pytest.mark.parametrize(
    "title",
    [
        "Why it failed",
        "Graph",
        "Stages",
        "Metrics",
        "Search: prepare",
        "Learning curves",
        "Confusion matrix",
        "Test samples",
        "Parameters",
        "What it made",
        "Artifacts",
        "Lineage",
        "Machine-hours",
        "Labels and environment",
    ],
)
def test_it_has_everything_that_is_known(title: str) -> None:
    assert f">{title}<" in page(ToldSite(facts("fit")))


def test_what_runs_now_is_shown_with_the_end_of_its_log() -> None:
    said = page(ToldSite(facts("fit"), log="\n".join(map(str, range(100)))))
    assert "fit runs" in said
    assert ">88\n" in said
    assert "\n99</pre>" in said


def test_a_run_that_goes_on_is_followed() -> None:
    assert 'data-live="on"' in page(ToldSite(facts()))


def test_a_run_that_is_over_is_not() -> None:
    said = page(ToldSite(facts(state="SUCCEEDED")))
    assert 'data-live="over"' in said
    assert "fit runs" not in said


def test_a_run_that_goes_on_can_be_cancelled() -> None:
    site = ToldSite(facts())
    assert "/console/runs/one/cancel" in page(site)
    answer = visitor(site).post("/console/runs/one/cancel", headers=FROM_HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/runs/one")
    assert site.told_run.cancelled


def test_a_run_that_is_over_cannot() -> None:
    assert "/cancel" not in page(ToldSite(facts(state="FAILED")))


def test_metrics_stand_against_their_thresholds() -> None:
    said = page(ToldSite(facts()))
    assert ("passed</span>" in said, "too low</span>" in said) == (True, True)


@pytest.mark.parametrize("path", ["", "/trials", "/logs"])
def test_hostile_text_is_text(path: str) -> None:
    said = page(ToldSite(facts(HOSTILE), log=HOSTILE), path)
    assert "<script>alert" not in said
    assert "<img src=x" not in said


def test_trials_have_their_parameters_and_the_best_is_marked() -> None:
    said = page(ToldSite(facts("rate")), "/trials")
    assert "3 of 4 trials have begun" in said
    assert said.count(">best</span>") == 1


def test_a_run_without_a_search_says_so() -> None:
    assert "This run searches for nothing." in page(ToldSite(facts(searches=())), "/trials")


@pytest.mark.parametrize("path", ["", "/trials", "/logs", "/artifacts/a/b"])
def test_a_run_that_is_not_there(path: str) -> None:
    answer = visitor(ToldSite(facts())).get(f"/console/runs/other{path}")
    assert answer.status_code == 404
    assert "There is no run &#39;other&#39;." in answer.text


def test_the_report_is_a_file_to_keep() -> None:
    answer = visitor(ToldSite(facts("fit"))).get("/console/runs/one/report")
    said = [answer.headers[name] for name in ("content-disposition", "x-content-type-options")]
    assert said == ["attachment; filename*=UTF-8''one.html", "nosniff"]


def test_the_report_trusts_no_text() -> None:
    assert (
        "<script>alert"
        not in visitor(ToldSite(facts(HOSTILE))).get("/console/runs/one/report").text
    )
