"""When a study has had enough: its trials, its time, and how long nothing got better."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import attrs

from vertex_flow.engine.tuning.measurements import Goal


@attrs.frozen
class Scored:
    """A trial that has succeeded.

    Attributes:
        value: What counts of the study's first metric.
        ended: When.
    """

    value: float
    ended: datetime


@attrs.frozen(kw_only=True)
class Progress:
    """How far a study has come.

    Attributes:
        created: When it was created.
        trials: How many trials there are, in whatever state.
        scored: Those that have succeeded, in the order of their ends.
    """

    created: datetime
    trials: int
    scored: Sequence[Scored]


def exhausted(config: Any, progress: Progress, goal: Goal) -> bool:
    """Tell whether a study stops, by the first of its conditions that applies.

    Args:
        config: A `StudyStoppingConfig`.
        progress: How far the study has come.
        goal: Its metric.
    """
    now = datetime.now(timezone.utc)
    if "minimum_runtime_constraint" in config and not _passed(
        config.minimum_runtime_constraint, progress.created, now
    ):
        return False
    if len(progress.scored) < (config.min_num_trials or 0):
        return False
    if "maximum_runtime_constraint" in config and _passed(
        config.maximum_runtime_constraint, progress.created, now
    ):
        return True
    if config.max_num_trials is not None and progress.trials >= config.max_num_trials:
        return True
    return _stuck(config, progress, goal, now)


def _stuck(config: Any, progress: Progress, goal: Goal, now: datetime) -> bool:
    """Tell whether nothing has got better for as long as the study allows."""
    scored = progress.scored
    if not scored:
        return False
    best = 0
    for place, one in enumerate(scored):
        if goal.better(one.value, scored[best].value):
            best = place
    most = config.max_num_trials_no_progress
    if most is not None and len(scored) - 1 - best >= most:
        return True
    duration: timedelta | None = config.max_duration_no_progress
    return bool(duration) and duration is not None and now - scored[best].ended >= duration


def _passed(constraint: Any, created: datetime, now: datetime) -> bool:
    if "end_time" in constraint:
        return bool(now >= constraint.end_time)
    return bool(now - created >= constraint.max_duration)
