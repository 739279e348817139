"""Progress of a run as lines of text: what changed since the last look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

from vertex_flow.report.activity import Activity, StageActivity
from vertex_flow.report.view import View
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

_LONGEST = 200  # characters of the reason of a failure


class Progress(View):
    """Says what changed since the last look at a run.

    Args:
        say: Called with each line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._waits = False
        self._states: dict[str, str] = {}
        self._said: set[tuple[str, str]] = set()

    def say(self, line: str) -> None:
        """Say a line besides."""
        self._say(line)

    def show(self, activity: Activity) -> None:
        """Say what changed."""
        if activity.is_waiting and not self._waits:
            self._waits = True
            self._line(activity, counted(len(activity.stages), "stage"), 0, "pending")
        width = max((len(stage.name) for stage in activity.stages), default=0)
        for stage in activity.stages:
            changed = stage.state not in ("PENDING", self._states.get(stage.name))
            if changed and stage.state == "RUNNING":
                self._line(activity, stage.name, width, _describe(stage))
            self._say_notes(activity, stage, width)
            if changed and stage.state != "RUNNING":
                self._line(activity, stage.name, width, _describe(stage))
            self._states[stage.name] = stage.state

    def _say_notes(self, activity: Activity, stage: StageActivity, width: int) -> None:
        for note in stage.notes:
            if (stage.name, note) not in self._said:
                self._said.add((stage.name, note))
                self._line(activity, stage.name, width, note)

    def _line(self, activity: Activity, stage: str, width: int, text: str) -> None:
        start = activity.start
        elapsed = (datetime.now(timezone.utc) - start).total_seconds() if start else 0.0
        minutes, seconds = divmod(max(int(elapsed), 0), 60)
        self._say(plain(f"{minutes:3d}:{seconds:02d}  {stage:<{width}}  {text}"))


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
