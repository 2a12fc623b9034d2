"""Searches in somebody else's words."""

from __future__ import annotations

from typing import Any

import pytest

import ragstone.dsl.queries
import ragstone.rag.parameters  # noqa: F401  (registers its section of ext)
from ragstone.core.errors import ParsingException
from ragstone.dsl.foreign import ForeignQuery, parse_foreign_search
from ragstone.dsl.queries.neural import Neural

NEURAL = {"neural": {"v": {"query_text": "ships", "model_id": "m", "k": 3}}}
GEO = {"geo_distance": {"distance": "1km", "place": {"lat": 1, "lon": 2}}}


def test_what_is_not_ours_stays_as_it_is() -> None:
    body = {
        "query": {"nested": {"path": "p", "query": GEO, "unheard_of": [1, {"a": None}]}},
        "aggs": {"by": {"terms": {"field": "x"}, "aggs": {"top": {"top_hits": {}}}}},
        "highlight": {"fields": {"t": {}}},
        "size": 3,
        "from": "2",
        "collapse": {"field": "x"},
        "_source": ["a", "b.*"],
        "track_total_hits": -7,
    }
    assert parse_foreign_search(body).for_engine() == body


def test_our_clauses_are_found_wherever_they_stand() -> None:
    query = ForeignQuery.parse({"bool": {"should": [GEO, NEURAL, {"function_score": {"query": NEURAL}}]}})
    assert [type(child) for child in query.children()] == [Neural, Neural]
    made = query.with_children((ForeignQuery.parse(GEO), ForeignQuery.parse({"match_all": {}})))
    assert made.to_json() == {"bool": {"should": [GEO, GEO, {"function_score": {"query": {"match_all": {}}}}]}}


@pytest.mark.parametrize(
    "query",
    [
        {"match": {"neural": "ships"}},
        {"match": {"neural": {"query": "ships", "operator": "and"}}},
        {"term": {"neural": {"value": "x"}}},
        {"range": {"neural": {"gte": 1}}},
    ],
)
def test_a_field_of_a_clauses_name_is_no_clause(query: dict[str, Any]) -> None:
    assert ForeignQuery.parse(query).children() == ()
    assert ForeignQuery.parse(query).to_json() == query


def test_a_filter_inside_our_clause_may_be_of_any_kind() -> None:
    [neural] = ForeignQuery.parse({"neural": {"v": {"query_text": "x", "model_id": "m", "filter": GEO}}}).children()
    assert isinstance(neural, Neural)
    knn = neural.to_knn([1.0, 2.0]).to_json()
    assert knn == {"knn": {"v": {"vector": [1.0, 2.0], "k": 10, "filter": GEO}}}


def test_our_clauses_are_read_strictly() -> None:
    with pytest.raises(ParsingException, match="does not support"):
        ForeignQuery.parse({"bool": {"must": {"neural": {"v": {"query_txt": "x"}}}}})


def test_what_is_for_us_does_not_reach_the_engine() -> None:
    body = {
        "query": {"match_all": {}},
        "ext": {"generative_qa_parameters": {"llm_question": "why?"}, "theirs": {"a": 1}},
        "search_pipeline": "p",
        "verbose_pipeline": True,
    }
    search = parse_foreign_search(body)
    assert search.for_engine() == {"query": {"match_all": {}}, "ext": {"theirs": {"a": 1}}}
    assert search.search_pipeline == "p"
    assert search.verbose_pipeline
    assert set(search.ext) == {"generative_qa_parameters"}


def test_a_body_that_is_no_object_is_refused() -> None:
    with pytest.raises(ParsingException):
        parse_foreign_search([1])
