from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ragstone.core.threadpool import ThreadPools
from ragstone.engine.embedded import refresher as module
from ragstone.engine.embedded.refresher import Alarm, Refresher
from ragstone.testing.timer import ManualTimer


@pytest.fixture
async def pools() -> AsyncIterator[ThreadPools]:
    made = ThreadPools()
    yield made
    made.close()


class FakeIndex:
    def __init__(self) -> None:
        self.acknowledged = 0
        self.published = 0
        self.refreshes = 0
        self.failure: Exception | None = None
        self.told = 0

    def after(self) -> None:
        self.told += 1

    def publish(self) -> None:
        self.refreshes += 1
        if self.failure is not None:
            raise self.failure
        self.published = self.acknowledged


def refresher(pools: ThreadPools, index: FakeIndex, timer: ManualTimer, interval: float = 1.0) -> Refresher:
    return Refresher(pools, index.publish, lambda: index.published, index.after, wait=timer.wait, interval=interval)


async def test_an_index_nobody_writes_to_is_never_refreshed(pools: ThreadPools) -> None:
    timer = ManualTimer()
    refresher(pools, FakeIndex(), timer)
    await asyncio.sleep(0)
    assert timer.waiting == []


async def test_many_writes_within_the_interval_cost_one_refresh(pools: ThreadPools) -> None:
    index, timer = FakeIndex(), ManualTimer()
    subject = refresher(pools, index, timer, interval=5.0)
    for index.acknowledged in range(1, 10):
        subject.written()
    waiting = asyncio.create_task(subject.wait_for(9))
    await asyncio.sleep(0)
    assert timer.waiting == [5.0]
    await timer.ring()
    assert await waiting is False
    assert (index.published, index.refreshes) == (9, 1)


async def test_refreshes_asked_for_together_share_a_run(pools: ThreadPools) -> None:
    index = FakeIndex()
    subject = refresher(pools, index, ManualTimer())
    await asyncio.gather(*(subject.refresh() for _ in range(10)))
    assert index.refreshes == 1
    await subject.refresh()
    assert (index.refreshes, index.told) == (2, 2)


async def test_wait_for_returns_at_once_when_the_row_is_searchable(pools: ThreadPools) -> None:
    index = FakeIndex()
    index.published = 3
    assert await refresher(pools, index, ManualTimer()).wait_for(3) is False
    assert index.refreshes == 0


async def test_wait_for_forces_a_refresh_where_none_is_scheduled(pools: ThreadPools) -> None:
    index = FakeIndex()
    index.acknowledged = 1
    assert await refresher(pools, index, ManualTimer(), interval=-1).wait_for(1) is True
    assert index.published == 1


async def test_one_waiter_too_many_forces_a_refresh_for_all(
    pools: ThreadPools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_LISTENERS", 2)
    index = FakeIndex()
    index.acknowledged = 3
    subject = refresher(pools, index, ManualTimer())
    waiting = [asyncio.create_task(subject.wait_for(row)) for row in (1, 2, 3)]
    assert await asyncio.gather(*waiting) == [False, False, True]
    assert index.refreshes == 1


async def test_switching_the_schedule_off_forgets_no_waiter(pools: ThreadPools) -> None:
    index = FakeIndex()
    index.acknowledged = 1
    subject = refresher(pools, index, ManualTimer())
    waiting = asyncio.create_task(subject.wait_for(1))
    await asyncio.sleep(0)
    await subject.set_interval(-1)
    assert await waiting is False


async def test_a_failed_refresh_is_told_to_waiters_and_tried_again(pools: ThreadPools) -> None:
    index, timer = FakeIndex(), ManualTimer()
    index.acknowledged, index.failure = 1, OSError("disk")
    subject = refresher(pools, index, timer)
    waiting = asyncio.create_task(subject.wait_for(1))
    await timer.ring()
    with pytest.raises(OSError, match="disk"):
        await waiting
    index.failure = None
    again = asyncio.create_task(subject.wait_for(1))
    await timer.ring()
    assert await again is False
    await subject.close()


async def test_closing_ends_the_schedule(pools: ThreadPools) -> None:
    index, timer = FakeIndex(), ManualTimer()
    subject = refresher(pools, index, timer)
    subject.written()
    await asyncio.sleep(0)
    await subject.close()
    subject.written()
    await asyncio.sleep(0)
    assert index.refreshes == 0
    assert timer.waiting == []


async def test_who_waits_when_the_index_is_deleted_has_written_all_the_same(pools: ThreadPools) -> None:
    index, timer = FakeIndex(), ManualTimer()
    index.acknowledged = 1
    subject = refresher(pools, index, timer)
    waiting = asyncio.create_task(subject.wait_for(1))
    await asyncio.sleep(0)
    await subject.close()
    assert await waiting is False
    assert await subject.wait_for(1) is False
    await subject.refresh()
    assert index.refreshes == 0


async def test_a_new_interval_counts_for_the_run_already_asked_for() -> None:
    timer = ManualTimer()
    runs = 0

    async def job() -> None:
        nonlocal runs
        runs += 1

    alarm = Alarm(timer.wait, 10.0, job)
    alarm.ask()
    await asyncio.sleep(0)
    alarm.set_interval(2.0)
    await asyncio.sleep(0)
    assert timer.waiting == [2.0]
    await timer.ring()
    await asyncio.sleep(0)
    await alarm.close()
    assert runs == 1
