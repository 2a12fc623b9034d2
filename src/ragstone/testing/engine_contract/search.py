"""The guarantees of SearchEngine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ragstone.core.clock import Deadline, SystemClock
from ragstone.core.errors import (
    IndexClosedException,
    IndexNotFoundException,
    OpenSearchTimeoutException,
    SearchContextMissingException,
)
from ragstone.dsl.sort import parse_sort
from ragstone.engine.api import Engine
from ragstone.engine.values import FetchOptions, QueryRequest, RankedHit, Total
from ragstone.testing.engine_contract.words import (
    EVERYTHING,
    Opened,
    delete,
    hits,
    index,
    made,
    query,
)


class SearchContract(Opened):
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

    async def test_a_reader_sees_its_moment_until_it_is_closed(self, engine: Engine) -> None:
        await made(engine)
        await engine.bulk("books", [index(f"{n}", {"n": n}) for n in range(3)], refresh="true")
        reader = await engine.open_reader(["books"], 60)
        assert (reader.indices, reader.shards) == (("books",), 1)
        await engine.bulk("books", [index("0", {"n": 9}), delete("1"), index("3", {})], refresh="true")
        held = await hits(engine, EVERYTHING, reader=reader)
        assert sorted((hit.id, hit.source) for hit in held) == [(f"{n}", b'{"n":%d}' % n) for n in range(3)]
        assert len(await hits(engine, EVERYTHING)) == 3
        await engine.close_reader(reader)
        await engine.close_reader(reader)
        with pytest.raises(SearchContextMissingException):
            await hits(engine, EVERYTHING, reader=reader)

    @pytest.mark.parametrize("order", [(), ("n",), ("n", "_score"), ("_doc",), ("k",)])
    @pytest.mark.parametrize("body", [EVERYTHING, {"match": {"t": "word"}}, {"match_all": {"boost": 0.1}}])
    async def test_pages_behind_one_another_bring_every_match_of_a_reader_once_and_in_order(
        self, engine: Engine, order: tuple[str, ...], body: dict[str, Any]
    ) -> None:
        fields = {"n": {"type": "integer"}, "t": {"type": "text"}, "k": {"type": "keyword"}}
        for name in ("a", "b"):
            await made(engine, name, mappings={"properties": fields})
            documents = [{"n": n // 3, "t": "word " * (n % 3 + 1), "k": None if n % 2 else "same"} for n in range(9)]
            await engine.bulk(name, [index(f"{n}", document) for n, document in enumerate(documents)], refresh="true")
        reader = await engine.open_reader(["a", "b"], 60)
        whole = QueryRequest(["a", "b"], [query(body)], 100, parse_sort(list(order)), reader=reader)
        everything, _ = await engine.query_and_fetch(whole, 0, FetchOptions(source=False))
        for size in (1, 4):
            pages: list[RankedHit] = []
            while True:
                request = replace(whole, size=size, behind=pages[-1] if pages else None)
                found, fetched = await engine.query_and_fetch(request, 0, FetchOptions(source=False))
                assert found.lists[0].total == Total(18)
                if not fetched:
                    break
                pages += found.lists[0].hits
            expected = [(hit.index, hit.ref) for hit in everything.lists[0].hits]
            assert [(hit.index, hit.ref) for hit in pages] == expected
            assert len(set(expected)) == 18
        await engine.close_reader(reader)

    async def test_a_reader_of_an_index_that_is_gone_or_closed_says_so(self, engine: Engine) -> None:
        for name in ("a", "b"):
            await made(engine, name)
        both, one = await engine.open_reader(["a", "b"], 60), await engine.open_reader(["b"], 60)
        await engine.delete_index("a")
        with pytest.raises(IndexNotFoundException):
            await hits(engine, EVERYTHING, ["a", "b"], reader=both)
        await engine.close_index("b")
        with pytest.raises((IndexClosedException, SearchContextMissingException)):
            await hits(engine, EVERYTHING, ["b"], reader=one)
        await engine.open_index("b")
        with pytest.raises(SearchContextMissingException):
            await hits(engine, EVERYTHING, ["b"], reader=one)

    async def test_shard_doc_tells_the_documents_of_a_reader_apart(self, engine: Engine) -> None:
        await made(engine)
        await engine.bulk("books", [index(f"{n}", {"n": 1}) for n in range(6)], refresh="true")
        reader = await engine.open_reader(["books"], 60)
        order = parse_sort([{"n": "asc"}, "_shard_doc"])
        found = await hits(engine, EVERYTHING, sort=order, reader=reader)
        assert [hit.id for hit in found] == [f"{n}" for n in range(6)]
        behind = await hits(engine, EVERYTHING, sort=order, search_after=found[3].sort, reader=reader)
        assert [(hit.id, hit.sort) for hit in behind] == [(hit.id, hit.sort) for hit in found[4:]]
        await engine.close_reader(reader)

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
        method = {"name": "hnsw", "engine": "lucene", "space_type": "l2"}
        await made(
            engine,
            settings={"index.knn": True},
            mappings={"properties": {"v": {"type": "knn_vector", "dimension": 2, "method": method}}},
        )
        await engine.bulk("books", [index(f"{n}", {"v": [n, 0]}) for n in range(5)], refresh="true")
        await engine.bulk("books", [delete("2")], refresh="true")
        found = await hits(engine, {"knn": {"v": {"vector": [2.2, 0], "k": 2}}})
        assert [hit.id for hit in found] == ["3", "1"]
