"""Early stopping of trials that are worse than most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import mean, median

from vertex_flow.engine.tuning.measurements import Goal, Measured

# With fewer, a median says little.
_FEWEST = 3


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
