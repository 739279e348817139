from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.tuning.measurements import Goal, Measured
from vertex_flow.engine.tuning.stopping import Finished, below_median, rule

SCORE = Goal("score", maximise=True)
LOSS = Goal("score", maximise=False)


def trial(*values: float) -> list[Measured]:
    return [Measured(step, 10.0 * step, {"score": value}) for step, value in enumerate(values, 1)]


class TestMedian:
    FINISHED = (trial(0.5, 0.6), trial(0.6, 0.7), trial(0.7, 0.8))

    @pytest.mark.parametrize(("value", "stop"), [(0.5, True), (0.6, False), (0.9, False)])
    def test_compares_at_the_same_step(self, value, stop):
        assert below_median(trial(value), self.FINISHED, SCORE) is stop

    def test_needs_three_finished_trials(self):
        assert below_median(trial(0.0), self.FINISHED[:2], SCORE) is False

    def test_minimising(self):
        assert below_median(trial(0.9), self.FINISHED, LOSS) is True

    def test_by_time(self):
        running = [Measured(100, 10.0, {"score": 0.55})]
        assert below_median(running, self.FINISHED, SCORE, by_time=True) is True

    def test_nothing_measured(self):
        assert below_median([], self.FINISHED, SCORE) is False


def rising(top: float, *, until: int = 20, loss: bool = False) -> list[Measured]:
    values = [top * (1 - math.exp(-step / 5)) for step in range(1, until + 1)]
    return trial(*([1 - value for value in values] if loss else values))


def finished(*tops: float, stopped: bool = False, loss: bool = False) -> list[Finished]:
    found = []
    for top in tops:
        measured = rising(top, loss=loss)
        value = measured[-1].values["score"]
        found.append(Finished(measured=measured, stopped=stopped, value=value))
    return found


def judged(
    running: Sequence[Measured], others: Sequence[Finished], goal: Goal = SCORE, **spec: Any
) -> Any:
    made = rule(types.StudySpec(**spec), goal)
    return made.judge(running, others)


TOPS = (0.55, 0.6, 0.7, 0.75, 0.8, 0.9)
DECAY: dict[str, Any] = {"decay_curve_stopping_spec": {"use_elapsed_duration": False}}
CONVEX: dict[str, Any] = {"convex_automated_stopping_spec": {"min_measurement_count": 3}}


def test_no_rule():
    assert rule(types.StudySpec(), SCORE) is None


class TestDecayCurve:
    @pytest.mark.parametrize(("top", "stop"), [(0.3, True), (0.6, True), (0.9, False), (1, False)])
    def test_stops_the_right_ones(self, top, stop):
        assert (judged(rising(top, until=10), finished(*TOPS), **DECAY) is not None) is stop

    @pytest.mark.parametrize(("top", "stop"), [(0.3, True), (1.0, False)])
    def test_minimising(self, top, stop):
        running = rising(top, until=10, loss=True)
        others = finished(*TOPS, loss=True)
        assert (judged(running, others, LOSS, **DECAY) is not None) is stop

    def test_by_time(self):
        spec = {"decay_curve_stopping_spec": {"use_elapsed_duration": True}}
        running = [Measured(1, item.seconds, item.values) for item in rising(0.3, until=10)]
        assert judged(running, finished(*TOPS), **spec) is not None

    def test_learns_nothing_from_trials_that_were_stopped(self):
        assert judged(rising(0.3, until=10), finished(*TOPS, stopped=True), **DECAY) is None

    def test_values_that_are_not_finite_are_passed_over(self):
        assert judged(trial(math.nan), finished(*TOPS), **DECAY) is None


class TestConvex:
    @pytest.mark.parametrize(("top", "stop"), [(0.3, True), (0.6, True), (0.9, False), (1, False)])
    def test_stops_the_right_ones(self, top, stop):
        assert (judged(rising(top, until=12), finished(*TOPS), **CONVEX) is not None) is stop

    def test_puts_a_prediction_at_the_end(self):
        stop = judged(rising(0.3, until=12), finished(*TOPS), **CONVEX)
        assert (stop.last.step, stop.last.seconds) == (20, 120.0)
        assert stop.last.values["score"] == pytest.approx(0.3, abs=0.02)

    def test_minimising(self):
        others = finished(*TOPS, loss=True)
        stop = judged(rising(0.3, until=12, loss=True), others, LOSS, **CONVEX)
        assert stop.last.values["score"] == pytest.approx(0.7, abs=0.02)

    def test_by_time(self):
        spec = {
            "convex_automated_stopping_spec": {
                "min_measurement_count": 3,
                "use_elapsed_duration": True,
                "max_step_count": 200,
            }
        }
        stop = judged(rising(0.3, until=12), finished(*TOPS), **spec)
        assert (stop.last.step, stop.last.seconds) == (12, 200.0)

    def test_waits_for_enough_trials_and_measurements(self):
        assert judged(rising(0.3, until=12), finished(*TOPS[:3]), **CONVEX) is None
        assert judged(rising(0.3, until=2), finished(*TOPS), **CONVEX) is None

    def test_waits_for_the_least_step(self):
        spec = {"convex_automated_stopping_spec": {"min_step_count": 15}}
        assert judged(rising(0.3, until=12), finished(*TOPS), **spec) is None
