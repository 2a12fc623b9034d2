"""Hybrid searches over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core import json
from ragstone.testing.asgi import AsgiClient

FIRST = {"A": 3.0, "B": 2.0, "C": 1.0}
SECOND = {"B": 0.9, "C": 0.6, "D": 0.3}


def scored(scores: dict[str, float]) -> dict[str, Any]:
    """A query that gives each document its own score."""
    clauses = [{"constant_score": {"filter": {"term": {"n": n}}, "boost": score}} for n, score in scores.items()]
    return {"bool": {"should": clauses}}


def hybrid(*queries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"hybrid": {"queries": list(queries), **more}}


BOTH = hybrid(scored(FIRST), scored(SECOND))


@pytest.fixture
async def index(client: AsgiClient) -> AsgiClient:
    vector = {"type": "knn_vector", "dimension": 1, "method": {"name": "hnsw", "engine": "lucene"}}
    mappings = {"properties": {"n": {"type": "keyword"}, "v": vector}}
    await client("PUT /i", {"settings": {"index.knn": True}, "mappings": mappings})
    lines: list[Any] = []
    for place, name in enumerate("ABCD"):
        lines += [{"index": {"_id": name}}, {"n": name, "v": [place]}]
    await client("POST /i/_bulk?refresh=true", b"".join(json.encode(line) + b"\n" for line in lines))
    return client


async def search(
    client: AsgiClient, query: dict[str, Any], url: str = "/i/_search", start: int = 0, **more: Any
) -> Any:
    answer = await client(f"GET {url}", {"_source": False, "query": query, "from": start, **more})
    return answer.json


def scores(answer: Any) -> dict[str, float | None]:
    return {hit["_id"]: hit["_score"] for hit in answer["hits"]["hits"]}


async def test_without_a_pipeline_scores_are_normalised_by_the_defaults(index: AsgiClient) -> None:
    answer = await search(index, BOTH)
    assert scores(answer) == {"B": 0.75, "A": 0.5, "C": 0.25050002, "D": 0.0005}
    assert (answer["hits"]["max_score"], answer["hits"]["total"]["value"]) == (0.75, 4)


async def test_a_pipeline_says_how_scores_are_combined(index: AsgiClient) -> None:
    rrf = {"score-ranker-processor": {"combination": {"technique": "rrf", "rank_constant": 60}}}
    await index("PUT /_search/pipeline/p", {"phase_results_processors": [rrf]})
    answer = await search(index, BOTH, "/i/_search?search_pipeline=p")
    assert scores(answer) == {"B": 0.032522473, "C": 0.032002047, "A": 0.016393442, "D": 0.015873017}


async def test_a_page_counts_all_documents_that_any_sub_query_matches(index: AsgiClient) -> None:
    answer = await search(index, BOTH, size=1)
    assert (scores(answer), answer["hits"]["total"]["value"]) == ({"A": 0.5}, 4)
    answer = await search(index, BOTH, size=0, aggs={"n": {"terms": {"field": "n"}}})
    assert (answer["hits"]["hits"], answer["hits"]["total"]["value"], answer["hits"]["max_score"]) == ([], 4, 3.0)
    assert [bucket["key"] for bucket in answer["aggregations"]["n"]["buckets"]] == ["A", "B", "C", "D"]
    assert (await index("GET /i/_count", {"query": BOTH})).json["count"] == 4


async def test_later_pages_need_a_depth(index: AsgiClient) -> None:
    answer = await search(index, BOTH, start=1)
    assert answer["error"]["root_cause"][0]["reason"] == "pagination_depth param is missing in the search request"
    deep = hybrid(scored(FIRST), scored(SECOND), pagination_depth=10)
    assert scores(await search(index, deep, size=2, start=1)) == {"A": 0.5, "C": 0.25050002}
    answer = await search(index, deep, start=4)
    assert answer["error"]["caused_by"]["reason"].startswith("Reached end of search result")


async def test_a_least_score_is_one_of_combined_scores(index: AsgiClient) -> None:
    answer = await search(index, BOTH, min_score=0.5)
    assert (scores(answer), answer["hits"]["total"]["value"]) == ({"B": 0.75, "A": 0.5}, 2)


async def test_a_post_filter_cuts_before_scores_are_compared(index: AsgiClient) -> None:
    answer = await search(index, BOTH, post_filter={"term": {"n": "B"}})
    assert (scores(answer), answer["hits"]["total"]["value"]) == ({"B": 1.0}, 1)
    answer = await search(index, BOTH, post_filter={"terms": {"n": ["B", "C"]}}, size=1)
    assert answer["hits"]["total"]["value"] == 2


async def test_sorted_by_a_field_there_are_no_scores(index: AsgiClient) -> None:
    answer = await search(index, BOTH, sort=[{"n": "desc"}], size=3)
    assert scores(answer) == {"D": None, "C": None, "B": None}
    assert (answer["hits"]["max_score"], answer["hits"]["total"]["value"]) == (None, 4)
    answer = await search(index, BOTH, sort=["n"], search_after=["B"])
    assert scores(answer) == {"C": None, "D": None}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"sort": ["_score", "n"]}, "_score sort criteria cannot be applied with any other criteria."),
        ({"sort": ["n"], "track_scores": True}, "Hybrid search results when sorted by any field"),
        ({"sort": ["n"], "min_score": 1}, "[min_score of a hybrid query sorted by fields] is not supported"),
        ({"sort": [{"_score": "asc"}]}, "[hybrid query sorted by ascending _score] is not supported"),
        ({"post_filter": BOTH}, "hybrid query must be a top level query"),
    ],
)
async def test_what_does_not_go_together_is_refused(index: AsgiClient, more: dict[str, Any], reason: str) -> None:
    answer = await search(index, BOTH, **more)
    assert answer["status"] == 400
    assert answer["error"]["root_cause"][0]["reason"].startswith(reason)


async def test_names_of_hybrid_and_sub_queries_are_told(index: AsgiClient) -> None:
    query = hybrid({"term": {"n": {"value": "A", "_name": "one"}}}, {"match_all": {}}, _name="mix")
    answer = await search(index, query)
    assert [hit["matched_queries"] for hit in answer["hits"]["hits"]] == [["mix", "one"]] + [["mix"]] * 3


async def test_vectors_are_chosen_among_what_the_filter_leaves(index: AsgiClient) -> None:
    nearest = {"knn": {"v": {"vector": [0], "k": 1}}}
    answer = await search(index, hybrid({"term": {"n": "A"}}, nearest, filter={"term": {"n": "D"}}))
    assert scores(answer) == {"D": 0.5}


async def test_an_empty_answer_has_no_best_score(index: AsgiClient) -> None:
    answer = await search(index, hybrid({"term": {"n": "none"}}, {"term": {"n": "none"}}))
    assert answer["hits"] == {"total": {"value": 0, "relation": "eq"}, "max_score": 0.0, "hits": []}


async def test_indices_compete_in_one_scale(index: AsgiClient) -> None:
    await index("PUT /j/_doc/E?refresh=true", {"n": "E"})
    answer = await search(index, hybrid({"match_all": {}}, {"match": {"n": "E"}}), "/i,j/_search")
    assert answer["hits"]["total"]["value"] == 5
    assert scores(answer) == {"E": 1.0, "A": 0.5, "B": 0.5, "C": 0.5, "D": 0.5}


@pytest.mark.parametrize(
    ("clause", "reason", "column"),
    [
        ({}, "[hybrid] requires 'queries' field with at least one clause", 21),
        ({"queries": []}, "[_na] query malformed, must start with start_object", 32),
        ({"queries": [{"match_all": {}}], "boost": 2}, "[hybrid] query does not support [boost]", 58),
        ({"queries": [{"match_all": {}}], "x": 2}, "Field is not supported by [hybrid] query", 54),
        ({"queries": [{"match_all": {}}], "filter": []}, "Field is not supported by [hybrid] query", 59),
        (
            {"queries": [{"match_all": {}}] * 6},
            "Number of sub-queries exceeds maximum supported by [hybrid] query",
            117,
        ),
    ],
)
async def test_a_clause_that_is_none_is_a_client_error(
    index: AsgiClient, clause: dict[str, Any], reason: str, column: int
) -> None:
    answer = (await index("GET /i/_search", json.encode({"query": {"hybrid": clause}}))).json
    assert (answer["status"], answer["error"]["reason"], answer["error"]["col"]) == (400, reason, column)
