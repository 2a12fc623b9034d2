"""Hybrid queries whose parts are of any kind."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.dsl.foreign import ForeignQuery, parse_foreign_query
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.queries.neural import Neural
from ragstone.search.hybrid import MisplacedHybridException, at_top

SPAN: dict[str, Any] = {"span_term": {"t": "x"}}
FILTER: dict[str, Any] = {"geo_distance": {"distance": "1km", "p": "0,0"}}
HYBRID: dict[str, Any] = {"hybrid": {"queries": [SPAN]}}


@pytest.mark.parametrize("around", [None, "must", "should"])
def test_a_hybrid_query_comes_to_the_top_with_parts_that_nobody_here_knows(around: str | None) -> None:
    query = at_top(parse_foreign_query(HYBRID if around is None else {"bool": {around: [HYBRID]}}))
    assert isinstance(query, HybridQuery)
    assert [part.to_json() for part in query.queries] == [SPAN]


@pytest.mark.parametrize(
    "query", [{"bool": {"must": [HYBRID, SPAN]}}, {"bool": {"filter": HYBRID}}, {"span_not": {"include": HYBRID}}]
)
def test_anywhere_else_it_is_refused(query: dict[str, Any]) -> None:
    with pytest.raises(MisplacedHybridException, match="must be a top level query"):
        at_top(parse_foreign_query(query))


def test_a_field_of_that_name_is_no_query() -> None:
    assert parse_foreign_query({"term": {"hybrid": "x"}}).children() == ()


def test_the_filter_goes_into_clauses_for_vectors_and_around_others() -> None:
    knn = {"knn": {"v": {"vector": [1], "k": 1}}}
    filtered = {"knn": {"v": {"vector": [1], "k": 1, "filter": SPAN}}}
    neural = {"neural": {"v": {"query_text": "x", "model_id": "m"}}}
    query = at_top(parse_foreign_query({"hybrid": {"queries": [SPAN, knn, filtered, neural], "filter": FILTER}}))
    assert isinstance(query, HybridQuery)
    plain, first, second, third = query.queries
    assert plain.to_json()["bool"]["must"] == [SPAN]
    assert plain.to_json()["bool"]["filter"] == [FILTER]
    assert first.to_json()["knn"]["v"]["filter"] == FILTER
    assert second.to_json()["knn"]["v"]["filter"] == {"bool": {"filter": [SPAN, FILTER]}}
    assert isinstance(third, Neural)
    assert third.filter == ForeignQuery.parse(FILTER)
