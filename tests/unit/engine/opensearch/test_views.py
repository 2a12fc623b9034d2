"""Views as a cluster is asked about them."""

from __future__ import annotations

from typing import Any

import pytest

import ragstone.dsl.queries  # noqa: F401  (registers them)
from ragstone.core.caller import IndexView
from ragstone.core.errors import IllegalArgumentException
from ragstone.dsl.aggregation import Aggregation
from ragstone.dsl.foreign import ForeignQuery
from ragstone.dsl.query import Query, parse_query
from ragstone.engine.opensearch.views import inside
from ragstone.engine.values import QueryRequest
from ragstone.engine.visibility import visibility

RED = IndexView(documents=('{"term": {"team": "red"}}',))
SHOWN = {
    "bool": {"should": [{"term": {"team": {"value": "red", "boost": 1.0}}}], "adjust_pure_negative": True, "boost": 1.0}
}
KNN: dict[str, Any] = {"knn": {"v": {"vector": [1.0], "k": 2}}}


def asked(*queries: Query, indices: tuple[str, ...] = ("books",), view: IndexView = RED, **more: Any) -> QueryRequest:
    return inside(QueryRequest(indices, queries, views={"books": visibility(view)}, **more))


def test_a_request_without_views_stays_as_it_is() -> None:
    request = QueryRequest(["books"], [parse_query({"match_all": {}})])
    assert inside(request) is request


def test_the_documents_of_a_view_are_a_filter_of_its_index() -> None:
    request = asked(parse_query({"match_all": {}}))
    assert {name: found.to_json() for name, found in request.filters.items()} == {"books": SHOWN}
    assert request.views == {}


def test_a_filter_that_is_there_counts_too() -> None:
    request = asked(parse_query({"match_all": {}}), filters={"books": parse_query({"exists": {"field": "n"}})})
    assert [clause.to_json() for clause in request.filters["books"].children()] == [
        {"exists": {"field": "n", "boost": 1.0}},
        SHOWN,
    ]


@pytest.mark.parametrize(
    "around", [lambda knn: knn, lambda knn: {"bool": {"must": [knn]}}, lambda knn: {"constant_score": {"filter": knn}}]
)
def test_vector_queries_choose_among_visible_documents_wherever_they_stand(around: Any) -> None:
    [query] = asked(parse_query(around(KNN))).queries
    assert str(SHOWN) in str(query.to_json())
    post_filter = asked(parse_query({"match_all": {}}), post_filter=parse_query(around(KNN))).post_filter
    assert post_filter is not None
    assert str(SHOWN) in str(post_filter.to_json())


def test_a_vector_query_keeps_its_own_filter() -> None:
    [query] = asked(parse_query({"knn": {"v": {**KNN["knn"]["v"], "filter": {"term": {"n": 1}}}}})).queries
    [both] = query.children()
    assert [clause.to_json() for clause in both.children()] == [{"term": {"n": {"value": 1, "boost": 1.0}}}, SHOWN]


def test_in_other_indices_a_vector_query_is_free() -> None:
    [query] = asked(parse_query(KNN), indices=("books", "a")).queries
    [passing] = query.children()
    assert passing.to_json() == {
        "bool": {
            "should": [
                {"bool": {"filter": [{"term": {"_index": "books"}}, SHOWN]}},
                {"bool": {"must_not": [{"terms": {"_index": ["books"]}}]}},
            ]
        }
    }


def test_a_view_of_nothing_matches_nothing() -> None:
    request = asked(parse_query({"match_all": {}}), view=IndexView(documents=()))
    assert list(request.filters["books"].to_json()) == ["match_none"]


@pytest.mark.parametrize("view", [IndexView(fields=("a",)), IndexView(masked=("a",))])
def test_hidden_and_masked_fields_are_refused(view: IndexView) -> None:
    with pytest.raises(IllegalArgumentException, match=r"\[field-level security before a cluster\] is not supported"):
        asked(parse_query({"match_all": {}}), view=view)


@pytest.mark.parametrize("around", [lambda query: query, lambda query: {"bool": {"must": [query]}}])
def test_a_query_that_nobody_here_has_read_is_refused(around: Any) -> None:
    query = ForeignQuery.parse(around({"more_like_this": {"like": [{"_index": "books", "_id": "1"}]}}))
    with pytest.raises(IllegalArgumentException, match="document-level security for a query that only the cluster"):
        asked(query)


class Global(Aggregation):
    wire_name = "global"


def test_an_aggregation_that_looks_beyond_the_query_is_refused() -> None:
    with pytest.raises(IllegalArgumentException, match="document-level security for the aggregation global"):
        asked(parse_query({"match_all": {}}), aggregations={"all": Global()})
