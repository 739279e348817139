"""How states look."""

from __future__ import annotations

import pytest

from vertex_flow.report.states import in_full, look

STATES = (
    "PENDING", "RUNNING", "SUCCEEDED", "REUSED", "FAILED", "CANCELLED", "NOT_TRIGGERED",
    "NOT_REACHED",
)  # fmt: skip


def test_no_two_states_of_a_stage_look_the_same_without_colour() -> None:
    assert len({(look(state).mark, look(state).word) for state in STATES}) == len(STATES)


@pytest.mark.parametrize("state", STATES)
def test_a_mark_is_one_character(state: str) -> None:
    assert len(look(state).mark) == 1


def test_a_state_that_is_not_known_is_said_as_it_is() -> None:
    assert look("PAUSED_FOR_NOW").word == "paused for now"


def test_by_itself_success_is_called_by_its_name() -> None:
    assert [in_full(state) for state in ("SUCCEEDED", "NOT_TRIGGERED")] == ["succeeded", "left out"]
