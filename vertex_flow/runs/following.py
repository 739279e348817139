"""How a run is looked at again and again: how often, and what a short outage does not end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import attrs

from vertex_flow.calls import TRANSIENT
from vertex_flow.errors import ApiError, EngineError, SettingError

T = TypeVar("T")

LOCAL_OUTAGE = 20.0
"""How long a standing engine may be away while a run is followed, in seconds."""
CLOUD_OUTAGE = 600.0
"""How long Vertex AI may be away while a run is followed, in seconds."""


@attrs.frozen(kw_only=True)
class Pace:
    """How long to wait between two looks at a run, in seconds.

    Attributes:
        first: The first pause.
        longest: The longest one.
        growth: What each pause is longer than the one before by, as a factor.
    """

    first: float
    longest: float
    growth: float = 1.2

    def pauses(self) -> Iterator[float]:
        """Every pause, without end."""
        pause = self.first
        while True:
            yield pause
            pause = min(pause * self.growth, self.longest)


NEARBY = Pace(first=0.25, longest=0.25)
"""An endpoint on this machine."""
FAR = Pace(first=2.0, longest=15.0)
"""Google Cloud: a mistake at the start shows soon, and hours of training cost few requests."""
LOGS = 30.0
"""Seconds between two looks at a log of the cloud: a project has 60 reads of them a minute."""


@attrs.frozen(kw_only=True)
class Outage:
    """How long the other side may be away, and what is said of it.

    Attributes:
        longest: Seconds after which it is given up.
        notice: Said when it begins.
        codes: HTTP status codes of refusals that count as one.
        gone: The error when it lasts too long.
    """

    longest: float
    notice: str
    codes: frozenset[int] = TRANSIENT
    gone: Callable[[ApiError], Exception]

    def bridge(
        self,
        ask: Callable[[], T],
        say: Callable[[str], None] | None,
        *,
        pause: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> T:
        """Ask, and ask again while the other side is away.

        Args:
            ask: Asks it.
            say: Called with the notice; None for silence.
            pause: Seconds between two tries.
            sleep: Waits for some seconds.
        """
        deadline = None
        while True:
            try:
                return ask()
            except ApiError as error:
                if error.code not in self.codes:
                    raise
                if deadline is None:
                    deadline = time.monotonic() + self.longest
                    _tell(say, self.notice)
                if time.monotonic() >= deadline:
                    raise self.gone(error) from error
            sleep(pause)


def engine_outage(home: Path, job_id: str) -> Outage:
    """The standing engine of a folder is away: it may be on its way back.

    Args:
        home: The folder.
        job_id: Id of the run that is followed.
    """
    gone = EngineError(
        f"the standing engine of {home} has stopped, and did not come back in "
        f"{LOCAL_OUTAGE:g} s. Start it again: vertex-flow up --home {home}. The run goes on "
        f"there from where it was: Run.attach(GcpContext.local({str(home)!r}), "
        f"{job_id!r}).wait()."
    )
    return Outage(
        longest=LOCAL_OUTAGE,
        notice=f"the standing engine of {home} does not answer; waiting {LOCAL_OUTAGE:g} s for it",
        codes=frozenset({503}),
        gone=lambda _: gone,
    )


def cloud_outage(attaching: str) -> Outage:
    """Vertex AI is away, or refuses to be asked so often; the run goes on there.

    Args:
        attaching: The line of Python that takes the run up again.
    """

    def gone(error: ApiError) -> ApiError:
        return ApiError(
            error.code,
            error.status,
            error.message,
            cause="Vertex AI was not reached for a while; the run most likely goes on.",
            fix=attaching,
        )

    return Outage(
        longest=CLOUD_OUTAGE,
        notice="Vertex AI does not answer; the run goes on there, and is looked for again for "
        f"{CLOUD_OUTAGE / 60:g} minutes",
        gone=gone,
    )


def check_timeout(seconds: Any) -> None:
    """Refuse what is no number of seconds.

    Args:
        seconds: What was given to `Run.wait`; None for no limit.

    Raises:
        SettingError: It is none.
    """
    if seconds is None:
        return
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or math.isnan(seconds):
        raise SettingError(
            f"Run.wait(timeout={seconds!r}): expected a number of seconds, or None for as long "
            "as it takes."
        )


def check_lines(method: str, lines: Any) -> None:
    """Refuse what is no number of lines, in a method of Run."""
    if type(lines) is not int or lines < 1:
        raise SettingError(f"Run.{method}(lines={lines!r}): expected a whole number from 1.")


def rest(
    seconds: float,
    tick: Callable[[], None] | None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until it is time to look again.

    Args:
        seconds: How long.
        tick: Called after each second of it, to show how time goes by; None for nobody.
        sleep: Waits for some seconds.
    """
    while tick and seconds > 1:
        sleep(1)
        tick()
        seconds -= 1
    sleep(seconds)


def _tell(say: Callable[[str], None] | None, line: str) -> None:
    if say:
        say(line)
