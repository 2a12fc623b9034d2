"""The guarantees of MaintenanceEngine."""

from __future__ import annotations

import asyncio

from ragstone.engine.api import Engine
from ragstone.testing.engine_contract.words import (
    Opened,
    OpenEngine,
    delete,
    ids,
    index,
    made,
)


class MaintenanceContract(Opened):
    async def test_everything_acknowledged_before_a_refresh_is_found_after_it(self, engine: Engine) -> None:
        await made(engine, settings={"refresh_interval": "-1"})
        await asyncio.gather(*(engine.bulk("books", [index(f"{n}")]) for n in range(20)))
        assert await ids(engine) == []
        await asyncio.gather(engine.refresh(["books"]), engine.refresh(["books"]))
        assert len(await ids(engine)) == 20

    async def test_everything_acknowledged_before_can_be_read_after_a_start(self, open_engine: OpenEngine) -> None:
        async with open_engine() as engine:
            await made(engine, settings={"refresh_interval": "-1"})
            await engine.bulk("books", [index(f"{n}", {"t": "some words"}) for n in range(10)])
        async with open_engine() as engine:
            assert (await engine.get("books", "7")).found
            await engine.refresh(["books"])
            assert len(await ids(engine, {"match": {"t": "words"}})) == 10

    async def test_a_flush_changes_nothing_one_can_see(self, engine: Engine) -> None:
        await made(engine)
        await engine.bulk("books", [index("1")], refresh="true")
        await engine.flush(["books"])
        assert await ids(engine) == ["1"]

    async def test_stats_tell_documents_and_sequence_numbers(self, engine: Engine) -> None:
        await made(engine)
        empty = await engine.stats("books")
        assert (empty.documents, empty.max_seq_no) == (0, -1)
        await engine.bulk("books", [index("1"), index("2"), delete("1")], refresh="true")
        stats = await engine.stats("books")
        assert (stats.documents, stats.max_seq_no) == (1, 2)
        assert stats.size > 0

    async def test_an_engine_says_what_it_can_do(self, engine: Engine) -> None:
        assert engine.capabilities().name
