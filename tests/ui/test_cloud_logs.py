"""Logs in the cloud, as pages look at them: how often they are asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
import pytest

from vertex_flow.errors import ApiError
from vertex_flow.runs.tailing import LogLine
from vertex_flow.ui.cloud_logs import CloudLogs


@attrs.define
class Asked:
    """A run whose lines say how often it was asked, and a clock.

    Attributes:
        job_id: Its id.
        seconds: The time on the clock.
        times: How often it was asked.
        before: Called before it answers.
    """

    job_id: str = "one"
    seconds: float = 100.0
    times: int = 0
    before: Callable[[], Any] = attrs.field(default=lambda: None)
    logs: CloudLogs = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.logs = CloudLogs(clock=lambda: self.seconds)

    def log_lines(self, stage: str | None, *, lines: int) -> Iterator[LogLine]:
        self.times += 1
        self.before()
        yield LogLine(stage or "fit", "trial-1", f"answer {self.times}")
        yield LogLine("", "", "started")

    def read(self, stage: str | None = None, *, over: bool = False) -> Any:
        """Look at its lines."""
        return self.logs.read(self, stage, over=over)  # type: ignore[arg-type]


def answer(number: int, stage: str = "fit") -> dict[str, tuple[str, ...]]:
    return {stage: (f"trial-1  answer {number}",), "": ("started",)}


def test_a_run_is_asked_every_half_minute() -> None:
    run = Asked()
    found = []
    for seconds in (100, 106, 129, 130, 136):
        run.seconds = seconds
        found.append(run.read())
    assert found == [answer(1)] * 3 + [answer(2)] * 2


def test_a_single_stage_is_another_question() -> None:
    run = Asked()
    assert (run.read(), run.read("score"), run.read("score")) == (
        answer(1),
        answer(2, "score"),
        answer(2, "score"),
    )


def test_a_run_that_has_ended_is_asked_for_its_last_lines() -> None:
    run = Asked()
    assert (run.read(), run.read(over=True), run.read(over=True)) == (
        answer(1),
        answer(2),
        answer(2),
    )


def test_pages_that_look_at_once_share_an_answer() -> None:
    gate = threading.Event()
    run = Asked(before=gate.wait)
    with ThreadPoolExecutor(3) as pool:
        looks = [pool.submit(run.read) for _ in range(3)]
        gate.set()
        assert [look.result() for look in looks] == [answer(1)] * 3


def test_what_is_refused_is_not_asked_for_again_at_once() -> None:
    def refuse() -> None:
        raise ApiError(403, "PERMISSION_DENIED", "you may not read logs")

    run = Asked(before=refuse)
    for _ in range(3):
        with pytest.raises(ApiError, match="403 PERMISSION_DENIED: you may not read logs"):
            run.read()
    assert run.times == 1
    run.seconds, run.before = 130.0, lambda: None
    assert run.read() == answer(2)


def test_old_answers_are_let_go() -> None:
    run = Asked()
    for number in range(65):
        run.job_id = f"run-{number}"
        run.read()
    run.job_id = "run-0"
    assert run.read() == answer(66)
