"""Progress of a run as lines of text: what changed since the last look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from vertex_flow.report.activity import Activity, StageActivity
from vertex_flow.report.view import View, now
from vertex_flow.texts import counted, describe_seconds, plain

_WORDS = {
    "RUNNING": "running",
    "SUCCEEDED": "done",
    "REUSED": "reused: nothing it depends on has changed",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "NOT_TRIGGERED": "left out: its condition does not hold",
    "NOT_REACHED": "not reached",
}
_TOOK = {"SUCCEEDED": "in", "FAILED": "after", "CANCELLED": "after"}

_LONGEST = 200  # characters of the reason of a failure, and of what a stage is doing
_DOING = timedelta(minutes=1)  # a stage of hours fills no screens, and a short one says its end
_SILENCE = timedelta(minutes=5)  # CI systems end a job that has printed nothing for ten


class Progress(View):
    """Says what changed since the last look at a run.

    A line begins with the minutes and seconds since the start; the first line says when that was.
    What a running stage is doing is said at most once a minute, and after some minutes in which
    nothing changed, that it still runs.

    Args:
        say: Called with each line.
        clock: Gives the time.
    """

    def __init__(self, say: Callable[[str], None], *, clock: Callable[[], datetime] = now) -> None:
        self._say = say
        self._clock = clock
        self._waits = False
        self._is_dated = False
        self._states: dict[str, str] = {}
        self._said: set[tuple[str, str]] = set()
        self._doing: dict[str, str] = {}
        self._news: dict[str, datetime] = {}  # when a stage started, or said what it does
        self._last = clock()

    def say(self, line: str) -> None:
        """Say a line besides."""
        self._last = self._clock()
        self._say(line)

    def show(self, activity: Activity) -> None:
        """Say what changed."""
        if activity.is_waiting and not self._waits:
            self._waits = True
            self._line(activity, counted(len(activity.stages), "stage"), 0, "pending")
        self._say_start(activity)
        width = max((len(stage.name) for stage in activity.stages), default=0)
        for stage in activity.stages:
            changed = stage.state not in ("PENDING", self._states.get(stage.name))
            if changed and stage.state == "RUNNING":
                self._line(activity, stage.name, width, _describe(stage))
            self._say_notes(activity, stage, width)
            if changed and stage.state != "RUNNING":
                self._line(activity, stage.name, width, _describe(stage))
            self._states[stage.name] = stage.state
            if stage.state == "RUNNING":
                self._say_doing(activity, stage, width)
        if not activity.is_over and self._clock() - self._last >= _SILENCE:
            self._say_it_goes_on(activity, width)

    def _say_start(self, activity: Activity) -> None:
        """Say when the run started, once it has: the other lines count from then."""
        has_started = any(stage.state != "PENDING" for stage in activity.stages)
        if activity.start and has_started and not self._is_dated:
            self._is_dated = True
            start = activity.start.astimezone(timezone.utc)
            self.say(f"  0:00  started {start:%Y-%m-%dT%H:%M:%SZ}")

    def _say_notes(self, activity: Activity, stage: StageActivity, width: int) -> None:
        for note in stage.notes:
            if (stage.name, note) not in self._said:
                self._said.add((stage.name, note))
                self._line(activity, stage.name, width, note)

    def _say_doing(self, activity: Activity, stage: StageActivity, width: int) -> None:
        """Say what a running stage is doing, when it is time for that."""
        at = self._clock()
        is_due = at - self._news.setdefault(stage.name, stage.start or at) >= _DOING
        if is_due and stage.doing and stage.doing != self._doing.get(stage.name):
            self._doing[stage.name] = stage.doing
            self._news[stage.name] = at
            self._line(activity, stage.name, width, _cut(stage.doing))

    def _say_it_goes_on(self, activity: Activity, width: int) -> None:
        """Say so of each stage that runs; between two of them and in a queue, of the run."""
        running = [stage for stage in activity.stages if stage.state == "RUNNING"]
        for stage in running:
            self._line(activity, stage.name, width, "still running")
        if not running:
            stages, state = counted(len(activity.stages), "stage"), activity.state.lower()
            self._line(activity, stages, 0, f"still {state}")

    def _line(self, activity: Activity, stage: str, width: int, text: str) -> None:
        elapsed = (self._clock() - activity.start).total_seconds() if activity.start else 0.0
        minutes, seconds = divmod(max(int(elapsed), 0), 60)
        self.say(plain(f"{minutes:3d}:{seconds:02d}  {stage:<{width}}  {text}"))


def _describe(stage: StageActivity) -> str:
    text = _WORDS.get(stage.state, stage.state.lower())
    if stage.state in _TOOK and stage.start and stage.end:
        text += (
            f" {_TOOK[stage.state]} {describe_seconds((stage.end - stage.start).total_seconds())}"
        )
    if stage.state == "FAILED" and stage.doing:
        text += f": {_cut(stage.doing)}"
    return text


def _cut(text: str) -> str:
    """Cut what may be the whole of a log line: all of it is in the error at the end."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
