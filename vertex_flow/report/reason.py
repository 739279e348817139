"""Why a stage was, or was not, served from the cache: plain values, and their words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import attrs

from vertex_flow.report.columns import shortened, word
from vertex_flow.texts import describe_minute, iso

_MOST_SHOWN = 5  # changes that a sentence lists
_VALUE = 40  # characters of a value


@attrs.frozen(kw_only=True)
class Change:
    """One thing that is not as it was when the earlier result was made.

    Attributes:
        kind: `code`, `image`, `setting` (of the container or its component), `parameter` (of the
            pipeline), `constant` (a parameter whose value is in the spec), `input` (what another
            task gives) or `data` (a file outside the run).
        name: What it is: the name of the input or parameter, the path of the setting, a URI.
        before: What it was, or None.
        after: What it is, or None.
        task: Name of the task.
        stage: Name of its stage.
        origin: Name of the stage that an input comes from, or the empty text.
        because: Why that stage gave something else, or None.
        lines: For source code, the lines of a unified diff.
    """

    kind: str
    name: str
    before: Any = None
    after: Any = None
    task: str = ""
    stage: str = ""
    origin: str = ""
    because: TaskReason | None = None
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = _told(self)
        if self.because is None:
            return f"{told}, which {word(self.origin)} gives" if self.origin else told
        who = self.because.task if self.origin == self.stage else self.origin
        return f"{told}, because {word(who)} {self.because.words()}"

    def as_json(self) -> dict[str, Any]:
        """It as plain data."""
        because = self.because.as_json() if self.because else None
        own = attrs.asdict(self, recurse=False)
        return {**own, "because": because, "lines": list(self.lines)}


@attrs.frozen(kw_only=True)
class TaskReason:
    """Why a task was, or was not, served from the cache.

    Attributes:
        stage: Name of its stage.
        task: Name of the task.
        state: `reused`, `ran`, `failed`, `running`, `cancelled` or `waiting`.
        cause: `reused`, `changed`, `caching off`, `importer`, `first` (it has succeeded in no
            earlier run), `not kept` (caching was off when it did), `failed before`, `removed`
            (what it put out is gone), `waiting` (it has not started) or `unknown`.
        run: Job id of the run whose result was used, or that it is compared with; may be empty.
        made: When the result that was used was made, or None.
        changes: What is not as it was in that run.
        note: What there is to say besides, or the empty text.
    """

    stage: str
    task: str
    state: str
    cause: str
    run: str = ""
    made: datetime | None = None
    changes: tuple[Change, ...] = ()
    note: str = ""

    def words(self) -> str:
        """It as a part of a sentence, whose subject is the task or its stage."""
        if self.cause == "reused":
            return f"was reused{_from(self)}"
        did = _DID.get(self.state, self.state)
        if self.cause in ("first", "importer", "caching off"):
            did = did.replace(" again", "")
        if self.cause == "changed":
            did = "gave an older result" if self.state == "reused" else did
            return f"{did}: {listing(self.changes)}"
        return f"{did}: {self.note}" if self.note else did

    def as_json(self) -> dict[str, Any]:
        """It as plain data."""
        own = attrs.asdict(self, recurse=False)
        return {**own, "made": iso(self.made), "changes": [one.as_json() for one in self.changes]}


_DID = {
    "reused": "was reused",
    "ran": "ran again",
    "failed": "ran again, and failed",
    "running": "runs again",
    "cancelled": "ran again, and was cancelled",
}


@attrs.frozen(kw_only=True)
class Reason:
    """Why a stage was, or was not, served from the cache.

    Attributes:
        stage: Name of the stage.
        run: Job id of the run.
        state: State of the stage, one of those of `StageRun`.
        summary: The answer, in a sentence or a few.
        tasks: The same for each task in the stage.
        changes: The changes that all comes from, each once.
    """

    stage: str
    run: str
    state: str
    summary: str
    tasks: tuple[TaskReason, ...] = ()
    changes: tuple[Change, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """It as plain data, which `json.dumps` writes."""
        own = attrs.asdict(self, recurse=False)
        return {
            **own,
            "tasks": [one.as_json() for one in self.tasks],
            "changes": [one.as_json() for one in self.changes],
        }

    def text(self, *, width: int = 80) -> str:
        """It as text that fits a terminal.

        Args:
            width: Columns of the terminal.
        """
        from vertex_flow.report.telling import tell

        return tell(self, width=width)

    def __str__(self) -> str:
        return self.text()


def listing(changes: Sequence[Change]) -> str:
    """Word changes, one after the other; only the first ones of many."""
    shown = [str(one) for one in changes[:_MOST_SHOWN]]
    more = len(changes) - len(shown)
    return "; ".join([*shown, f"and {more} more"] if more else shown)


def _from(reason: TaskReason) -> str:
    if not reason.run:
        return ""
    made = f", made {describe_minute(reason.made)}" if reason.made else ""
    return f" from run {word(reason.run)}{made}"


def _told(change: Change) -> str:
    name = word(change.name)
    if change.kind == "data":
        return f"the data at {name} was changed"
    if change.kind == "code" and change.before is None:
        return "its code changed"
    if change.kind == "input" and change.before is None:
        return f"its input {name} changed"
    what = {
        "code": f"the training code changed: {name}",
        "image": f"its image {name}" if change.name != "image" else "its image",
        "setting": f"its {name}",
        "parameter": f"the pipeline parameter {name}",
        "constant": f"its parameter {name}",
        "input": f"its input {name}",
    }[change.kind]
    if change.before is None:
        return f"{what} was set to {shortened([word(change.after)], _VALUE)[0]}"
    if change.after is None:
        return f"{what} is not set any more; it was {shortened([word(change.before)], _VALUE)[0]}"
    before, after = shortened([word(change.before), word(change.after)], _VALUE)
    return f"{what} went from {before} to {after}"
