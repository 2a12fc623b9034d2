"""The guarantees of `QueryRequest.views`, for documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ragstone.core import json
from ragstone.core.caller import IndexView
from ragstone.dsl.aggregation import parse_aggregations
from ragstone.dsl.sort import parse_sort
from ragstone.engine.api import Engine
from ragstone.engine.values import QueryRequest, Total
from ragstone.engine.visibility import Visibility, visibility
from ragstone.testing.engine_contract.words import EVERYTHING, Opened, hits, index, made, query

_MAPPINGS = {"properties": {"team": {"type": "keyword"}, "n": {"type": "integer"}}}


def seeing(*documents: Any) -> dict[str, Visibility]:
    """Views of `books` that show what matches one of the queries."""
    return {"books": visibility(IndexView(documents=tuple(json.encode(one).decode() for one in documents)))}


RED = seeing({"term": {"team": "red"}})


async def _filled(engine: Engine, **more: Any) -> None:
    await made(engine, mappings=_MAPPINGS, **more)
    teams = ["red", "blue", "red", "blue", "red"]
    documents = [index(f"{n}", {"team": team, "n": n, "text": f"word number{n}"}) for n, team in enumerate(teams)]
    await engine.bulk("books", documents, refresh="true")


async def _ids(engine: Engine, body: Any, views: dict[str, Visibility], **options: Any) -> list[str]:
    return [hit.id for hit in await hits(engine, body, views=views, **options)]


class ViewContract(Opened):
    async def test_a_view_hides_documents_from_every_query(self, engine: Engine) -> None:
        await _filled(engine)
        assert await _ids(engine, EVERYTHING, RED) == ["0", "2", "4"]
        assert await _ids(engine, {"term": {"team": "blue"}}, RED) == []
        either = {"bool": {"should": [EVERYTHING, {"term": {"team": "blue"}}]}}
        assert await _ids(engine, either, RED) == ["0", "2", "4"]
        assert await _ids(engine, {"bool": {"must_not": [{"term": {"team": "red"}}]}}, RED) == []
        assert await _ids(engine, {"ids": {"values": ["1", "2"]}}, RED) == ["2"]

    async def test_a_document_is_visible_when_one_query_of_the_view_shows_it(self, engine: Engine) -> None:
        await _filled(engine)
        assert await _ids(engine, EVERYTHING, seeing({"term": {"n": 1}}, {"term": {"n": 4}})) == ["1", "4"]
        assert await _ids(engine, EVERYTHING, seeing()) == []

    async def test_a_view_changes_no_score(self, engine: Engine) -> None:
        await _filled(engine)
        everybodys = {hit.id: hit.score for hit in await hits(engine, {"match": {"text": "word"}})}
        found = await hits(engine, {"match": {"text": "word"}}, views=RED)
        assert {hit.id: hit.score for hit in found} == {id: everybodys[id] for id in ("0", "2", "4")}

    async def test_a_view_counts_for_totals_counts_and_pages(self, engine: Engine) -> None:
        await _filled(engine)
        assert await engine.count(["books"], query(EVERYTHING), views=RED) == 3
        assert await engine.count(["books"], query({"range": {"n": {"gte": 1}}}), views=RED) == 2
        request = QueryRequest(["books"], [query(EVERYTHING)], size=0, track_total_hits=True, views=RED)
        result = await engine.query(request)
        await engine.release(result)
        assert result.lists[0].total == Total(3)

    async def test_a_view_holds_when_hits_are_sorted(self, engine: Engine) -> None:
        await _filled(engine)
        assert await _ids(engine, EVERYTHING, RED, sort=parse_sort([{"n": "desc"}])) == ["4", "2", "0"]
        assert await _ids(engine, EVERYTHING, RED, sort=parse_sort([{"n": "desc"}]), search_after=[3]) == ["2", "0"]

    async def test_aggregations_see_what_a_view_shows(self, engine: Engine) -> None:
        await _filled(engine)
        wanted = parse_aggregations({"teams": {"terms": {"field": "team"}}})
        result = await engine.query(QueryRequest(["books"], [query(EVERYTHING)], aggregations=wanted, views=RED))
        await engine.release(result)
        assert result.aggregations["teams"]["buckets"] == [{"key": "red", "doc_count": 3}]

    async def test_every_query_of_a_request_stays_inside_the_view(self, engine: Engine) -> None:
        await _filled(engine)
        queries = [query({"term": {"team": "blue"}}), query({"range": {"n": {"lte": 3}}})]
        result = await engine.query(QueryRequest(["books"], queries, track_total_hits=True, views=RED))
        await engine.release(result)
        assert [len(found.hits) for found in result.lists] == [0, 2]
        assert result.union == Total(2)

    async def test_the_nearest_vectors_are_looked_for_among_visible_documents(self, engine: Engine) -> None:
        method = {"name": "hnsw", "engine": "lucene", "space_type": "l2"}
        vector = {"type": "knn_vector", "dimension": 2, "method": method}
        mappings = {"properties": {**_MAPPINGS["properties"], "v": vector}}
        await made(engine, settings={"index.knn": True}, mappings=mappings)
        documents = [index(f"{n}", {"v": [n, 0], "n": n, "team": "red" if n % 2 else "blue"}) for n in range(6)]
        await engine.bulk("books", documents, refresh="true")
        near: dict[str, Any] = {"vector": [2.1, 0], "k": 2}
        assert await _ids(engine, {"knn": {"v": near}}, RED) == ["3", "1"]
        filtered = {"knn": {"v": {**near, "filter": {"range": {"n": {"gte": 2}}}}}}
        assert await _ids(engine, filtered, RED) == ["3", "5"]
        inside = {"bool": {"must": [{"knn": {"v": near}}]}}
        assert await _ids(engine, inside, RED) == ["3", "1"]

    async def test_views_are_of_single_indices(self, engine: Engine) -> None:
        await _filled(engine)
        await made(engine, "a")
        await engine.bulk("a", [index("9", {"team": "blue"})], refresh="true")
        assert sorted(await _ids(engine, EVERYTHING, RED, indices=["a", "books"])) == ["0", "2", "4", "9"]

    async def test_a_view_and_a_filter_both_count(self, engine: Engine) -> None:
        await _filled(engine)
        filters = {"books": query({"range": {"n": {"gte": 1}}})}
        assert await _ids(engine, EVERYTHING, RED, filters=filters) == ["2", "4"]
        assert await engine.count(["books"], query(EVERYTHING), filters, RED) == 2


__all__: Sequence[str] = ["ViewContract", "seeing"]
