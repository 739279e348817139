"""Early stopping of trials: by the median of the finished ones, or by where their curves lead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import mean, median
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from vertex_flow.engine.tuning.measurements import Goal, Measured

if TYPE_CHECKING:
    from vertex_flow.engine.tuning.curves import Curve

# With fewer, a median says little.
_FEWEST = 3
# Below this chance to end as the best trial, one is not worth going on with.
_VERY_LOW = 0.01
_MEASUREMENTS = 5


@attrs.frozen(kw_only=True)
class Finished:
    """A trial that has succeeded.

    Attributes:
        measured: What it measured.
        stopped: Whether it was stopped early.
        value: What counts of its first metric.
    """

    measured: Sequence[Measured]
    stopped: bool
    value: float


@attrs.frozen
class Stop:
    """The decision to stop a trial.

    Attributes:
        last: A measurement that is predicted and put at its end, or None.
    """

    last: Measured | None = None


class Rule(Protocol):
    """Decides whether a trial goes on; this docstring is the source of truth for its contract.

    It is asked whenever a running trial has reported something, in a thread of its own.
    """

    def judge(self, running: Sequence[Measured], finished: Sequence[Finished]) -> Stop | None:
        """Decide on a trial.

        Args:
            running: What it measured so far; not empty.
            finished: The trials that have succeeded.

        Returns:
            The decision to stop it, or None when it goes on.
        """


def rule(study: Any, goal: Goal) -> Rule | None:
    """Give the rule that a study asks for, or None.

    Args:
        study: A checked `StudySpec`.
        goal: Its metric.
    """
    if "median_automated_stopping_spec" in study:
        return MedianRule(goal, bool(study.median_automated_stopping_spec.use_elapsed_duration))
    if "decay_curve_stopping_spec" in study:
        return DecayCurveRule(goal, bool(study.decay_curve_stopping_spec.use_elapsed_duration))
    if "convex_automated_stopping_spec" in study:
        return ConvexRule(goal, study.convex_automated_stopping_spec)
    return None


@attrs.frozen
class MedianRule:
    """Stops trials that are worse than the median of the finished ones.

    Attributes:
        goal: The metric.
        by_time: Whether trials are compared at the same elapsed time, not at the same step.
    """

    goal: Goal
    by_time: bool

    def judge(self, running: Sequence[Measured], finished: Sequence[Finished]) -> Stop | None:
        """Compare with the finished trials as they were then."""
        others = [trial.measured for trial in finished]
        hopeless = below_median(running, others, self.goal, by_time=self.by_time)
        return Stop() if hopeless else None


@attrs.frozen
class DecayCurveRule:
    """Stops trials that will hardly become the best, by regression on the finished curves.

    Attributes:
        goal: The metric.
        by_time: Whether curves are over the elapsed time, not over the steps.
    """

    goal: Goal
    by_time: bool

    def judge(self, running: Sequence[Measured], finished: Sequence[Finished]) -> Stop | None:
        """Predict how the trial would end."""
        from vertex_flow.engine.tuning.curves import chance_to_win  # NumPy, when it is needed

        own = _curve(running, self.goal, by_time=self.by_time)
        found = [
            _curve(trial.measured, self.goal, by_time=self.by_time)
            for trial in finished
            if not trial.stopped
        ]
        if own is None:
            return None
        chance = chance_to_win(own, [curve for curve in found if curve is not None])
        return Stop() if chance is not None and chance < _VERY_LOW else None


@attrs.frozen
class ConvexRule:
    """Stops trials that cannot become the best even if they went on to rise as they do.

    Attributes:
        goal: The metric.
        spec: A `ConvexAutomatedStoppingSpec`.
    """

    goal: Goal
    spec: Any

    def judge(self, running: Sequence[Measured], finished: Sequence[Finished]) -> Stop | None:
        """Extrapolate the trial's curve to its end."""
        from vertex_flow.engine.tuning.curves import forecast

        by_time = bool(self.spec.use_elapsed_duration)
        fewest = int(self.spec.min_measurement_count) or _MEASUREMENTS
        own = _curve(running, self.goal, by_time=by_time)
        if own is None or len(own.at) < fewest or len(finished) <= fewest:
            return None
        curves = [_curve(trial.measured, self.goal, by_time=by_time) for trial in finished]
        known = [curve for curve in curves if curve is not None]
        end = float(self.spec.max_step_count) or max(curve.at[-1] for curve in known)
        least = float(self.spec.min_step_count) or end / 10
        ahead = forecast(own, known, end) if own.at[-1] > least else None
        sign = 1 if self.goal.maximise else -1
        best = max(sign * trial.value for trial in finished)
        if ahead is None or ahead.most >= best:
            return None
        last = running[-1]
        step, seconds = (last.step, end) if by_time else (int(end), last.seconds)
        return Stop(Measured(step, seconds, {self.goal.metric: sign * ahead.likely}))


def _curve(measured: Sequence[Measured], goal: Goal, *, by_time: bool) -> Curve | None:
    """Give the curve of a metric, larger values better; None when there is nothing of it."""
    from vertex_flow.engine.tuning.curves import Curve

    sign = 1 if goal.maximise else -1
    found = sorted(
        (item.seconds if by_time else float(item.step), sign * item.values[goal.metric])
        for item in measured
        if math.isfinite(item.values.get(goal.metric, math.nan))
    )
    if not found:
        return None
    return Curve(tuple(at for at, _ in found), tuple(value for _, value in found))


def below_median(
    running: Sequence[Measured],
    finished: Sequence[Sequence[Measured]],
    goal: Goal,
    *,
    by_time: bool = False,
) -> bool:
    """Tell whether a trial is not worth going on with, by the median rule.

    It is when its best value so far is worse than the median of the running averages that the
    finished trials had at the same step.

    Args:
        running: What the trial measured so far.
        finished: What each finished trial measured; at least 3 are needed.
        goal: The metric.
        by_time: Compare at the same elapsed time, not at the same step.
    """

    def position(item: Measured) -> float:
        return item.seconds if by_time else item.step

    def values(items: Sequence[Measured], until: float) -> list[float]:
        found = (
            item.values.get(goal.metric, math.nan) for item in items if position(item) <= until
        )
        return [value for value in found if math.isfinite(value)]

    if len(finished) < _FEWEST or not running:
        return False
    now = position(running[-1])
    own = values(running, now)
    averages = [mean(found) for items in finished if (found := values(items, now))]
    if not own or len(averages) < _FEWEST:
        return False
    best = max(own) if goal.maximise else min(own)
    return goal.better(median(averages), best)
