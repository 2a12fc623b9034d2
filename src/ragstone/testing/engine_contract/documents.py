"""The guarantees of DocumentEngine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ragstone.core.errors import (
    IllegalArgumentException,
    IndexNotFoundException,
    MapperParsingException,
    OpenSearchException,
    VersionConflictEngineException,
)
from ragstone.engine.api import Engine
from ragstone.engine.values import ScanPage, WriteOperation, WriteResult
from ragstone.testing.engine_contract.words import (
    EVERYTHING,
    Opened,
    OpenEngine,
    create,
    delete,
    hits,
    ids,
    index,
    kinds,
    made,
    told,
)


class DocumentContract(Opened):
    async def test_outcomes_come_in_the_order_of_the_operations(self, engine: Engine) -> None:
        await made(engine)
        outcomes = await engine.bulk("books", [index("1"), create("2"), delete("1"), delete("3"), index("2")])
        assert told(outcomes) == [
            ("created", 1, 0),
            ("created", 1, 1),
            ("deleted", 2, 2),
            ("not_found", 1, 3),
            ("updated", 2, 4),
        ]
        assert [outcome.id for outcome in outcomes if isinstance(outcome, WriteResult)] == ["1", "2", "1", "3", "2"]

    async def test_an_acknowledged_write_outlives_a_restart(self, open_engine: OpenEngine) -> None:
        async with open_engine() as engine:
            await made(engine)
            await engine.bulk("books", [index("1", {"n": 1}), index("2", {"n": 2}, routing="r")])
            await engine.bulk("books", [index("1", {"n": 3}), delete("2"), index("3", {"n": 4}, routing="r")])
        async with open_engine() as engine:
            first, third = await engine.get("books", "1"), await engine.get("books", "3")
            assert (first.source, first.version, first.seq_no, first.primary_term) == (b'{"n":3}', 2, 2, 1)
            assert (third.source, third.routing) == (b'{"n":4}', "r")
            assert (await engine.get("books", "2")).found is False
            await engine.refresh(["books"])
            assert await ids(engine) == ["1", "3"]
            assert told(await engine.bulk("books", [index("1")])) == [("updated", 3, 5)]

    async def test_a_failed_operation_leaves_no_trace_and_stops_no_other(self, engine: Engine) -> None:
        await made(engine, mappings={"properties": {"n": {"type": "long"}}})
        operations = [index("1", {"n": "word", "new": 1}), index("2", {"n": 2}), WriteOperation("index", "3", b"{")]
        outcomes = await engine.bulk("books", operations, refresh="true")
        assert told(outcomes) == [MapperParsingException, ("created", 1, 0), MapperParsingException]
        assert await ids(engine) == ["2"]
        assert (await engine.get("books", "1")).found is False
        assert (await engine.metadata()).indices["books"].mappings == {"properties": {"n": {"type": "long"}}}

    async def test_operations_on_one_id_see_each_other(self, engine: Engine) -> None:
        await made(engine)
        outcomes = await engine.bulk("books", [create("1"), create("1"), delete("1"), create("1", {"n": 9})])
        assert told(outcomes) == [
            ("created", 1, 0),
            VersionConflictEngineException,
            ("deleted", 2, 1),
            ("created", 3, 2),
        ]
        assert (await engine.get("books", "1")).source == b'{"n":9}'

    async def test_conflicts_are_told_in_opensearchs_words(self, engine: Engine) -> None:
        await made(engine)
        await engine.bulk("books", [index("1"), index("v", version=5, version_type="external")])
        outcomes = await engine.bulk(
            "books",
            [
                create("1"),
                index("1", if_seq_no=7, if_primary_term=1),
                delete("2", if_seq_no=0, if_primary_term=1),
                index("v", version=5, version_type="external"),
                index("v", version=4, version_type="external_gte"),
                index("v", version=5, version_type="external_gte"),
                index("1", if_seq_no=0, if_primary_term=1),
            ],
        )
        reasons = [outcome.reason for outcome in outcomes if isinstance(outcome, OpenSearchException)]
        assert reasons == [
            "[1]: version conflict, document already exists (current version [1])",
            "[1]: version conflict, required seqNo [7], primary term [1]. "
            "current document has seqNo [0] and primary term [1]",
            "[2]: version conflict, required seqNo [0], primary term [1]. but no document was found",
            "[v]: version conflict, current version [5] is higher or equal to the one provided [5]",
            "[v]: version conflict, current version [5] is higher than the one provided [4]",
        ]
        assert told(outcomes[5:]) == [("updated", 5, 2), ("updated", 2, 3)]

    async def test_of_many_writers_at_one_sequence_number_one_wins(self, engine: Engine) -> None:
        await made(engine)
        await engine.bulk("books", [index("1")])
        writes = (engine.bulk("books", [index("1", {"n": n}, if_seq_no=0, if_primary_term=1)]) for n in range(8))
        outcomes = [outcome for (outcome,) in await asyncio.gather(*writes)]
        assert kinds(outcomes) == [*["VersionConflictEngineException"] * 7, "WriteResult"]

    async def test_many_callers_at_once_all_get_their_own_outcomes(self, engine: Engine) -> None:
        await made(engine)
        writes = (engine.bulk("books", [index(f"{n}"), delete(f"none{n}")]) for n in range(50))
        outcomes = await asyncio.gather(*writes)
        for n, (written, missing) in enumerate(outcomes):
            assert isinstance(written, WriteResult)
            assert isinstance(missing, WriteResult)
            assert (written.id, written.result, missing.result) == (f"{n}", "created", "not_found")
        numbers = [outcome.seq_no for pair in outcomes for outcome in pair if isinstance(outcome, WriteResult)]
        assert sorted(numbers) == list(range(100))

    @pytest.mark.parametrize("refresh", ["true", "wait_for"])
    async def test_a_write_that_asks_for_it_is_found_when_it_returns(self, engine: Engine, refresh: Any) -> None:
        await made(engine, settings={"refresh_interval": "50ms"})
        outcomes = await engine.bulk("books", [index("1", {"n": 1}), delete("none")], refresh=refresh)
        assert await ids(engine) == ["1"]
        for outcome in outcomes:
            assert isinstance(outcome, WriteResult)
            assert outcome.forced_refresh is (refresh == "true")

    async def test_no_operations_wait_for_those_acknowledged_before(self, engine: Engine) -> None:
        await made(engine, settings={"refresh_interval": "50ms"})
        await engine.bulk("books", [index("1")])
        assert await engine.bulk("books", [], refresh="wait_for") == []
        assert await ids(engine) == ["1"]

    async def test_waiting_for_a_refresh_ends_even_where_none_is_scheduled(self, engine: Engine) -> None:
        await made(engine, settings={"refresh_interval": "-1"})
        await engine.bulk("books", [index("1")], refresh="wait_for")
        assert await ids(engine) == ["1"]

    async def test_get_is_real_time_unless_told_otherwise(self, engine: Engine) -> None:
        await made(engine, settings={"refresh_interval": "-1"})
        await engine.bulk("books", [index("1", {"n": 1}), index("2")], refresh="true")
        await engine.bulk("books", [index("1", {"n": 2}), delete("2"), index("3")])
        assert (await engine.get("books", "1")).source == b'{"n":2}'
        assert (await engine.get("books", "1", realtime=False)).source == b'{"n":1}'
        assert [(await engine.get("books", id)).found for id in ("2", "3")] == [False, True]
        assert [(await engine.get("books", id, realtime=False)).found for id in ("2", "3")] == [True, False]

    async def test_a_source_comes_back_byte_for_byte_but_for_the_kind_of_its_line_breaks(self, engine: Engine) -> None:
        source = '{ "z": 1.50, "a": [ ],\n "big": 12345678901234567890, "ü": "\\u00fc\\n", "n": null }'.encode()
        await made(engine, mappings={"dynamic": "false"})
        await engine.bulk("books", [WriteOperation("index", "1", source)], refresh="true")
        read = (await engine.get("books", "1")).source or b""
        assert read.replace(b"\r", b"\n") == source
        assert [hit.source for hit in await hits(engine, EVERYTHING)] == [read]

    async def test_documents_grow_the_mapping_durably(self, open_engine: OpenEngine) -> None:
        async with open_engine() as engine:
            await made(engine)
            await engine.bulk("books", [index("1", {"n": 1, "title": "x"})])
        async with open_engine() as engine:
            properties = (await engine.metadata()).indices["books"].mappings["properties"]
        assert properties["n"] == {"type": "long"}
        assert properties["title"]["fields"] == {"keyword": {"type": "keyword", "ignore_above": 256}}

    async def test_a_scan_hands_out_every_document_of_its_moment_once(self, engine: Engine) -> None:
        await made(engine, settings={"refresh_interval": "-1"})
        await engine.bulk("books", [index(f"{n}", {"n": n}) for n in range(25)])
        await engine.bulk("books", [delete("3"), index("4", {"n": 44}), index("5", {"n": 5}, routing="5")])
        pages: list[ScanPage] = []
        async for page in engine.scan("books", size=10):
            if not pages:
                await engine.bulk("books", [delete("20"), index("21", {"n": 0}), index("new")], refresh="true")
            pages.append(page)
        assert all(len(page.documents) <= 10 for page in pages)
        found = {document.id: document for page in pages for document in page.documents}
        assert sum(len(page.documents) for page in pages) == len(found) == 24
        assert found["4"].source == b'{"n":44}'
        assert (found["4"].version, found["21"].version, found["21"].source) == (2, 1, b'{"n":21}')
        assert (found["5"].routing, found["20"].source) == ("5", b'{"n":20}')

    async def test_a_scan_goes_on_behind_the_page_it_is_told(self, engine: Engine) -> None:
        await made(engine)
        await engine.bulk("books", [index(f"{n}") for n in range(25)])
        first = await anext(engine.scan("books", size=10))
        rest = [d.id async for page in engine.scan("books", resume=first.resume, size=10) for d in page.documents]
        assert sorted([d.id for d in first.documents] + rest, key=int) == [f"{n}" for n in range(25)]

    async def test_a_scan_refuses_a_place_that_means_nothing(self, engine: Engine) -> None:
        await made(engine)
        with pytest.raises(IllegalArgumentException):
            await anext(engine.scan("books", resume="nowhere"))
        with pytest.raises(IndexNotFoundException):
            await anext(engine.scan("missing"))
