from __future__ import annotations

import asyncio

import pytest

from ragstone.engine.opensearch.cached import Cached
from ragstone.testing.clock import ManualClock


class Source:
    """Counts how often it is read; a read ends when the test says so, if it has said that it wants to."""

    def __init__(self) -> None:
        self.reads = 0
        self.gate: asyncio.Event | None = None
        self.given: list[int | None] = []

    async def read(self, before: int | None) -> int:
        self.reads += 1
        self.given.append(before)
        this = self.reads
        if self.gate is not None:
            await self.gate.wait()
        return this


async def test_a_value_is_read_again_after_a_second(clock: ManualClock) -> None:
    source = Source()
    cached = Cached(source.read, clock)
    assert [await cached.get(), await cached.get()] == [1, 1]
    clock.time += 0.99
    assert await cached.get() == 1
    clock.time += 0.01
    assert await cached.get() == 2
    assert source.given == [None, 1]


async def test_a_value_is_as_old_as_the_beginning_of_its_read(clock: ManualClock) -> None:
    source = Source()
    source.gate = asyncio.Event()
    cached = Cached(source.read, clock)
    reading = asyncio.create_task(cached.get())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    clock.time += 5
    source.gate.set()
    assert await reading == 1
    assert await cached.get() == 2


async def test_many_callers_read_once(clock: ManualClock) -> None:
    source = Source()
    cached = Cached(source.read, clock)
    assert await asyncio.gather(*(cached.get() for _ in range(20))) == [1] * 20


async def test_what_is_forgotten_is_not_brought_back_by_a_read_that_had_begun(clock: ManualClock) -> None:
    source = Source()
    source.gate = asyncio.Event()
    cached = Cached(source.read, clock)
    before = asyncio.create_task(cached.get())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    cached.forget()
    after = asyncio.create_task(cached.get())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    source.gate.set()
    assert [await before, await after, await cached.get()] == [1, 2, 2]


async def test_a_cancelled_caller_takes_nothing_from_the_others(clock: ManualClock) -> None:
    source = Source()
    source.gate = asyncio.Event()
    cached = Cached(source.read, clock)
    first, second = asyncio.create_task(cached.get()), asyncio.create_task(cached.get())
    await asyncio.sleep(0)
    first.cancel()
    source.gate.set()
    assert await second == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_failed_read_is_told_and_not_kept(clock: ManualClock) -> None:
    faults = [ValueError("broken")]

    async def read(before: int | None) -> int:
        if faults:
            raise faults.pop()
        return 7

    cached = Cached(read, clock)
    with pytest.raises(ValueError, match="broken"):
        await cached.get()
    assert await cached.get() == 7
