"""How Google's APIs are called: what is transient is tried again, the rest is said at once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

import attrs

from vertex_flow.calls.refusals import (
    Fault,
    credentials_refusal,
    fault_of,
    is_credentials_error,
    worded,
)

T = TypeVar("T")

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_CHANCE = random.SystemRandom()


@attrs.frozen(kw_only=True)
class Patience:
    """How often, and for how long, a request is tried again.

    Only what is transient is: 408, 429, 500, 502, 503, 504 and a connection that was cut. The
    pauses grow by doubling, each of a random length up to its limit, so that many clients do not
    come back at once; a pause that the service asks for (`Retry-After`) is kept.

    Attributes:
        attempts: How often a request is sent at most, 1 or more.
        first: Longest first pause, in seconds.
        longest: Longest pause, in seconds.
        sleep: Waits for some seconds.
    """

    attempts: int = 7
    first: float = 1.0
    longest: float = 30.0
    sleep: Callable[[float], None] = time.sleep

    def pause(self, attempt: int, fault: Fault) -> float:
        """Seconds to wait after an attempt, counted from 1."""
        limit = min(self.longest, self.first * 2.0 ** (attempt - 1))
        return max(_CHANCE.uniform(limit / 2, limit), min(fault.retry_after or 0.0, 120.0))


PATIENT = Patience()
ONCE = Patience(attempts=1)


def call(
    ask: Callable[[], T], *, where: str, project: str | None = None, patience: Patience = PATIENT
) -> T:
    """Send a request; what is transient is tried again.

    Args:
        ask: Sends the request by one of Google's clients.
        where: Who is asked, for the words when no answer comes.
        project: The project, for the command lines in errors.
        patience: How often it is tried.

    Raises:
        CredentialsError: There are no credentials, or they are not valid any more.
        ApiError: The service refused; with the cause and the fix where they are known.
    """
    attempt = 1
    while True:
        try:
            return ask()
        except Exception as error:
            if is_credentials_error(error):
                raise credentials_refusal(error) from error
            fault = fault_of(error, where=where)
            if fault is None:
                raise
            if fault.code not in TRANSIENT or attempt >= patience.attempts:
                raise worded(fault, project=project) from error
            patience.sleep(patience.pause(attempt, fault))
            attempt += 1
