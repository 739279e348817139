"""Where the time of a run went: a bar for each stage, and for its tasks and trials below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from vertex_flow.report.charts.base import GREY, INK, WIDTH, Spec, chart, rows_axis, values
from vertex_flow.report.facts import RunFacts, TaskFacts, TrialFacts
from vertex_flow.report.states import look, say
from vertex_flow.texts import describe_seconds

_ROWS = 60  # beyond, stages have no rows of tasks
_LANES = 12  # rows of tasks or trials of a stage
_STEP, _TALL, _LOW = 20, 14, 7  # pixels of a row, of the bar of a stage, of the others
_SEEN = 0.02  # share of the run that a task takes to be shown
_TASKS = {"SKIPPED": "REUSED", "ACTIVE": "RUNNING", "INFEASIBLE": "FAILED"}
_UNITS = ((180, 1.0, "seconds"), (3 * 3600, 60.0, "minutes"), (float("inf"), 3600.0, "hours"))

Part = TaskFacts | TrialFacts
Lane = list[Part]


def timeline(facts: RunFacts) -> Spec | None:
    """Draw when each stage, task and trial ran.

    Args:
        facts: The run.

    Returns:
        The chart; None where nothing has started yet.
    """
    started = [one.start for one in facts.stages if one.start]
    if not started:
        return None
    zero, now = min(started), facts.end or facts.seen
    lines = list(_lines(facts))
    longest = max((now - zero).total_seconds(), 0.001)
    _, unit, name = next(one for one in _UNITS if longest <= one[0])
    rows = [
        {**_bar(part, zero, now, unit), "row": at, "height": height}
        for at, (_, line) in enumerate(lines)
        for part, height in line
    ]
    body = {
        "width": WIDTH,
        "height": {"step": _STEP},
        "data": values(rows),
        "layer": _marks(rows, name, len(lines)),
    }
    return chart(body, labels={"rows": [label for label, _ in lines]})


def _marks(rows: Sequence[dict[str, Any]], unit: str, count: int) -> list[Spec]:
    """Bars of both heights in the colours of their states, and how long stages took."""
    colours = {row["state"]: row["colour"] for row in rows}
    x: Spec = {
        "field": "from",
        "type": "quantitative",
        "scale": {"domainMin": 0},
        "axis": {"title": f"{unit} since the start", "tickCount": 6},
    }
    y = rows_axis(domain=list(range(count)))
    colour: Spec = {
        "field": "state",
        "type": "nominal",
        "scale": {"domain": list(colours), "range": list(colours.values())},
        "legend": {"title": None},
    }
    words: Spec = {
        "transform": [{"filter": f"datum.height == {_TALL}"}],
        "mark": {"type": "text", "align": "left", "dx": 5, "fontSize": 11, "color": INK},
        "encoding": {"x": {**x, "field": "to"}, "y": y, "text": {"field": "took"}},
    }
    return [*[_bars(height, x, y, colour) for height in (_TALL, _LOW)], words]


def _bars(height: int, x: Spec, y: Spec, colour: Spec) -> Spec:
    return {
        "transform": [{"filter": f"datum.height == {height}"}],
        "mark": {"type": "bar", "height": height, "cornerRadius": 2, "minBandSize": 2},
        "encoding": {
            "x": x,
            "x2": {"field": "to"},
            "y": y,
            "color": colour,
            "description": {"field": "says"},
        },
    }


def _lines(facts: RunFacts) -> Iterator[tuple[str, list[tuple[Any, int]]]]:
    """The rows: a label, and what is drawn in them with its height."""
    trials = {one.stage: one.trials for one in facts.searches}
    tasks = {one.name: _lanes(_long(one.tasks, facts)) for one in facts.stages}
    many = len(facts.stages) + sum(map(len, tasks.values())) > _ROWS
    for stage in facts.stages:
        yield stage.name, [(stage, _TALL)] if stage.start else []
        if sum(map(len, tasks[stage.name])) > 1 and not many:
            yield from _parts("· tasks", tasks[stage.name])
        yield from _parts("· trials", _lanes(trials.get(stage.name, ())))


def _long(tasks: Sequence[TaskFacts], facts: RunFacts) -> list[TaskFacts]:
    """The tasks that took so long that they are to be seen."""
    least = (facts.seconds or 0.0) * _SEEN
    until = facts.end or facts.seen
    return [one for one in tasks if one.start and _seconds(one, until) >= least]


def _seconds(part: Part, until: datetime) -> float:
    return ((part.end or until) - _start(part)).total_seconds()


def _parts(label: str, lanes: Sequence[Lane]) -> Iterator[tuple[str, list[tuple[Any, int]]]]:
    for at, lane in enumerate(lanes[:_LANES]):
        yield ("" if at else label), [(part, _LOW) for part in lane]


def _lanes(parts: Sequence[Part]) -> list[Lane]:
    """Put what ran at the same time below each other, and what ran later beside it."""
    lanes: list[Lane] = []
    for part in sorted((one for one in parts if one.start), key=_start):
        for lane in lanes:
            end = lane[-1].end
            if end is not None and end <= _start(part):
                lane.append(part)
                break
        else:
            lanes.append([part])
    return lanes


def _start(part: Part) -> datetime:
    assert part.start is not None  # noqa: S101 - only such are in lanes
    return part.start


def _bar(part: Any, zero: datetime, now: datetime, unit: float) -> dict[str, Any]:
    start = part.start
    end = max(part.end or now, start)
    state = _TASKS.get(str(part.state), str(part.state))
    word = say(state)
    took = describe_seconds((end - start).total_seconds())
    name = f"trial {part.id}" if isinstance(part, TrialFacts) else part.name
    return {
        "from": (start - zero).total_seconds() / unit,
        "to": (end - zero).total_seconds() / unit,
        "state": word,
        "colour": look(state).colour or GREY,
        "took": took,
        "says": f"{name}: {word}, {took}",
    }
