"""The last lines of what a running stage has printed, for a look at it every moment."""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from vertex_flow.apis import Apis
from vertex_flow.calls import ONCE
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.runs import following, logs

_log = logging.getLogger(__name__)

ReadLog = Callable[[Snapshot, str], str]
"""Reads the end of the log of a stage of a run."""

_BYTES = 16_000  # what is read of the end of a file
_LINES = 40  # what is asked of Cloud Logging, lines
_TOGETHER = 10.0  # files that were written to within so many seconds go on side by side
_REFUSED = 300.0  # Cloud Logging is asked so rarely when it does not answer, in seconds


def reader(source: Path | Apis) -> ReadLog:
    """Give what reads the end of logs.

    Args:
        source: The folder of an engine, or Google's APIs.
    """
    return of_home(source) if isinstance(source, Path) else CloudLines(source)


def of_home(home: Path) -> ReadLog:
    """Read from the files of an engine.

    Args:
        home: The engine's folder.
    """

    def read(snapshot: Snapshot, stage: str) -> str:
        with contextlib.suppress(OSError):  # what is being cleaned up is not shown
            return _end(logs.files_by_stage(home, snapshot, [stage])[stage])
        return ""

    return read


class CloudLines:
    """Reads from Cloud Logging, seldom; what cannot be read is not shown.

    Args:
        apis: Google's APIs, as one asks them.
        clock: Gives the time, in seconds.
    """

    def __init__(self, apis: Apis, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._apis = attrs.evolve(apis, patience=ONCE)
        self._clock = clock
        self._next = 0.0
        self._texts: dict[str, str] = {}

    def __call__(self, snapshot: Snapshot, stage: str) -> str:
        """Give what was read last; read again when it is time, a stage at a time."""
        now = self._clock()
        jobs = snapshot.jobs(stage)
        if jobs and now >= self._next and self._is_due(snapshot, stage):
            self._next = now + following.LOGS
            try:
                self._texts[stage] = self._read(snapshot, jobs)
            except Exception:  # whatever it is: the run goes on, and is followed all the same
                _log.debug("the log of %s could not be read", stage, exc_info=True)
                self._next = now + _REFUSED
        return self._texts.get(stage, "")

    def _is_due(self, snapshot: Snapshot, stage: str) -> bool:
        """Whether it is this stage's turn: the one that started last is looked at."""
        running = [one for one in snapshot.stages if one.state == "RUNNING" and one.start]
        last = max(running, key=lambda one: (one.start, one.name), default=None)
        return last is None or last.name == stage

    def _read(self, snapshot: Snapshot, jobs: Sequence[str]) -> str:
        query = logs.query_of(snapshot.name, jobs)
        with self._apis as apis, _quietly():
            return "\n".join(logs.newest(apis, query, lines=_LINES))


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep Google's client from logging a refusal, which would be printed above the table."""
    log = logging.getLogger("googleapiclient.http")
    log.addFilter(_nothing)
    try:
        yield
    finally:
        log.removeFilter(_nothing)


def _nothing(_: logging.LogRecord) -> bool:
    return False


def _end(files: Sequence[Path]) -> str:
    """The end of the file that is being written; of several, of the chief of the last trial."""
    written = {file: file.stat() for file in files}
    times = {file: found.st_mtime for file, found in written.items() if found.st_size}
    if not times:
        return ""
    since = max(times.values()) - _TOGETHER
    file = max((one for one, at in times.items() if at >= since), key=_order)
    return logs.end_of(file, _BYTES)


def _order(file: Path) -> tuple[bool, list[int], str]:
    """Chiefs last, the last trial last."""
    trial = [int(number) for number in re.findall(r"(?<=trial-)\d+", file.parent.name)]
    return file.stem == "workerpool0-0", trial, file.name
