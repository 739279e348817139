"""The timeline of a run."""

from __future__ import annotations

from typing import Any

from tests.report.examples import at, facts, large
from vertex_flow.report.charts import timeline
from vertex_flow.report.facts import RunFacts, StageFacts, TaskFacts


def rows(run: RunFacts) -> list[dict[str, Any]]:
    spec = timeline(run)
    assert spec is not None
    found: list[dict[str, Any]] = spec["data"]["values"]
    return found


def labels(run: RunFacts) -> list[str]:
    spec = timeline(run)
    assert spec is not None
    found: list[str] = spec["params"][0]["value"]
    return found


def test_each_stage_has_a_row_and_trials_have_one_for_each_that_runs_at_a_time() -> None:
    assert labels(facts()) == ["load", "tune", "· trials", "", "judge", "serve"]


def test_bars_say_what_they_are() -> None:
    says = [row["says"] for row in rows(facts())]
    assert (says[0], says[2]) == ("load: reused, 1.0 s", "trial 1: succeeded, 9.0 s")


def test_what_runs_goes_on_until_it_was_seen() -> None:
    stage = StageFacts(name="a", state="RUNNING", start=at(10))
    (bar,) = rows(facts(stages=(stage,), searches=(), state="RUNNING", end=None))
    assert (bar["from"], bar["to"], bar["state"]) == (0.0, 90.0, "running")


def test_long_runs_are_in_hours() -> None:
    stage = StageFacts(name="a", state="SUCCEEDED", start=at(0), end=at(36_000))
    (bar,) = rows(facts(stages=(stage,), searches=(), end=at(36_000)))
    assert bar["to"] == 10.0


def test_tasks_that_took_long_have_rows() -> None:
    tasks = tuple(
        TaskFacts(name=name, state="SKIPPED", start=at(start), end=at(end))
        for name, start, end in (("a", 0, 40), ("b", 40, 80), ("short", 40, 40.1))
    )
    stage = StageFacts(name="s", state="SUCCEEDED", start=at(0), end=at(80), tasks=tasks)
    says = [row["says"] for row in rows(facts(stages=(stage,), searches=()))]
    assert says[1:] == ["a: reused, 40.0 s", "b: reused, 40.0 s"]


def test_of_many_stages_tasks_have_no_rows() -> None:
    assert "· tasks" not in labels(large())


def test_a_run_that_has_not_started_has_no_timeline() -> None:
    assert timeline(facts(stages=())) is None
