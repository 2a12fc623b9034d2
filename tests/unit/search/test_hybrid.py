"""Where a hybrid query may stand."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.query import parse_query
from ragstone.search.hybrid import MisplacedHybridException, at_top

TERM: dict[str, Any] = {"term": {"n": "A"}}
HYBRID: dict[str, Any] = {"hybrid": {"queries": [TERM]}}


@pytest.mark.parametrize("clause", ["must", "should"])
def test_a_hybrid_query_alone_in_a_bool_comes_to_the_top(clause: str) -> None:
    assert at_top(parse_query({"bool": {clause: [{"bool": {clause: HYBRID}}]}})) == parse_query(HYBRID)


@pytest.mark.parametrize(
    "query",
    [
        {"bool": {"must": [HYBRID, TERM]}},
        {"bool": {"must_not": [HYBRID]}},
        {"bool": {"filter": [HYBRID]}},
        {"bool": {"must": [HYBRID], "filter": [TERM]}},
        {"bool": {"must": [HYBRID], "boost": 2}},
        {"constant_score": {"filter": HYBRID}},
        {"dis_max": {"queries": [HYBRID]}},
        {"hybrid": {"queries": [TERM], "filter": HYBRID}},
    ],
)
def test_anywhere_else_it_is_refused(query: dict[str, Any]) -> None:
    with pytest.raises(MisplacedHybridException, match="must be a top level query"):
        at_top(parse_query(query))


def test_a_hybrid_query_in_a_hybrid_query_is_refused() -> None:
    with pytest.raises(MisplacedHybridException, match="cannot be nested in another hybrid query"):
        at_top(parse_query({"hybrid": {"queries": [HYBRID]}}))


def test_the_filter_goes_into_every_sub_query_and_before_the_choice_of_vectors() -> None:
    knn = {"knn": {"v": {"vector": [1.0], "k": 1}}}
    filtered = {"knn": {"v": {"vector": [1.0], "k": 1, "filter": {"exists": {"field": "n"}}}}}
    found = at_top(parse_query({"hybrid": {"queries": [TERM, knn, filtered], "filter": {"term": {"n": "B"}}}}))
    assert isinstance(found, HybridQuery)
    wanted = parse_query({"term": {"n": "B"}})
    both = parse_query({"bool": {"filter": [{"exists": {"field": "n"}}, {"term": {"n": "B"}}]}})
    assert found.filter is None
    assert [query.children() for query in found.queries] == [(parse_query(TERM), wanted), (wanted,), (both,)]
