"""What a trial measured: read from the file that cloudml-hypertune writes, and judged."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any, Protocol

import attrs

from vertex_flow.engine.state.plain import read_plain
from vertex_flow.errors import nearest

# Keys of a line that are not the metric's name.
_KEYS = frozenset({"timestamp", "trial", "global_step", "checkpoint_path"})


@attrs.frozen
class Goal:
    """A metric to optimise.

    Attributes:
        metric: Its id.
        maximise: Whether more is better.
    """

    metric: str
    maximise: bool

    def better(self, value: float, other: float) -> bool:
        """Whether one value is better than another."""
        return value > other if self.maximise else value < other


@attrs.frozen
class Measured:
    """The metrics at one step.

    Attributes:
        step: Global step, from 0.
        seconds: Time since the trial's start.
        values: Value by metric id; only metrics of the study.
    """

    step: int
    seconds: float
    values: dict[str, float]


class Report(Protocol):
    """What a trial has reported."""

    @property
    def measured(self) -> Sequence[Measured]:
        """What was measured, in the order of the reports."""
        ...

    @property
    def reported(self) -> Set[str]:
        """The ids of all metrics that were reported, those of the study or not."""
        ...


@attrs.frozen
class PastReport:
    """What a trial has reported to an engine that is gone, of the study's metrics.

    Attributes:
        measured: What was measured.
    """

    measured: Sequence[Measured]

    @property
    def reported(self) -> Set[str]:
        """The ids of the metrics that were reported."""
        return {name for item in self.measured for name in item.values}


class MetricFile:
    """Follows the file that a trial's process writes its metrics to.

    cloudml-hypertune writes the whole file anew at each report, with the last hundred reports, one
    JSON object a line. A reader may meet it half written.

    Attributes:
        path: The file; it need not be there.
        measured: What was measured so far, in the order of the reports.
        reported: The ids of all metrics that were reported, those of the study or not.
    """

    def __init__(self, path: Path, *, metrics: Sequence[str], start: float) -> None:
        self.path = path
        self.measured: list[Measured] = []
        self.reported: set[str] = set()
        self._metrics = frozenset(metrics)
        self._start = start
        self._seen: set[str] = set()

    def read(self) -> bool:
        """Read what is new; True when there is something of the study's."""
        try:
            text = read_plain(self.path).decode(errors="replace")
        except (OSError, ValueError):
            return False
        before = len(self.measured), sum(len(item.values) for item in self.measured)
        for line in text.splitlines(keepends=True):
            if line.endswith("\n") and line not in self._seen:
                self._seen.add(line)
                self._take(line)
        return before != (len(self.measured), sum(len(item.values) for item in self.measured))

    def _take(self, line: str) -> None:
        try:
            entry = json.loads(line)
            step = int(float(entry.get("global_step") or 0))
            seconds = max(0.0, float(entry["timestamp"]) - self._start)
            values = {name: float(text) for name, text in entry.items() if name not in _KEYS}
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return  # not a report; the missing metric is told when the trial ends
        self.reported |= values.keys()
        wanted = {name: value for name, value in values.items() if name in self._metrics}
        if not wanted:
            return
        last = self.measured[-1] if self.measured else None
        if last is not None and last.step == step and not last.values.keys() & wanted.keys():
            last.values.update(wanted)  # several metrics of one step come one by one
            return
        self.measured.append(Measured(step, seconds, wanted))


@attrs.frozen(kw_only=True)
class Verdict:
    """What a trial's measurements come to.

    Attributes:
        final: The measurement that counts, or None when the trial is infeasible.
        reason: Why it is infeasible, or the empty text.
        failed: Whether that is a fault of the program, and not of the parameters.
    """

    final: Measured | None = None
    reason: str = ""
    failed: bool = False


def judge(trial: str, report: Report, goals: Sequence[Goal], *, best: bool) -> Verdict:
    """Choose the measurement that counts.

    Args:
        trial: The trial's id.
        report: What it measured.
        goals: The study's metrics.
        best: Take the best measurement of the first metric, not the last one.
    """
    missing = [goal.metric for goal in goals if goal.metric not in report.reported]
    if missing:
        return Verdict(reason=_unreported(trial, missing[0], report.reported), failed=True)
    final = _best(report.measured, goals[0]) if best else None
    values = {goal.metric: _last(report.measured, goal.metric) for goal in goals}
    if final is not None:
        values |= final.values
    broken = [name for name, value in values.items() if not math.isfinite(value)]
    chosen = final or report.measured[-1]
    if broken:
        return Verdict(
            reason=f"Trial {trial} reported {values[broken[0]]} for {broken[0]!r} at step "
            f"{chosen.step}."
        )
    return Verdict(final=Measured(chosen.step, chosen.seconds, values))


def _best(measured: Sequence[Measured], goal: Goal) -> Measured | None:
    found = None
    for item in measured:
        value = item.values.get(goal.metric, math.nan)
        if not math.isfinite(value):
            continue
        if found is None or goal.better(value, found.values[goal.metric]):
            found = item
    return found


def _last(measured: Sequence[Measured], metric: str) -> float:
    return [item.values[metric] for item in measured if metric in item.values][-1]


def _unreported(trial: str, metric: str, reported: Set[str]) -> str:
    if not reported:
        return (
            f"Trial {trial} reported no metric; {metric!r} was expected. Report it with "
            "hypertune.HyperTune().report_hyperparameter_tuning_metric("
            f"hyperparameter_metric_tag={metric!r}, metric_value=..., global_step=...)."
        )
    names = ", ".join(repr(name) for name in sorted(reported))
    return f"Trial {trial} reported {names}, not {metric!r}.{nearest(metric, sorted(reported))}"


def from_message(item: Any) -> Measured:
    """Read a `Measurement` back.

    Args:
        item: What `as_message` gave the fields of.
    """
    values = {metric.metric_id: float(metric.value) for metric in item.metrics}
    return Measured(int(item.step_count), item.elapsed_duration.total_seconds(), values)


def as_message(item: Measured) -> dict[str, Any]:
    """Give a measurement as the fields of a `Measurement`."""
    from datetime import timedelta

    return {
        "elapsed_duration": timedelta(seconds=item.seconds),
        "step_count": item.step,
        "metrics": [{"metric_id": name, "value": value} for name, value in item.values.items()],
    }
