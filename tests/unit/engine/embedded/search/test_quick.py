"""Which searches need no thread of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ragstone.dsl.query import parse_query
from ragstone.dsl.sort import parse_sort
from ragstone.engine.embedded.search import quick
from ragstone.engine.embedded.search.quick import MOST_HITS, is_quick, is_quick_fetch
from ragstone.engine.values import FetchOptions, QueryRequest, RankedHit

SEA: dict[str, Any] = {"match": {"body": "sea"}}
ADA: dict[str, Any] = {"term": {"author": "Ada Moor"}}


def judged(corpus: Any, query: dict[str, Any], **request: Any) -> bool:
    return is_quick([corpus.snapshot()], QueryRequest([corpus.name], [parse_query(query)], **request))


@pytest.mark.parametrize(
    "query",
    [
        SEA,
        ADA,
        {"match_all": {}},
        {"bool": {"must": [SEA], "filter": [ADA], "must_not": [{"match": {"title": "guide"}}]}},
    ],
)
def test_words_and_values_of_few_documents_are_quick(books: Any, query: dict[str, Any]) -> None:
    assert judged(books, query)


@pytest.mark.parametrize(
    "query",
    [
        {"match": {"body": {"query": "sea", "fuzziness": "AUTO"}}},
        {"match": {"body": {"query": "sea", "analyzer": "simple"}}},
        {"match": {"body": {"query": "?!", "zero_terms_query": "all"}}},
        {"match": {"year": 2011}},
        {"term": {"author": {"value": "ada moor", "case_insensitive": True}}},
        {"term": {"year": 2011}},
        {"prefix": {"author": "A"}},
        {"bool": {"must": [SEA, {"range": {"year": {"gt": 2000}}}]}},
    ],
)
def test_queries_whose_work_is_not_known_are_not(books: Any, query: dict[str, Any]) -> None:
    assert not judged(books, query)


def test_searches_that_do_more_than_rank_are_not(books: Any) -> None:
    everything = parse_query({"match_all": {}})
    for more in (
        {"sort": parse_sort("year")},
        {"post_filter": everything},
        {"filters": {"books": everything}},
        {"min_score": 0.5},
        {"terminate_after": 1},
        {"size": MOST_HITS + 1},
    ):
        assert not judged(books, SEA, **more)


@pytest.mark.parametrize("query", [SEA, ADA, {"match_all": {}}, {"bool": {"must_not": [ADA]}}])
def test_the_same_query_is_not_where_many_documents_match(
    books: Any, query: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quick, "LONGEST", 0.01)  # of six documents, one is too many
    assert not judged(books, query)


def test_a_vector_search_is_quick_as_long_as_it_compares_few(new_corpus: Callable[..., Any]) -> None:
    field = {"type": "knn_vector", "dimension": 2, "space_type": "l2"}
    corpus = new_corpus({"properties": {"v": field}}, settings={"index.knn": "true"})
    corpus.put("1", {"v": [1, 2]})
    nearest: dict[str, Any] = {"vector": [1, 2], "k": 1}
    assert judged(corpus, {"knn": {"v": nearest}})
    assert not judged(corpus, {"knn": {"v": nearest | {"filter": {"match_all": {}}}}})
    assert not judged(corpus, {"knn": {"v": {"vector": [1, 2], "min_score": 0.5}}})
    for n in range(2, 400):
        corpus.put(str(n), {"v": [n, n]})
    assert corpus.snapshot().vectors["v"].effort(1) == 399 * 2


def test_to_bring_few_documents_is_quick_unless_they_are_tested_by_queries() -> None:
    hit = RankedHit("books", 1, 1.0)
    assert is_quick_fetch([hit] * MOST_HITS, FetchOptions())
    assert not is_quick_fetch([hit] * (MOST_HITS + 1), FetchOptions())
    assert not is_quick_fetch([hit], FetchOptions(named=[parse_query(SEA)]))
