from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from vertex_flow.engine.background import Background

JOB = "projects/p/locations/l/customJobs/1"


def run(scene: Callable[[Background], Awaitable[Any]]) -> Any:
    async def play() -> Any:
        background = Background()
        try:
            return await scene(background)
        finally:
            await background.close()

    return asyncio.run(play())


def work(ends: list[str], *, seconds: float = 60) -> Coroutine[Any, Any, None]:
    async def steps() -> None:
        try:
            await asyncio.sleep(seconds)
            ends.append("done")
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    return steps()


async def fail() -> None:
    raise ValueError("no such file")


def test_wait_ends_with_the_work() -> None:
    ends: list[str] = []

    async def scene(background: Background) -> None:
        background.start(JOB, work(ends, seconds=0))
        await background.wait(JOB)

    run(scene)
    assert ends == ["done"]


def test_wait_returns_when_there_is_no_work() -> None:
    run(lambda background: background.wait(JOB))


def test_wait_does_not_raise_what_the_work_raised() -> None:
    async def scene(background: Background) -> None:
        background.start(JOB, fail())
        await background.wait(JOB)

    run(scene)


def test_what_the_work_raised_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(background: Background) -> None:
        background.start(JOB, fail())
        await background.wait(JOB)

    with caplog.at_level(logging.ERROR):
        run(scene)

    assert caplog.messages == [f"the work behind {JOB} failed"]


def test_cancelling_a_wait_leaves_the_work_alone() -> None:
    ends: list[str] = []

    async def scene(background: Background) -> bool:
        background.start(JOB, work(ends))
        waiting = asyncio.create_task(background.wait(JOB))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        return background.running(JOB)

    assert run(scene)


def test_cancel_returns_when_the_work_has_ended() -> None:
    ends: list[str] = []

    async def scene(background: Background) -> list[str]:
        background.start(JOB, work(ends))
        await asyncio.sleep(0)
        await background.cancel(JOB)
        return list(ends)

    assert run(scene) == ["cancelled"]


def test_cancelling_nothing_does_nothing() -> None:
    run(lambda background: background.cancel(JOB))


def test_one_work_a_resource() -> None:
    async def scene(background: Background) -> None:
        background.start(JOB, work([]))
        with pytest.raises(RuntimeError, match=f"work behind {JOB} is under way already"):
            background.start(JOB, work([]))

    run(scene)


def test_work_that_is_over_is_forgotten() -> None:
    async def scene(background: Background) -> bool:
        background.start(JOB, work([], seconds=0))
        await background.wait(JOB)
        return background.running(JOB)

    assert not run(scene)


def test_close_cancels_everything() -> None:
    ends: list[str] = []

    async def scene(background: Background) -> None:
        background.start(JOB, work(ends))
        background.start(f"{JOB}1", work(ends))
        await asyncio.sleep(0)

    run(scene)
    assert ends == ["cancelled", "cancelled"]


def test_close_cancels_work_that_starts_while_it_closes() -> None:
    ends: list[str] = []

    async def scene(background: Background) -> None:
        async def parent() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                background.start(f"{JOB}1", work(ends))
                await asyncio.sleep(0)

        background.start(JOB, parent())
        await asyncio.sleep(0)

    run(scene)
    assert ends == ["cancelled"]


def test_a_second_cancel_does_not_cut_off_how_work_comes_to_its_end() -> None:
    ends: list[str] = []

    async def careful() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)  # such as the time that a process takes to end
            ends.append("clean")

    async def scene(background: Background) -> None:
        background.start(JOB, careful())
        await asyncio.sleep(0)
        await asyncio.gather(background.cancel(JOB), background.cancel(JOB))

    run(scene)
    assert ends == ["clean"]


def test_work_is_counted_by_what_its_names_contain() -> None:
    async def scene(background: Background) -> tuple[int, int]:
        background.start(f"{JOB}-7-a", work([]))
        background.start(f"{JOB}-7-b", work([]))
        background.start(f"{JOB}-8-a", work([]))
        return background.count("-7-"), background.count("-9-")

    assert run(scene) == (2, 0)
