"""What the stages of runs in the cloud have printed: asked for seldom, however often pages look."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING

import attrs

from vertex_flow.runs import following

if TYPE_CHECKING:
    from vertex_flow.runs.run import Run

Logs = Mapping[str, tuple[str, ...]]
"""Lines that each stage has printed, by its name; those of the run itself by the empty text."""

_KEPT = 64  # answers
_LINES = 1000  # of all stages together: what Cloud Logging gives at once


@attrs.frozen
class _Asked:
    """An answer that is there, or on its way, and until when it is given again."""

    until: float
    answer: Future[Logs] = attrs.field(factory=Future)


class CloudLogs:
    """Asks for all stages of a run at once, and gives what it was told for a while: refusals, too.

    Args:
        clock: Gives the time, in seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str | None, bool], _Asked] = OrderedDict()

    def read(self, run: Run, stage: str | None, *, over: bool) -> Logs:
        """Read the newest lines of a run.

        Args:
            run: The run.
            stage: Name of the only stage that is wanted; None for all of them.
            over: Whether the run is known to have ended: then what was read before is old.

        Raises:
            ApiError: The caller may not read the logs, for example.
        """
        asked, is_new = self._asked((run.job_id, stage, over))
        if is_new:
            try:
                asked.answer.set_result(_lines(run, stage))
            except BaseException as error:  # others may wait for it
                asked.answer.set_exception(error)
        return asked.answer.result()

    def _asked(self, key: tuple[str, str | None, bool]) -> tuple[_Asked, bool]:
        """Give what was asked, and whether it is yet to be answered by this caller."""
        now = self._clock()
        with self._lock:
            known = self._kept.get(key)
            if known is not None and now < known.until:
                return known, False
            asked = self._kept[key] = _Asked(now + following.LOGS)
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return asked, True


def _lines(run: Run, stage: str | None) -> Logs:
    found: dict[str, list[str]] = {}
    for line in run.log_lines(stage, lines=_LINES):
        found.setdefault(line.stage, []).append(str(attrs.evolve(line, stage="")))
    return {name: tuple(lines) for name, lines in found.items()}
