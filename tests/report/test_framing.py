"""What a program says among what KFP's executor says."""

from __future__ import annotations

from vertex_flow.report.framing import OwnLines, own_lines

LOG = """[engine] Image 'python:3.11' is simulated: its command runs in this environment.
[KFP Executor 2026-11-27 18:00:07,792 INFO]: Loading KFP component "fit" from fit.py
[KFP Executor 2026-11-27 18:00:07,829 INFO]: Got executor_input:
{
    "inputs": {
        "parameterValues": {}
    }
}
epoch 1
  indented
{
}
[KFP Executor 2026-11-27 18:00:07,861 INFO]: Wrote executor output file to x
"""
OWN = [LOG.splitlines()[0], "epoch 1", "  indented", "{", "}"]


def test_the_executors_lines_and_the_input_that_it_prints_are_left_out() -> None:
    assert list(own_lines(LOG.splitlines())) == OWN


def test_lines_may_come_one_by_one() -> None:
    look = OwnLines()
    assert [line for line in LOG.splitlines() if look.takes(line)] == OWN
