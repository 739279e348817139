"""Where the performance curve of a trial leads, judged by those of the finished trials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

import attrs
import numpy as np
import numpy.typing as npt

_Array = npt.NDArray[np.float64]

# With fewer finished trials a regression says little.
FEWEST = 5
# How a curve is described to the regression: its values at so many places.
_PLACES = 5
_LENGTHS = (0.5, 1.0, 2.0, 4.0)
_NOISES = (1e-3, 1e-2, 1e-1)


@attrs.frozen
class Curve:
    """A trial's values of the study's metric, larger ones better.

    Attributes:
        at: Where each was measured: steps or seconds, not decreasing.
        values: The values.
    """

    at: tuple[float, ...]
    values: tuple[float, ...]

    @property
    def best(self) -> float:
        """The best value so far."""
        return max(self.values)


def chance_to_win(running: Curve, finished: Sequence[Curve]) -> float | None:
    """Give the probability that a trial ends above the best of the finished ones.

    A Gaussian process is fitted to the finished curves: from what they were as far as the running
    trial has come, to how much they rose from there to their end.

    Args:
        running: The trial's curve so far; at least one value.
        finished: Curves of trials that ran to their end; those that the running one has outrun
            say nothing.

    Returns:
        The probability, or None when fewer than 5 finished trials can be compared.
    """
    now = running.at[-1]
    known = [curve for curve in finished if curve.at[-1] >= now and curve.at[0] <= now]
    if len(known) < FEWEST:
        return None
    inputs = np.array([_features(curve, now) for curve in [*known, running]])
    starts = np.array([np.interp(now, curve.at, curve.values) for curve in known])
    rises = np.array([curve.values[-1] for curve in known]) - starts
    mean, deviation = _regression(_scaled(inputs), rises)
    best = max(curve.values[-1] for curve in finished)
    distance = best - (running.values[-1] + mean)
    return 0.5 * math.erfc(distance / (deviation * math.sqrt(2)))


@attrs.frozen
class Forecast:
    """Where a curve leads.

    Attributes:
        most: More than it can reach, when its rise only gets slower.
        likely: What it will reach.
    """

    most: float
    likely: float


def forecast(running: Curve, finished: Sequence[Curve], end: float) -> Forecast | None:
    """Extrapolate a curve whose rise gets slower and slower.

    The most that it can reach is along its slope of late; what it will likely reach is along
    slopes that fade as those of all curves do, by an autoregression on them.

    Args:
        running: The trial's curve so far.
        finished: The curves of finished trials.
        end: Where it would end: steps or seconds.

    Returns:
        The forecast, or None when the curve is flat, of which nothing can be said.
    """
    last, middle = len(running.at) - 1, (len(running.at) - 1) // 2
    span = running.at[last] - running.at[middle]
    if span <= 0 or max(running.values) == min(running.values):
        return None
    left = max(0.0, end - running.at[last])
    slope = max(0.0, (running.values[last] - running.values[middle]) / span)
    rises = last - middle
    pace = span / rises
    fade = _fading([*finished, running])
    # The rises of late by their mean, then those to come, each `fade` times the one before it.
    newest = slope * pace * rises * fade ** (rises - 1) / _sum(fade, rises)
    to_come = newest * fade * _sum(fade, left / pace)
    return Forecast(most=running.best + slope * left, likely=running.values[last] + to_come)


def _sum(fade: float, count: float) -> float:
    """Add up 1, fade, fade² and so on."""
    return count if fade == 1 else (1 - fade**count) / (1 - fade)


def _fading(curves: Sequence[Curve]) -> float:
    """Fit by how much each rise of the curves is smaller than the one before it; from 0 to 1."""
    before: list[float] = []
    after: list[float] = []
    for curve in curves:
        rises = [b - a for a, b in zip(curve.values, curve.values[1:], strict=False)]
        before += rises[:-1]
        after += rises[1:]
    square = sum(rise * rise for rise in before)
    if not square:
        return 1.0
    product = sum(a * b for a, b in zip(before, after, strict=True))
    return min(1.0, max(0.0, product / square))


def _features(curve: Curve, now: float) -> _Array:
    places = np.linspace(min(curve.at[0], now), now, _PLACES)
    found: _Array = np.interp(places, curve.at, curve.values)
    return found


def _scaled(inputs: _Array) -> _Array:
    spread = inputs.std(axis=0)
    scaled: _Array = (inputs - inputs.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return scaled / math.sqrt(inputs.shape[1])


def _regression(inputs: _Array, targets: _Array) -> tuple[float, float]:
    """Predict the target of the last input; give its mean and standard deviation."""
    mean = fmean(targets)
    # Curves that all rose alike leave no doubt, and a deviation of zero divides nothing.
    scale = float(np.std(targets)) or 1e-9 * (1 + abs(mean))
    scaled = (targets - mean) / scale
    _, length, noise = max(
        (_evidence(inputs[:-1], scaled, length, noise), length, noise)
        for length in _LENGTHS
        for noise in _NOISES
    )
    covariance = _kernel(inputs[:-1], inputs[:-1], length) + noise * np.eye(len(scaled))
    beside = _kernel(inputs[:-1], inputs[-1:], length)[:, 0]
    solved = np.linalg.solve(covariance, np.stack([scaled, beside], axis=1))
    variance = max(1e-12, 1 + noise - float(beside @ solved[:, 1]))
    return mean + scale * float(beside @ solved[:, 0]), scale * math.sqrt(variance)


def _evidence(inputs: _Array, targets: _Array, length: float, noise: float) -> float:
    """Give the logarithm of the marginal likelihood, up to a constant."""
    covariance = _kernel(inputs, inputs, length) + noise * np.eye(len(targets))
    lower = np.linalg.cholesky(covariance)
    solved = np.linalg.solve(lower, targets)
    return -0.5 * float(solved @ solved) - float(np.log(np.diag(lower)).sum())


def _kernel(left: _Array, right: _Array, length: float) -> _Array:
    squares = ((left[:, None, :] - right[None, :, :]) ** 2).sum(axis=2)
    found: _Array = np.exp(-0.5 * squares / length**2)
    return found
