"""Searches in the cluster's words, kept to documents that their caller sees."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import IllegalArgumentException
from ragstone.gateway.restricted import is_possible, kept_within

RED = {"term": {"team": "red"}}
ALL: dict[str, Any] = {"match_all": {}}
KNN: dict[str, Any] = {"knn": {"v": {"vector": [1.0], "k": 2}}}
NARROW = {"knn": {"v": {"vector": [1.0], "k": 2, "filter": {"bool": {"filter": [RED]}}}}}


def asked(body: Any) -> Any:
    return kept_within(body, RED)


def test_the_filter_is_around_every_query() -> None:
    assert asked({})["query"] == {"bool": {"must": [ALL], "filter": [RED]}}
    assert asked({"query": {"match": {"a": "x"}}, "size": 3}) == {
        "query": {"bool": {"must": [{"match": {"a": "x"}}], "filter": [RED]}},
        "size": 3,
    }


@pytest.mark.parametrize(
    "around",
    [
        lambda query: query,
        lambda query: {"bool": {"must": [ALL], "filter": query}},
        lambda query: {"bool": {"must_not": [{"constant_score": {"filter": query}}]}},
        lambda query: {"dis_max": {"queries": [query]}},
        lambda query: {"boosting": {"positive": ALL, "negative": query}},
        lambda query: {"nested": {"path": "a", "query": query}},
        lambda query: {"function_score": {"query": query}},
    ],
)
def test_vector_queries_choose_among_what_is_seen_wherever_they_stand(around: Any) -> None:
    assert asked({"query": around(KNN)})["query"]["bool"]["must"] == [around(NARROW)]
    assert asked({"post_filter": around(KNN)})["post_filter"] == around(NARROW)
    wanted = {"a": {"filter": around(KNN), "aggs": {"b": {"filters": {"filters": {"x": around(KNN)}}}}}}
    shown = asked({"aggs": wanted})["aggs"]["a"]
    assert shown["filter"] == around(NARROW)
    assert shown["aggs"]["b"]["filters"]["filters"]["x"] == around(NARROW)


def test_a_vector_query_keeps_its_own_filter() -> None:
    given = {"knn": {"v": {"vector": [1.0], "k": 2, "filter": {"term": {"n": 1}}}}}
    [shown] = asked({"query": given})["query"]["bool"]["must"]
    assert shown["knn"]["v"]["filter"] == {"bool": {"filter": [{"term": {"n": 1}}, RED]}}


@pytest.mark.parametrize(
    "body",
    [
        {"suggest": {}},
        {"profile": True},
        {"collapse": {"field": "a", "inner_hits": {}}},
        {"rescore": {}},
        {"explain": True},
        {"query": {"has_child": {"type": "a", "query": ALL}}},
        {"query": {"bool": {"should": {"more_like_this": {"like": "x"}}}}},
        {"query": {"terms": {"a": {"index": "b", "id": "1", "path": "c"}}}},
        {"query": {"wrapper": {"query": "e30="}}},
        {"query": {"nested": {"path": "a", "query": ALL, "inner_hits": {}}}},
        {"query": {"script_score": {"query": ALL}}},
        {"query": {"function_score": {"query": ALL, "functions": [{"filter": {"has_child": {}}}]}}},
        {"query": {"match_all": {}, "term": {}}},
        {"query": {"knn": {"v": {"vector": [1.0], "k": 1, "filter": {"has_parent": {}}}}}},
        {"post_filter": {"percolate": {}}},
        {"aggs": {"a": {"global": {}}}},
        {"aggs": {"a": {"significant_terms": {"field": "a"}}}},
        {"aggs": {"a": {"terms": {"field": "a"}, "aggs": {"b": {"children": {"type": "a"}}}}}},
        {"aggs": {"a": {"terms": {"field": "a", "min_doc_count": 0}}}},
        {"aggs": {"a": {"filter": {"has_child": {}}}}},
        {"aggs": {"a": {"terms": {"script": "1"}}}},
        {"sort": [{"a": {"nested": {"path": "b", "filter": {"has_child": {}}}}}]},
        {"sort": {"_script": {"script": "1"}}},
        {"highlight": {"fields": {"a": {"highlight_query": {"has_child": {}}}}}},
        {"query": "x"},
        {"aggs": []},
    ],
)
def test_what_looks_beyond_the_documents_that_are_found_is_not_possible(body: Any) -> None:
    assert not is_possible(body, [])
    with pytest.raises(IllegalArgumentException, match="does not see all documents"):
        asked(body)


def test_what_is_ours_is_possible_until_it_is_done() -> None:
    body = {"query": {"neural": {"v": {"query_text": "x", "k": 1}}}, "ext": {"a": {}}, "search_pipeline": "p"}
    assert is_possible(body, ["size"])
    assert not is_possible({**body, "search_pipeline": {"request_processors": []}}, [])
    with pytest.raises(IllegalArgumentException):
        asked({"query": body["query"]})


@pytest.mark.parametrize("name", ["q", "suggest_text", "suggest_field", "scroll", "index", "explain", "new"])
def test_parameters_that_are_another_search_are_not_possible(name: str) -> None:
    assert not is_possible({}, [name])
