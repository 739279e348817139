"""What the values say by themselves."""

from __future__ import annotations

from tests.report.examples import at, facts
from vertex_flow.report.facts import Score, StageFacts


def test_a_run_takes_from_its_start_to_its_end() -> None:
    assert facts().seconds == 80.0


def test_a_run_that_goes_on_has_taken_until_it_was_seen() -> None:
    assert facts(state="RUNNING", end=None).seconds == 100.0


def test_a_stage_that_has_not_ended_has_no_time() -> None:
    assert StageFacts(name="a", state="RUNNING", start=at(0)).seconds is None


def test_a_metric_passes_where_it_reaches_its_threshold() -> None:
    score = Score(stage="a", metric="m", value=0.5, least=0.5)
    assert (score.passed, Score(stage="a", metric="m", value=0.5).passed) == (True, None)
