from __future__ import annotations

import asyncio

import pytest

from vertex_flow.engine.pipelines.slots import Slots


class Guest:
    """Stays inside until it is told to leave."""

    def __init__(self, slots: Slots) -> None:
        self.inside = False
        self._left = asyncio.Event()
        self.task = asyncio.create_task(self._stay(slots))

    def leave(self) -> None:
        self._left.set()

    async def _stay(self, slots: Slots) -> None:
        async with slots:
            self.inside = True
            await self._left.wait()
        self.inside = False


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def inside(guests: list[Guest]) -> list[bool]:
    return [guest.inside for guest in guests]


def test_no_more_are_inside_than_there_are_slots() -> None:
    async def scene() -> None:
        slots = Slots(2)
        guests = [Guest(slots) for _ in range(4)]
        await settle()
        assert inside(guests) == [True, True, False, False]
        guests[1].leave()
        await settle()
        assert inside(guests) == [True, False, True, False]
        await end(guests)

    asyncio.run(scene())


def test_who_gives_up_waiting_takes_no_slot() -> None:
    async def scene() -> None:
        slots = Slots(1)
        guests = [Guest(slots) for _ in range(3)]
        await settle()
        guests[1].task.cancel()
        guests[0].leave()
        await settle()
        assert inside(guests) == [False, False, True]
        await end(guests)

    asyncio.run(scene())


def test_who_gives_up_as_the_turn_comes_hands_it_on() -> None:
    async def scene() -> None:
        slots = Slots(1)
        guests = [Guest(slots) for _ in range(3)]
        await settle()
        slots._leave()  # the second one's turn is set, and it has not run yet
        guests[1].task.cancel()
        await settle()
        assert inside(guests) == [True, False, True]
        await end(guests)

    asyncio.run(scene())


@pytest.mark.parametrize("idle", [True, False])
def test_one_more_is_let_in_where_all_wait_and_the_machine_is_idle(idle: bool) -> None:
    async def scene() -> None:
        asked = asyncio.Event()

        def is_idle() -> bool:
            asked.set()
            return idle and not any(inside(guests[1:]))

        slots = Slots(1, calm=0.01, idle=is_idle)
        guests: list[Guest] = []
        guests += [Guest(slots) for _ in range(3)]
        await asked.wait()
        await settle()
        assert inside(guests) == [True, idle, False]
        guests[0].leave()
        await settle()
        assert inside(guests) == [False, True, not idle and guests[2].inside]
        await end(guests)

    asyncio.run(scene())


async def end(guests: list[Guest]) -> None:
    for guest in guests:
        guest.leave()
    await asyncio.gather(*(guest.task for guest in guests), return_exceptions=True)
