"""The engine contract as tests: inherit `EngineContract`, say how to open your engine, and pytest tries its promises.

    class TestMyEngine(EngineContract):
        @pytest.fixture
        def open_engine(self, tmp_path):
            @asynccontextmanager
            async def opened():
                engine = MyEngine(tmp_path)
                await engine.start()
                yield engine
                await engine.close()
            return opened

Needs pytest with pytest-asyncio in its `auto` mode. Every test's name is a guarantee of `engine/api.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

import ragstone.dsl.queries  # noqa: F401  (registers them)
from ragstone.core import json
from ragstone.core.clock import Deadline, SystemClock
from ragstone.core.errors import (
    IllegalArgumentException,
    IndexClosedException,
    IndexNotFoundException,
    InvalidAliasNameException,
    InvalidIndexNameException,
    MapperParsingException,
    OpenSearchException,
    OpenSearchTimeoutException,
    ResourceAlreadyExistsException,
    SettingsException,
    VersionConflictEngineException,
)
from ragstone.dsl.query import Query, parse_query
from ragstone.engine.api import Engine
from ragstone.engine.values import (
    FetchOptions,
    Hit,
    QueryRequest,
    ScanPage,
    WriteOperation,
    WriteOutcome,
    WriteResult,
)

OpenEngine = Callable[[], AbstractAsyncContextManager[Engine]]
"""Opens an engine, each time on the same data; leaving the context closes it."""

EVERYTHING: dict[str, Any] = {"match_all": {}}


# ── words for the tests ──────────────────────────────────────────────────────────────────────────────────────────────


def index(id: str, source: Any = None, **options: Any) -> WriteOperation:
    return WriteOperation("index", id, json.encode({} if source is None else source), **options)


def create(id: str, source: Any = None, **options: Any) -> WriteOperation:
    return WriteOperation("create", id, json.encode({} if source is None else source), **options)


def delete(id: str, **options: Any) -> WriteOperation:
    return WriteOperation("delete", id, **options)


def query(body: Any) -> Query:
    return parse_query(body)


def told(outcomes: Sequence[WriteOutcome]) -> list[Any]:
    """Outcomes in short: (result, version, seq_no), or the class of the error."""
    return [
        (outcome.result, outcome.version, outcome.seq_no) if isinstance(outcome, WriteResult) else type(outcome)
        for outcome in outcomes
    ]


async def made(engine: Engine, name: str = "books", **parts: Any) -> None:
    await engine.create_index(name, parts.get("settings", {}), parts.get("mappings", {}), parts.get("aliases", {}))


async def hits(engine: Engine, body: Any, indices: Sequence[str] = ("books",), **options: Any) -> list[Hit]:
    result = await engine.query(QueryRequest(indices=indices, queries=[query(body)], size=1000, **options))
    try:
        return await engine.fetch(result, result.lists[0].hits, FetchOptions(version=True, seq_no_primary_term=True))
    finally:
        await engine.release(result)


async def ids(engine: Engine, body: Any = None, indices: Sequence[str] = ("books",)) -> list[str]:
    return sorted(hit.id for hit in await hits(engine, body or EVERYTHING, indices))


class EngineContract:
    """See the module. Tests may use any index name; each gets an engine without data."""

    @pytest.fixture
    def open_engine(self) -> OpenEngine:
        raise NotImplementedError("define the fixture open_engine in your test class")

    @pytest.fixture
    async def engine(self, open_engine: OpenEngine) -> AsyncIterator[Engine]:
        async with open_engine() as engine:
            yield engine

    # ── metadata ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def test_metadata_is_a_picture_of_one_moment(self, engine: Engine) -> None:
        before = await engine.metadata()
        await made(engine)
        assert "books" not in before.indices
        after = await engine.metadata()
        assert after.indices["books"].name == "books"
        assert after.cluster_uuid == before.cluster_uuid

    async def test_a_created_index_outlives_a_restart(self, open_engine: OpenEngine) -> None:
        mappings = {"properties": {"title": {"type": "text"}}}
        async with open_engine() as engine:
            made_index = await engine.create_index("books", {"number_of_replicas": 0}, mappings, {"shelf": {}})
        async with open_engine() as engine:
            metadata = await engine.metadata()
        found = metadata.indices["books"]
        assert found.uuid == made_index.uuid
        assert found.mappings == mappings
        assert found.aliases == {"shelf": {}}
        assert found.number_of_replicas == 0

    @pytest.mark.parametrize(
        "settings",
        [
            {"index": {"max_result_window": 7}},
            {"index.max_result_window": 7},
            {"max_result_window": "7"},
            {"index": {"max_result_window": 7}, "number_of_shards": 1},
        ],
    )
    async def test_settings_may_be_nested_flat_or_mixed(self, engine: Engine, settings: dict[str, Any]) -> None:
        found = await engine.create_index("books", settings, {}, {})
        assert found.settings["index.max_result_window"] == "7"
        assert found.settings["index.number_of_shards"] == "1"

    async def test_an_index_name_is_taken_only_once(self, engine: Engine) -> None:
        await made(engine, aliases={"shelf": {}})
        with pytest.raises(ResourceAlreadyExistsException, match=r"index \[books/.+\] already exists"):
            await made(engine)
        with pytest.raises(InvalidIndexNameException, match="already exists as alias"):
            await made(engine, "shelf")

    @pytest.mark.parametrize(
        ("parts", "error"),
        [
            ({"settings": {"index.colour": 1}}, SettingsException),
            ({"settings": {"number_of_shards": 0}}, IllegalArgumentException),
            ({"mappings": {"properties": {"a": {"type": "stringy"}}}}, MapperParsingException),
        ],
    )
    async def test_an_index_that_is_refused_leaves_nothing(
        self, engine: Engine, parts: dict[str, Any], error: type[OpenSearchException]
    ) -> None:
        with pytest.raises(error):
            await made(engine, **parts)
        assert (await engine.metadata()).indices == {}
        await made(engine)

    async def test_a_bad_index_name_is_refused(self, engine: Engine) -> None:
        with pytest.raises(InvalidIndexNameException, match=r"Invalid index name \[Books\], must be lowercase"):
            await made(engine, "Books")

    async def test_of_many_creations_at_once_one_wins(self, engine: Engine) -> None:
        outcomes = await asyncio.gather(*(made(engine) for _ in range(5)), return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == [
            "NoneType",
            *["ResourceAlreadyExistsException"] * 4,
        ]

    async def test_a_deleted_index_takes_its_documents_along(self, open_engine: OpenEngine) -> None:
        async with open_engine() as engine:
            await made(engine)
            await engine.bulk("books", [index("1")], refresh="true")
            await engine.delete_index("books")
            with pytest.raises(IndexNotFoundException):
                await engine.get("books", "1")
            await made(engine)
            assert await ids(engine) == []
            await engine.delete_index("books")
        async with open_engine() as engine:
            assert (await engine.metadata()).indices == {}

    async def test_a_missing_index_is_told_by_every_call(self, engine: Engine) -> None:
        calls = [
            engine.delete_index("none"),
            engine.open_index("none"),
            engine.close_index("none"),
            engine.put_mapping("none", {}),
            engine.put_settings("none", {"index.max_result_window": 5}),
            engine.update_aliases([("none", "a", {})]),
            engine.bulk("none", [index("1")]),
            engine.get("none", "1"),
            engine.query(QueryRequest(["none"], [query(EVERYTHING)])),
            engine.count(["none"], query(EVERYTHING)),
            engine.refresh(["none"]),
            engine.flush(["none"]),
            engine.stats("none"),
        ]
        for call in calls:
            with pytest.raises(IndexNotFoundException, match=r"no such index \[none\]"):
                await call

    async def test_a_closed_index_keeps_documents_and_searches_out_until_it_is_opened(
        self, open_engine: OpenEngine
    ) -> None:
        async with open_engine() as engine:
            await made(engine)
            await engine.bulk("books", [index("1")], refresh="true")
            await engine.close_index("books")
        async with open_engine() as engine:
            assert (await engine.metadata()).indices["books"].open is False
            for call in (
                engine.bulk("books", [index("2")]),
                engine.get("books", "1"),
                engine.query(QueryRequest(["books"], [query(EVERYTHING)])),
                engine.count(["books"], query(EVERYTHING)),
            ):
                with pytest.raises(IndexClosedException, match="closed"):
                    await call
            await engine.open_index("books")
            await engine.bulk("books", [index("2")], refresh="true")
            assert await ids(engine) == ["1", "2"]

    async def test_a_closed_index_takes_static_settings(self, engine: Engine) -> None:
        await made(engine, mappings={"properties": {"t": {"type": "text"}}})
        await engine.bulk("books", [index("1", {"t": "One"})], refresh="true")
        with pytest.raises(IllegalArgumentException, match="Can't update non dynamic settings"):
            await engine.put_settings("books", {"codec": "best_compression"})
        await engine.close_index("books")
        await engine.put_settings("books", {"codec": "best_compression"})
        await engine.open_index("books")
        assert (await engine.metadata()).indices["books"].settings["index.codec"] == "best_compression"
        await engine.bulk("books", [index("2", {"t": "Two"})], refresh="true")
        assert await ids(engine) == ["1", "2"]

    async def test_a_mapping_grows_and_is_not_changed_by_a_refused_one(self, engine: Engine) -> None:
        await made(engine, mappings={"properties": {"a": {"type": "keyword"}}})
        await engine.put_mapping("books", {"properties": {"b": {"type": "long"}}})
        with pytest.raises(IllegalArgumentException, match=r"mapper \[a\] cannot be changed from type \[keyword\]"):
            await engine.put_mapping("books", {"properties": {"c": {"type": "long"}, "a": {"type": "text"}}})
        mappings = (await engine.metadata()).indices["books"].mappings
        assert mappings == {"properties": {"a": {"type": "keyword"}, "b": {"type": "long"}}}

    async def test_dynamic_settings_change_and_null_removes_them(self, open_engine: OpenEngine) -> None:
        async with open_engine() as engine:
            await made(engine)
            version = (await engine.metadata()).indices["books"].version
            await engine.put_settings("books", {"index": {"max_result_window": 20, "refresh_interval": "30s"}})
            await engine.put_settings(
                "books", {"refresh_interval": "1s", "max_rescore_window": 5}, preserve_existing=True
            )
            await engine.put_settings("books", {"index.max_result_window": None})
        async with open_engine() as engine:
            found = (await engine.metadata()).indices["books"]
        assert found.settings["index.refresh_interval"] == "30s"
        assert found.settings["index.max_rescore_window"] == "5"
        assert "index.max_result_window" not in found.settings
        assert found.version > version

    async def test_a_refused_setting_changes_nothing(self, engine: Engine) -> None:
        await made(engine)
        before = (await engine.metadata()).indices["books"]
        for settings, error in (
            ({"index.colour": 1, "index.max_result_window": 5}, SettingsException),
            ({"index.number_of_shards": 2, "index.max_result_window": 5}, IllegalArgumentException),
            ({"index.max_result_window": 0}, IllegalArgumentException),
        ):
            with pytest.raises(error):
                await engine.put_settings("books", settings)
        assert (await engine.metadata()).indices["books"] == before

    async def test_aliases_change_together_or_not_at_all(self, open_engine: OpenEngine) -> None:
        async with open_engine() as engine:
            await made(engine, "a")
            await made(engine, "b")
            await engine.update_aliases([("a", "x", {"routing": "1"}), ("b", "x", {}), ("b", "y", {})])
            with pytest.raises(IndexNotFoundException):
                await engine.update_aliases([("a", "x", None), ("none", "x", {})])
            with pytest.raises(InvalidAliasNameException, match="an index exists with the same name as the alias"):
                await engine.update_aliases([("a", "x", None), ("a", "b", {})])
            await engine.update_aliases([("b", "y", None)])
        async with open_engine() as engine:
            indices = (await engine.metadata()).indices
        assert indices["a"].aliases == {"x": {"routing": "1"}}
        assert indices["b"].aliases == {"x": {}}

    async def test_records_are_kept_listed_and_versioned(self, open_engine: OpenEngine) -> None:
        async with open_engine() as engine:
            assert (await engine.put_record("pipeline", "b", {"n": 1})).version == 1
            await engine.put_record("pipeline", "a", {"n": 2})
            assert (await engine.put_record("pipeline", "b", {"n": 3}, if_version=1)).version == 2
            await engine.put_record("template", "b", {"n": 4})
        async with open_engine() as engine:
            listed = await engine.list_records("pipeline")
            assert [(record.name, record.value, record.version) for record in listed] == [
                ("a", {"n": 2}, 1),
                ("b", {"n": 3}, 2),
            ]
            assert await engine.get_record("pipeline", "none") is None
            assert await engine.delete_record("pipeline", "b") is True
            assert await engine.delete_record("pipeline", "b") is False
            assert (await engine.put_record("pipeline", "b", {}, if_version=0)).version > 2

    async def test_a_record_changes_only_at_the_version_demanded(self, engine: Engine) -> None:
        await engine.put_record("pipeline", "a", {"n": 1}, if_version=0)
        for if_version in (0, 2):
            with pytest.raises(VersionConflictEngineException):
                await engine.put_record("pipeline", "a", {"n": 2}, if_version=if_version)
            with pytest.raises(VersionConflictEngineException):
                await engine.delete_record("pipeline", "a", if_version=if_version)
        record = await engine.get_record("pipeline", "a")
        assert record is not None
        assert (record.value, record.version) == ({"n": 1}, 1)

    async def test_of_many_writers_of_one_record_version_one_wins(self, engine: Engine) -> None:
        writes = (engine.put_record("pipeline", "a", {"n": n}, if_version=0) for n in range(5))
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == [
            "Record",
            *["VersionConflictEngineException"] * 4,
        ]

    # ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────

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
        assert sorted(type(outcome).__name__ for outcome in outcomes) == [
            *["VersionConflictEngineException"] * 7,
            "WriteResult",
        ]

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

    async def test_a_source_comes_back_byte_for_byte(self, engine: Engine) -> None:
        source = '{ "z": 1.50, "a": [ ],\n "big": 12345678901234567890, "ü": "\\u00fc\\n", "n": null }'.encode()
        await made(engine, mappings={"dynamic": "false"})
        await engine.bulk("books", [WriteOperation("index", "1", source)], refresh="true")
        assert (await engine.get("books", "1")).source == source
        assert [hit.source for hit in await hits(engine, EVERYTHING)] == [source]

    async def test_documents_grow_the_mapping_durably(self, open_engine: OpenEngine) -> None:
        async with open_engine() as engine:
            await made(engine)
            await engine.bulk("books", [index("1", {"n": 1, "title": "x"})])
        async with open_engine() as engine:
            properties = (await engine.metadata()).indices["books"].mappings["properties"]
        assert properties["n"] == {"type": "long"}
        assert properties["title"]["fields"] == {"keyword": {"type": "keyword", "ignore_above": 256}}

    # ── search ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def test_a_search_sees_exactly_what_the_last_refresh_published(self, engine: Engine) -> None:
        await made(engine, settings={"refresh_interval": "-1"})
        await engine.bulk("books", [index("1", {"n": 1}), index("2", {"n": 2})], refresh="true")
        await engine.bulk("books", [index("1", {"n": 9}), delete("2"), index("3", {"n": 3})])
        assert [(hit.id, hit.source) for hit in await hits(engine, EVERYTHING)] == [
            ("1", b'{"n":1}'),
            ("2", b'{"n":2}'),
        ]
        await engine.refresh(["books"])
        assert [(hit.id, hit.source) for hit in await hits(engine, EVERYTHING)] == [
            ("1", b'{"n":9}'),
            ("3", b'{"n":3}'),
        ]

    async def test_fetch_reads_the_documents_of_the_searchs_own_moment_in_the_order_given(self, engine: Engine) -> None:
        await made(engine)
        await engine.bulk("books", [index(f"{n}", {"n": n}, routing="r") for n in range(3)], refresh="true")
        result = await engine.query(QueryRequest(["books"], [query(EVERYTHING)]))
        await engine.bulk("books", [index("0", {"n": 100}), delete("1")], refresh="true")
        ranked = list(reversed(result.lists[0].hits))
        fetched = await engine.fetch(result, ranked, FetchOptions(version=True, seq_no_primary_term=True))
        await engine.release(result)
        assert [(hit.id, hit.source, hit.version, hit.seq_no, hit.primary_term, hit.routing) for hit in fetched] == [
            ("2", b'{"n":2}', 1, 2, 1, "r"),
            ("1", b'{"n":1}', 1, 1, 1, "r"),
            ("0", b'{"n":0}', 1, 0, 1, "r"),
        ]

    async def test_query_and_fetch_finds_what_query_then_fetch_finds_from_a_number_on(self, engine: Engine) -> None:
        await made(engine)
        await engine.bulk("books", [index(f"{n}", {"k": "word " * (n + 1)}) for n in range(5)], refresh="true")
        request = QueryRequest(["books"], [query({"match": {"k": "word"}})], size=4, track_total_hits=True)
        options = FetchOptions(version=True)
        two_steps = await engine.query(request)
        expected = await engine.fetch(two_steps, two_steps.lists[0].hits[1:], options)
        await engine.release(two_steps)
        result, found = await engine.query_and_fetch(request, 1, options)
        assert len(found) == 3
        assert found == expected
        assert (result.lists, result.shards) == (two_steps.lists, two_steps.shards)

    async def test_a_search_over_several_indices_finds_in_all_of_them(self, engine: Engine) -> None:
        for name in ("a", "b"):
            await made(engine, name)
            await engine.bulk(name, [index("1", {"in": name})], refresh="true")
        found = await hits(engine, EVERYTHING, ["a", "b"])
        assert [(hit.index, hit.source) for hit in found] == [("a", b'{"in":"a"}'), ("b", b'{"in":"b"}')]
        assert await hits(engine, EVERYTHING, []) == []

    async def test_every_query_of_a_request_gets_its_own_ranked_list(self, engine: Engine) -> None:
        await made(engine)
        await engine.bulk("books", [index(f"{n}", {"k": f"word{n}"}) for n in range(3)], refresh="true")
        words = [query({"match": {"k": "word1"}}), query(EVERYTHING)]
        result = await engine.query(QueryRequest(["books"], words, track_total_hits=True))
        assert [len(ranked.hits) for ranked in result.lists] == [1, 3]
        assert [ranked.total.value for ranked in result.lists if ranked.total] == [1, 3]
        assert result.shards == 1
        await engine.release(result)

    async def test_count_is_exact_and_obeys_filters(self, engine: Engine) -> None:
        await made(engine, mappings={"properties": {"k": {"type": "keyword"}}})
        await engine.bulk("books", [index(f"{n}", {"k": "even" if n % 2 == 0 else "odd"}) for n in range(9)])
        await engine.refresh(["books"])
        assert await engine.count(["books"], query(EVERYTHING)) == 9
        assert await engine.count(["books"], query(EVERYTHING), {"books": query({"term": {"k": "odd"}})}) == 4
        assert await engine.count([], query(EVERYTHING)) == 0

    async def test_a_filtered_index_shows_only_what_passes(self, engine: Engine) -> None:
        await made(engine, mappings={"properties": {"k": {"type": "keyword"}}})
        await engine.bulk("books", [index("1", {"k": "a"}), index("2", {"k": "b"})], refresh="true")
        found = await hits(engine, EVERYTHING, filters={"books": query({"term": {"k": "b"}})})
        assert [hit.id for hit in found] == ["2"]

    async def test_a_search_past_its_deadline_is_given_up(self, engine: Engine) -> None:
        await made(engine)
        with pytest.raises(OpenSearchTimeoutException):
            await engine.query(QueryRequest(["books"], [query(EVERYTHING)]), Deadline.after(SystemClock(), -1))
        with pytest.raises(OpenSearchTimeoutException):
            await engine.query_and_fetch(
                QueryRequest(["books"], [query(EVERYTHING)]), 0, FetchOptions(), Deadline.after(SystemClock(), -1)
            )

    async def test_a_vector_is_found_by_its_neighbours(self, engine: Engine) -> None:
        await made(
            engine,
            settings={"index.knn": True},
            mappings={"properties": {"v": {"type": "knn_vector", "dimension": 2, "space_type": "l2"}}},
        )
        await engine.bulk("books", [index(f"{n}", {"v": [n, 0]}) for n in range(5)], refresh="true")
        await engine.bulk("books", [delete("2")], refresh="true")
        found = await hits(engine, {"knn": {"v": {"vector": [2.2, 0], "k": 2}}})
        assert [hit.id for hit in found] == ["3", "1"]

    # ── scanning ─────────────────────────────────────────────────────────────────────────────────────────────────────

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

    # ── maintenance ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def test_everything_acknowledged_before_a_refresh_is_found_after_it(self, engine: Engine) -> None:
        await made(engine, settings={"refresh_interval": "-1"})
        await asyncio.gather(*(engine.bulk("books", [index(f"{n}")]) for n in range(20)))
        assert await ids(engine) == []
        await asyncio.gather(engine.refresh(["books"]), engine.refresh(["books"]))
        assert len(await ids(engine)) == 20

    async def test_everything_acknowledged_before_is_found_after_a_start(self, open_engine: OpenEngine) -> None:
        async with open_engine() as engine:
            await made(engine, settings={"refresh_interval": "-1"})
            await engine.bulk("books", [index(f"{n}", {"t": "some words"}) for n in range(10)])
        async with open_engine() as engine:
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


__all__ = ["EngineContract", "OpenEngine"]
