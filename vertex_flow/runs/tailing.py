"""What the stages of a run print, line by line as it comes: from files, or from Cloud Logging."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import attrs

from vertex_flow.apis import Apis
from vertex_flow.names import Resource
from vertex_flow.report.framing import OwnLines
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.runs.logs import (
    END_BYTES,
    files_by_stage,
    newest_entries,
    oldest_first,
    plain_line,
    query_of,
    text_of,
)

_MAIN = "workerpool0-0"
_LATE = 60  # seconds that a line of Cloud Logging may come after one that is newer


@attrs.frozen
class LogLine:
    """A line that a stage has printed, with control characters as escapes.

    Attributes:
        stage: Name of the stage; empty for what the run itself says.
        part: Which of its processes: `trial-1`, `workerpool1-0`; empty for the only or first one.
        text: The line.
    """

    stage: str
    part: str
    text: str

    def __str__(self) -> str:
        return "  ".join(filter(None, (self.stage, self.part, self.text)))


class Tail(Protocol):
    """Gives the lines of some stages that came since it was asked last.

    Attributes:
        late: How often in a row nothing must come after the end for nothing more to be expected.
    """

    late: int

    def read(
        self, snapshot: Snapshot, stages: Sequence[str], *, final: bool = False
    ) -> Sequence[LogLine]:
        """Give the new lines.

        Args:
            snapshot: The run, with the jobs behind its stages as far as they are known now.
            stages: Names of the stages.
            final: Whether nothing more comes: then the last line needs no end.
        """
        ...

    def close(self) -> None:
        """Let go of what it reads from."""


def open_tail(source: Path | Apis, lines: int, *, own: bool, everything: bool = False) -> Tail:
    """Give what follows the logs of a run.

    Args:
        source: The folder of an engine, or Google's APIs.
        lines: Lines that are given of what is there at first.
        own: Whether what the run itself says is wanted beside what its jobs print.
        everything: Whether what KFP's executor says around each task is wanted too.
    """
    if isinstance(source, Path):
        return FileTail(source, lines, everything=everything)
    return CloudTail(source, lines, own=own, everything=everything)


def told(
    tail: Tail,
    look: Callable[[float], Snapshot],
    stages: Sequence[str],
    pauses: Iterator[float],
    *,
    follow: bool,
) -> Iterator[LogLine]:
    """Give the lines of a run, once or until it has ended and nothing more comes.

    Args:
        tail: Reads them.
        look: Looks at the run, with the seconds between two tries.
        stages: Names of the stages; empty for all of them.
        pauses: Seconds between two looks, and between two tries of one.
        follow: Whether to look again until it has ended.
    """
    quiet, over = 0, not follow
    with contextlib.closing(tail):
        for pause in pauses:
            snapshot = look(pause)
            names = stages or [one.name for one in snapshot.stages]
            found = tail.read(snapshot, names, final=over or snapshot.is_over)
            yield from found
            quiet = quiet + 1 if over and not found else 0
            over = over or snapshot.is_over
            if not follow or (over and quiet >= _late(tail, snapshot)):
                return
            time.sleep(pause)


def _late(tail: Tail, snapshot: Snapshot) -> int:
    """How often nothing must have come: once it is long over, not even once."""
    end = snapshot.end
    is_long_over = end and datetime.now(timezone.utc) - end > timedelta(seconds=_LATE)
    return 0 if is_long_over else tail.late


class FileTail:
    """Follows the logs in the folder of an engine.

    Args:
        home: The engine's folder.
        lines: Lines of each log that are given of what is there at first.
        everything: Whether what KFP's executor says is given too.
    """

    late = 0

    def __init__(self, home: Path, lines: int, *, everything: bool = False) -> None:
        self._home = home
        self._lines = lines
        self._everything = everything
        self._looks: defaultdict[Path, OwnLines] = defaultdict(OwnLines)
        self._offsets: dict[Path, int] = {}
        self._first = True

    def read(
        self, snapshot: Snapshot, stages: Sequence[str], *, final: bool = False
    ) -> Sequence[LogLine]:
        """Give the new lines, file by file, the one that was written to last at the end."""
        logs = files_by_stage(self._home, snapshot, stages)
        stage_of = {file: stage for stage, files in logs.items() for file in files}
        found = [
            LogLine(stage_of[file], self._part(file), plain_line(line))
            for file in oldest_first(stage_of)
            for line in self._new(file, final=final)
        ]
        self._first = False
        return found

    def close(self) -> None:
        """Nothing is open between two reads."""

    def _part(self, file: Path) -> str:
        """Which process of a job prints to a file; empty for a task, and for the first one."""
        collection, _, *parts = file.relative_to(self._home / "logs").with_suffix("").parts
        if collection == "pipelineJobs":
            return ""
        return " ".join(part for part in parts if part != _MAIN)

    def _new(self, file: Path, *, final: bool) -> list[str]:
        try:
            with file.open("rb") as opened:
                size = opened.seek(0, 2)
                start = self._offsets.get(file, max(0, size - END_BYTES) if self._first else 0)
                start = start if start <= size else 0  # it was begun anew
                opened.seek(start)
                data = opened.read()
        except OSError:
            return []
        whole = data if final else data[: data.rfind(b"\n") + 1]
        fresh = file not in self._offsets and self._first
        self._offsets[file] = start + len(whole)
        lines = whole.decode("utf-8", "replace").splitlines()
        if not self._everything:
            lines = list(filter(self._looks[file].takes, lines))
        return lines[-self._lines :] if fresh else lines


class CloudTail:
    """Follows the entries of Cloud Logging.

    Entries come late, and not in order: those of the last minute are asked for again each time, and
    those that were given are left out.

    Args:
        apis: Google's APIs.
        lines: Lines that are given of what is there at first.
        own: Whether what the run itself says is wanted beside what its jobs print.
        everything: Whether what KFP's executor says is given too.
    """

    late = 3

    def __init__(self, apis: Apis, lines: int, *, own: bool, everything: bool = False) -> None:
        self._apis = apis
        self._lines = lines
        self._own = own
        self._everything = everything
        self._looks: defaultdict[tuple[str, str], OwnLines] = defaultdict(OwnLines)
        self._first = True
        self._floor = self._newest = ""
        self._seen: dict[str, str] = {}

    def read(
        self, snapshot: Snapshot, stages: Sequence[str], *, final: bool = False
    ) -> Sequence[LogLine]:
        """Give the new lines, by the time at which they were printed."""
        stage_of = {job: stage for stage in stages for job in snapshot.jobs(stage)}
        query = self._query(snapshot.name, list(stage_of))
        entries = self._begin(query) if self._first else self._go_on(query)
        by_id = {Resource.parse(job).id: stage for job, stage in stage_of.items()}
        found = [line for entry in reversed(entries) for line in _lines_of(entry, by_id)]
        if not self._everything:
            found = [one for one in found if self._looks[one.stage, one.part].takes(one.text)]
        found = found[-self._lines :] if self._first else found
        self._first = False
        return found

    def close(self) -> None:
        """Close the connections."""
        self._apis.close()

    def _query(self, run: str, jobs: Sequence[str]) -> str:
        if not self._own or not jobs:
            return query_of(run, jobs)
        return f"(({query_of(run, ())}) OR ({query_of(run, jobs)}))"

    def _begin(self, query: str) -> list[Mapping[str, Any]]:
        """The newest entries, the newest first."""
        entries = list(islice(newest_entries(self._apis, query, self._lines), self._lines))
        if len(entries) == self._lines:
            self._floor = _time(entries[-1])
        return [one for one in entries if self._is_new(one)]

    def _go_on(self, query: str) -> list[Mapping[str, Any]]:
        """The entries that were not given yet, the newest first."""
        since = _earlier(self._newest)
        query = f'{query} timestamp>="{since}"' if since else query
        every = list(newest_entries(self._apis, query))  # all of them, before any counts as given
        entries = [one for one in every if self._is_new(one)]
        self._seen = {key: time for key, time in self._seen.items() if time >= since}
        return entries

    def _is_new(self, entry: Mapping[str, Any]) -> bool:
        """Tell whether an entry was not given yet, and is not from before the first ones."""
        time = _time(entry)
        key = str(entry.get("insertId") or f"{time} {text_of(entry)}")
        if key in self._seen or (not self._first and time <= self._floor):
            return False
        self._seen[key] = time
        self._newest = max(self._newest, time)
        return True


def _lines_of(entry: Mapping[str, Any], stages: Mapping[str, str]) -> Iterator[LogLine]:
    resource = entry.get("resource") or {}
    labels = resource.get("labels") or {}
    stage = stages.get(str(labels.get("job_id", "")), "")
    trial = str((entry.get("labels") or {}).get("ml.googleapis.com/trial_id", ""))
    task = str(labels.get("task_name", ""))
    parts = [f"trial-{trial}" if trial else "", task if task != _MAIN else ""]
    part = plain_line(" ".join(filter(None, parts)))
    for line in text_of(entry).rstrip("\n").split("\n"):
        yield LogLine(stage, part, plain_line(line))


def _time(entry: Mapping[str, Any]) -> str:
    """When an entry was made, as RFC 3339 has it; texts whose order is that of time."""
    seconds, _, fraction = str(entry.get("timestamp", "")).removesuffix("Z").partition(".")
    return f"{seconds}.{fraction:0<9}Z"


def _earlier(time: str) -> str:
    """From when on entries may still come late, as `_time` has it; empty where none has come."""
    try:
        moment = datetime.fromisoformat(time.partition(".")[0])
    except ValueError:
        return ""
    return f"{moment - timedelta(seconds=_LATE):%Y-%m-%dT%H:%M:%S}.000000000Z"
