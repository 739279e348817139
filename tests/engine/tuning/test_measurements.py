from __future__ import annotations

import json
import os

import pytest

from vertex_flow.engine.tuning.measurements import Goal, Measured, MetricFile, judge

SCORE = Goal("score", maximise=True)


@pytest.fixture
def file(tmp_path):
    return MetricFile(tmp_path / "metrics", metrics=["score", "cost"], start=100.0)


def line(step: int, time: float = 101.0, **values: object) -> str:
    entry = {"timestamp": time, "trial": "1", "global_step": str(step), "checkpoint_path": ""}
    return json.dumps({**entry, **{name: str(value) for name, value in values.items()}}) + "\n"


def test_no_file_yet(file):
    assert file.read() is False


def test_reads_each_report_once(file):
    file.path.write_text(line(1, score=0.1))
    assert file.read() is True
    assert file.read() is False
    file.path.write_text(line(1, score=0.1) + line(2, time=103.5, score=0.2))
    assert file.read() is True
    assert file.measured == [
        Measured(1, 1.0, {"score": 0.1}),
        Measured(2, 3.5, {"score": 0.2}),
    ]


def test_reports_that_have_left_the_file_are_kept(file):
    file.path.write_text(line(1, score=0.1))
    file.read()
    file.path.write_text(line(2, score=0.2))
    file.read()
    assert [item.step for item in file.measured] == [1, 2]


def test_half_written_line(file):
    file.path.write_text(line(1, score=0.1) + line(2, score=0.2)[:20])
    file.read()
    assert [item.step for item in file.measured] == [1]


@pytest.mark.parametrize(
    "text",
    [
        "no json\n",
        "[1]\n",
        '{"score": "x", "timestamp": 1}\n',
        "{}\n",
        '{"score": 1, "timestamp": 1, "global_step": 1e999}\n',
        "[" * 100_000 + "\n",
    ],
)
def test_lines_that_are_no_reports(file, text):
    file.path.write_text(text)
    assert file.read() is False


def test_a_pipe_is_no_report(file):
    os.mkfifo(file.path)
    assert file.read() is False


def test_metrics_of_one_step_belong_together(file):
    file.path.write_text(line(1, score=0.1) + line(1, cost=5) + line(2, score=0.2))
    file.read()
    assert file.measured == [
        Measured(1, 1.0, {"score": 0.1, "cost": 5.0}),
        Measured(2, 1.0, {"score": 0.2}),
    ]


def test_other_metrics_are_noted_only(file):
    file.path.write_text(line(1, loss=0.1))
    assert file.read() is False
    assert (file.measured, file.reported) == ([], {"loss"})


def test_best_ignores_what_is_not_finite(file):
    file.path.write_text(line(1, score=0.8) + line(2, score="nan"))
    file.read()
    verdict = judge("1", file, [SCORE], best=True)
    assert verdict.final == Measured(1, 1.0, {"score": 0.8})


def test_last_that_is_not_finite(file):
    file.path.write_text(line(1, score=0.8) + line(2, score="nan"))
    file.read()
    verdict = judge("1", file, [SCORE], best=False)
    assert (verdict.final, verdict.failed) == (None, False)
    assert verdict.reason == "Trial 1 reported nan for 'score' at step 2."


def test_last_takes_each_metrics_last_value(file):
    file.path.write_text(line(1, score=0.8) + line(1, cost=3) + line(2, score=0.9))
    file.read()
    goals = [SCORE, Goal("cost", maximise=False)]
    verdict = judge("1", file, goals, best=False)
    assert verdict.final == Measured(2, 1.0, {"score": 0.9, "cost": 3.0})
