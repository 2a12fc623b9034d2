"""A burst of requests begins in rounds, in the order of arrival."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from ragstone.rest.rounds import Rounds


async def _begin(rounds: Rounds, begun: list[int], number: int) -> None:
    await rounds.wait()
    begun.append(number)


async def test_what_fits_into_a_round_begins_at_once() -> None:
    rounds, begun = Rounds(2), list[int]()
    await asyncio.gather(_begin(rounds, begun, 0), _begin(rounds, begun, 1))
    assert begun == [0, 1]


async def test_no_round_begins_more_than_its_size_and_all_begin_in_order() -> None:
    rounds, begun = Rounds(3), list[int]()
    tasks = [asyncio.create_task(_begin(rounds, begun, number)) for number in range(10)]
    seen = [0]
    while len(begun) < len(tasks):
        await asyncio.sleep(0)
        seen.append(len(begun))
    assert begun == list(range(10))
    assert max(after - before for before, after in itertools.pairwise(seen)) == 3
    await asyncio.gather(*tasks)


async def test_one_that_gave_up_takes_no_place() -> None:
    rounds, begun = Rounds(1), list[int]()
    first, given_up, last = (asyncio.create_task(_begin(rounds, begun, number)) for number in range(3))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(first, last)
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert begun == [0, 2]


async def test_a_later_request_finds_a_new_round() -> None:
    rounds, begun = Rounds(1), list[int]()
    await _begin(rounds, begun, 0)
    for _ in range(3):
        await asyncio.sleep(0)
    await asyncio.wait_for(_begin(rounds, begun, 1), 5)
    assert begun == [0, 1]
