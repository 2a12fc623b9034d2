from __future__ import annotations

import asyncio

import pytest

from ragstone.core.single_flight import SingleFlight


async def test_work_for_one_key_is_done_once_at_a_time() -> None:
    flights, gate, done = SingleFlight[str, int](), asyncio.Event(), 0

    async def work() -> int:
        nonlocal done
        done += 1
        mine = done
        await gate.wait()
        return mine

    waiting = [asyncio.ensure_future(flights.run(key, work)) for key in ("a", "a", "b")]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*waiting) == [1, 1, 2]
    assert await flights.run("a", work) == 3


async def test_who_gives_up_ends_nobody_elses_work() -> None:
    flights, gate = SingleFlight[str, str](), asyncio.Event()

    async def work() -> str:
        await gate.wait()
        return "done"

    first, second = (asyncio.ensure_future(flights.run("a", work)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    gate.set()
    assert await second == "done"


async def test_an_error_is_everybodys_and_is_not_kept() -> None:
    flights = SingleFlight[str, str]()

    async def fails() -> str:
        raise ValueError("no")

    async def works() -> str:
        return "yes"

    for outcome in await asyncio.gather(*(flights.run("a", fails) for _ in range(2)), return_exceptions=True):
        assert isinstance(outcome, ValueError)
    assert await flights.run("a", works) == "yes"
