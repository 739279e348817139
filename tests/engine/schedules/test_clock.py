from __future__ import annotations

import asyncio
from datetime import timedelta

from vertex_flow.engine.schedules.clock import WallClock


def test_the_wall_clock_comes_back_when_the_moment_is_there() -> None:
    clock = WallClock()
    moment = clock.now() + timedelta(milliseconds=30)

    asyncio.run(clock.until(moment))

    assert clock.now() >= moment


def test_a_moment_that_is_past_is_not_waited_for() -> None:
    clock = WallClock()

    asyncio.run(asyncio.wait_for(clock.until(clock.now() - timedelta(days=1)), 5))
