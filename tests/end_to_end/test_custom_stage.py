"""The example of a stage of one's own, run as a user runs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.end_to_end.program import Desk, Result


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Result:
    desk = Desk(tmp_path_factory.mktemp("custom") / "desk")
    result = desk.run("custom_stage.py", "--data", str(data), "--epochs", "3")
    left = desk.processes()
    desk.close()
    assert left == {}
    return result


def test_it_ends_well(result: Result):
    assert (result.code, result.err) == (0, "")


def test_the_flow_is_shown_with_every_wire(result: Result):
    wires = result.out.partition("run mnist-")[0]
    assert re.search(r"  shift\n +← images +preprocess\.train_data\n", wires)
    assert re.search(r"  train\n(.*\n)*? +← train_data +shift\.train_data\n", wires)


def test_the_stage_that_was_put_in_runs(result: Result):
    assert re.search(r"shift +done in", result.out)


def test_the_stage_that_was_left_out_does_not(result: Result):
    assert "hyper-tune" not in result.out


def test_the_stage_that_was_swapped_decides(result: Result):
    assert re.search(r"evaluate +done in", result.out)
    assert re.search(r"register +(done in|left out)", result.out)
