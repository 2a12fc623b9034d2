from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from ragstone.core.cluster_settings import StaticClusterSettings
from ragstone.core.errors import (
    IllegalArgumentException,
    OpenSearchRejectedExecutionException,
    SearchContextMissingException,
)
from ragstone.core.ids import IdGenerator
from ragstone.engine.values import IndexMetadata, Reader
from ragstone.indices.resolver import Resolved
from ragstone.search.contexts import POINT_IN_TIME, SCROLL, SearchContexts
from ragstone.testing.clock import ManualClock
from ragstone.testing.timer import ManualTimer

TARGETS = [Resolved(IndexMetadata("books", "u", {}, {}, {}, 0))]


class Readers:
    """Of an engine, what contexts need."""

    def __init__(self) -> None:
        self.open: list[Reader] = []
        self.all_closed = asyncio.Event()

    async def open_reader(self, indices: Sequence[str], keep_alive: float) -> Reader:
        self.open.append(Reader(tuple(indices), 1, None))
        return self.open[-1]

    async def close_reader(self, reader: Reader) -> None:
        if reader in self.open:
            self.open.remove(reader)
        if not self.open:
            self.all_closed.set()


@pytest.fixture
def readers() -> Readers:
    return Readers()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1000.0)


@pytest.fixture
def timer() -> ManualTimer:
    return ManualTimer()


@pytest.fixture
async def contexts(readers: Readers, clock: ManualClock, timer: ManualTimer) -> AsyncIterator[SearchContexts]:
    limits = {"search.max_open_scroll_context": "2", "search.max_keep_alive": "2h"}
    contexts = SearchContexts(
        readers,  # type: ignore[arg-type]  # no more of an engine is used
        StaticClusterSettings(limits),
        clock,
        IdGenerator(),
        timer.wait,
    )
    yield contexts
    await contexts.close()
    assert readers.open == []


async def test_ids_say_their_kind_and_nothing_else(contexts: SearchContexts) -> None:
    scroll, pit = await contexts.open(SCROLL, TARGETS, 60), await contexts.open(POINT_IN_TIME, TARGETS, 60)
    assert (SCROLL.check_id(scroll.id), POINT_IN_TIME.check_id(pit.id)) == (True, True)
    assert (SCROLL.check_id(pit.id), POINT_IN_TIME.check_id(scroll.id)) == (False, False)
    assert contexts.get(POINT_IN_TIME, scroll.id) is None
    assert contexts.get(SCROLL, scroll.id) is scroll
    assert len(scroll.id) == 52
    assert scroll.id[8:] != pit.id[8:]


async def test_what_nobody_uses_expires_and_is_swept(
    contexts: SearchContexts, readers: Readers, clock: ManualClock, timer: ManualTimer
) -> None:
    short, long = await contexts.open(SCROLL, TARGETS, 30), await contexts.open(SCROLL, TARGETS, 90)
    clock.time += 30
    assert contexts.all(SCROLL) == [long]
    with pytest.raises(SearchContextMissingException, match="No search context found for id"):
        async with contexts.using(SCROLL, short.id):
            pass
    assert len(readers.open) == 2
    assert await timer.ring() == 60
    await timer.ring()  # it waits again, so it has looked
    assert readers.open == [long.reader]
    clock.time += 60
    await readers.all_closed.wait()
    assert timer.waiting == []


async def test_a_use_renews_what_it_uses_and_keeps_it_meanwhile(contexts: SearchContexts, clock: ManualClock) -> None:
    context = await contexts.open(SCROLL, TARGETS, 30)
    async with contexts.using(SCROLL, context.id):
        clock.time += 100
        assert contexts.get(SCROLL, context.id) is context
    clock.time += 29
    assert contexts.get(SCROLL, context.id) is context
    async with contexts.using(SCROLL, context.id, 300):
        pass
    async with contexts.using(SCROLL, context.id, 10):
        pass
    clock.time += 299
    assert contexts.get(SCROLL, context.id) is context
    clock.time += 1
    assert contexts.get(SCROLL, context.id) is None


async def test_there_are_only_so_many_of_a_kind(contexts: SearchContexts, clock: ManualClock) -> None:
    first = await contexts.open(SCROLL, TARGETS, 30)
    await contexts.open(SCROLL, TARGETS, 60)
    with pytest.raises(OpenSearchRejectedExecutionException) as refusal:
        await contexts.open(SCROLL, TARGETS, 60)
    assert refusal.value.status == 429
    assert refusal.value.reason == (
        "Trying to create too many scroll contexts. Must be less than or equal to: [2]. This limit can be set by "
        "changing the [search.max_open_scroll_context] setting."
    )
    await contexts.open(POINT_IN_TIME, TARGETS, 60)
    await contexts.free(first)
    await contexts.open(SCROLL, TARGETS, 60)


async def test_nothing_is_kept_for_longer_than_the_setting_allows(contexts: SearchContexts) -> None:
    contexts.check_keep_alive(SCROLL, 7200)
    with pytest.raises(IllegalArgumentException) as refusal:
        contexts.check_keep_alive(SCROLL, 9000)
    assert refusal.value.reason == (
        "Keep alive for request (2.5h) is too large. It must be less than (2h). This limit can be set by changing the "
        "[search.max_keep_alive] cluster level setting."
    )
    contexts.check_keep_alive(POINT_IN_TIME, 86400)


async def test_what_is_freed_is_gone_and_may_be_freed_again(contexts: SearchContexts, readers: Readers) -> None:
    context = await contexts.open(SCROLL, TARGETS, 30)
    await contexts.free(context)
    await contexts.free(context)
    assert (contexts.get(SCROLL, context.id), readers.open) == (None, [])
