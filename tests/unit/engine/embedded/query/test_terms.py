"""Exact values, ranges, patterns and fuzzy terms beyond what is recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ragstone.core.errors import QueryShardException, SearchPhaseExecutionException
from ragstone.dsl.query import parse_query
from ragstone.engine.embedded.query.fuzzy import edit_distance
from ragstone.engine.embedded.query.same_score import same_score

MAPPINGS: dict[str, Any] = {
    "properties": {
        "k": {"type": "keyword"}, "low": {"type": "keyword", "normalizer": "lowercase"}, "t": {"type": "text"},
        "n": {"type": "long"}, "b": {"type": "boolean"}, "d": {"type": "date"}, "o": {"properties": {"x": {"type": "long"}}},
        "hidden": {"type": "keyword", "index": False, "doc_values": False}, "quiet": {"type": "text", "index": False},
        "other": {"type": "alias", "path": "k"},
    }
}  # fmt: skip


@pytest.fixture
def corpus(new_corpus: Callable[..., Any]) -> Any:
    made = new_corpus(MAPPINGS)
    made.put("1", {"k": "a b", "low": "Xy", "n": 1, "b": True, "d": "2020-01-01T10:00:00Z", "o": {"x": 1}})
    made.put("2", {"k": ["c", "d"], "low": "xY", "n": [5, 9], "b": False, "d": "2020-01-02", "t": "tabs\tand spaces"})
    made.put("3", {"n": -(2**63), "t": "word", "hidden": "h", "quiet": "q"})
    return made


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"term": {"k": "a b"}}, "1"),
        ({"term": {"other": "c"}}, "2"),
        ({"term": {"low": "XY"}}, "12"),
        ({"terms": {"k": ["d", "zz", "a b"]}}, "12"),
        ({"terms": {"d": ["2020-01-01", "2020-01-02"]}}, "12"),
        ({"term": {"d": "2020-01-01"}}, "1"),
        ({"term": {"n": 9}}, "2"),
        ({"term": {"n": 2**70}}, ""),
        ({"range": {"n": {"gte": -(2**70), "lt": 5}}}, "13"),
        ({"range": {"n": {"gt": 2**70}}}, ""),
        ({"range": {"n": {"gt": 4.5, "lt": 5.5}}}, "2"),
        ({"range": {"b": {"gte": True}}}, "1"),
        ({"range": {"k": {"gt": "a b", "lte": "d"}}}, "2"),
        ({"range": {"d": {"lte": "now"}}}, "12"),
        ({"range": {"_seq_no": {"gte": 1}}}, "23"),
        ({"exists": {"field": "o"}}, "1"),
        ({"exists": {"field": "t"}}, "23"),
        ({"exists": {"field": "*"}}, "123"),
        ({"prefix": {"low": "X"}}, "12"),
        ({"wildcard": {"low": "*Y"}}, "12"),
        ({"wildcard": {"k": {"value": "A*", "case_insensitive": True}}}, "1"),
        ({"fuzzy": {"k": {"value": "e", "fuzziness": 1}}}, "2"),
        ({"ids": {"values": ["3", "1"]}}, "13"),
        ({"term": {"_index": "i"}}, "123"),
        ({"match": {"t": "tabs spaces"}}, "2"),
        ({"bool": {"filter": {"terms": {"k": []}}}}, ""),
    ],
)
def test_what_values_are_found(corpus: Any, query: dict[str, Any], ids: str) -> None:
    assert sorted(corpus.ids(query)) == list(ids)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"term": {"n": "x"}}, 'failed to create query: For input string: "x"'),
        ({"term": {"hidden": "h"}}, "failed to create query: Cannot search on field [hidden] since it is both not indexed, and does not have doc_values enabled."),
        ({"match": {"quiet": "q"}}, "failed to create query: Cannot search on field [quiet] since it is not indexed."),
        ({"wildcard": {"n": "1*"}}, "Can only use wildcard queries on keyword and text fields - not on [n] which is of type [long]"),
        ({"range": {"n": {"gt": 1, "relation": "within"}}}, "failed to create query: Field [n] of type [long] does not support WITHIN ranges"),
        ({"match": {"t": {"query": "x", "analyzer": "none"}}}, "[match] analyzer [none] not found"),
        ({"exists": {"field": "_source"}}, "The _source field is not searchable"),
        ({"terms": {"k": [str(n) for n in range(65_537)]}}, "failed to create query: The number of terms [65537] used in the Terms Query request has exceeded the allowed maximum of [65536]. This maximum can be set by changing the [index.max_terms_count] index level setting."),
    ],
)  # fmt: skip
def test_what_does_not_fit_a_field_fails_in_the_shard(corpus: Any, query: dict[str, Any], reason: str) -> None:
    with pytest.raises(SearchPhaseExecutionException) as caught:
        corpus.ids(query)
    failure = caught.value.failures[0].reason
    assert isinstance(failure, QueryShardException)
    assert failure.reason == reason
    assert failure.metadata == {"index": "i", "index_uuid": "uuid-i"}


def test_an_unmapped_field_matches_nothing(corpus: Any) -> None:
    for query in (
        {"term": {"no": 1}},
        {"range": {"no": {"gt": 1}}},
        {"match": {"no": "x"}},
        {"exists": {"field": "no"}},
    ):
        assert corpus.ids(query) == []


@pytest.mark.parametrize(
    ("one", "other", "with_swaps", "without"),
    [("river", "rivet", 1, 1), ("rievr", "river", 1, 2), ("ab", "ba", 1, 2), ("", "abc", 3, 3), ("same", "same", 0, 0)],
)
def test_edits(one: str, other: str, with_swaps: int, without: int) -> None:
    assert (edit_distance(one, other, True), edit_distance(one, other, False)) == (with_swaps, without)


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ({"match_all": {}}, True),
        ({"term": {"k": "x"}}, True),
        ({"match": {"t": "x"}}, False),
        ({"bool": {"filter": [{"match": {"t": "x"}}]}}, True),
        ({"bool": {"must": [{"term": {"k": "x"}}], "should": [{"term": {"k": "y"}}]}}, False),
        ({"bool": {"should": [{"term": {"k": "y"}}]}}, True),
        ({"dis_max": {"queries": [{"term": {"k": "x"}}]}}, False),
    ],
)
def test_which_queries_need_no_ranking(corpus: Any, query: dict[str, Any], same: bool) -> None:
    assert same_score(parse_query(query), corpus.mapper) is same
