"""What the values say by themselves."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize(
    ("state", "notes", "is_final"),
    [("SUCCEEDED", (), True), ("SUCCEEDED", ("not read",), False), ("RUNNING", (), False)],
)
def test_a_run_is_final_when_it_has_ended_and_was_read(
    state: str, notes: tuple[str, ...], is_final: bool
) -> None:
    assert facts(state=state, notes=notes).is_final is is_final
