"""Search responses as JSON."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException, ShardFailure
from ragstone.dsl.search_body import SearchBody, parse_search_body
from ragstone.engine.values import Hit, Total
from ragstone.pipelines.processor import SearchResponse
from ragstone.search.render import render


def response(**options: Any) -> SearchResponse:
    hit = Hit("i", "1", 1.5, b'{"a": 1, "b": {"c": 2}}', version=3, seq_no=4, primary_term=1)
    return SearchResponse(**{"hits": [hit], "total": Total(1), "max_score": 1.5, "shards": 2, **options})


def shown(body: Any, given: SearchResponse | None = None, **options: Any) -> Any:
    parsed = parse_search_body(body) if isinstance(body, dict) else body
    return json.decode(json.encode(render(parsed, given or response(), 7, **options)))


def test_a_plain_response_has_only_what_every_response_has() -> None:
    assert shown({}) == {
        "took": 7,
        "timed_out": False,
        "_shards": {"total": 2, "successful": 2, "skipped": 0, "failed": 0},
        "hits": {
            "total": {"value": 1, "relation": "eq"},
            "max_score": 1.5,
            "hits": [{"_index": "i", "_id": "1", "_score": 1.5, "_source": {"a": 1, "b": {"c": 2}}}],
        },
    }


@pytest.mark.parametrize(
    ("body", "hit"),
    [
        ({"_source": False}, {"_score": 1.5}),
        ({"_source": ["b"]}, {"_score": 1.5, "_source": {"b": {"c": 2}}}),
        ({"_source": {"excludes": ["b.*"]}}, {"_score": 1.5, "_source": {"a": 1, "b": {}}}),
        ({"stored_fields": ["x"]}, {"_score": 1.5}),
        ({"stored_fields": ["x"], "_source": True}, {"_score": 1.5, "_source": {"a": 1, "b": {"c": 2}}}),
        (
            {"version": True, "seq_no_primary_term": True, "_source": False},
            {"_version": 3, "_seq_no": 4, "_primary_term": 1, "_score": 1.5},
        ),
    ],
)
def test_hits_show_what_is_asked_for(body: Any, hit: Any) -> None:
    assert shown(body)["hits"]["hits"] == [{"_index": "i", "_id": "1", **hit}]


def test_stored_fields_none_hides_the_id() -> None:
    assert shown({"stored_fields": "_none_"})["hits"]["hits"] == [{"_index": "i", "_score": 1.5}]


def test_sort_values_matched_queries_and_further_keys_stand_beside_the_source() -> None:
    hit = Hit("i", "1", None, None, sort=[4], matched_queries=["n"], routing="r", extra={"fields": {"a": [1]}})
    assert shown({}, response(hits=[hit]))["hits"]["hits"] == [
        {
            "_index": "i",
            "_id": "1",
            "_score": None,
            "_routing": "r",
            "fields": {"a": [1]},
            "sort": [4],
            "matched_queries": ["n"],
        }
    ]


def test_totals_may_be_bounds_or_bare_numbers_or_absent() -> None:
    assert shown({}, response(total=Total(10, "gte")))["hits"]["total"] == {"value": 10, "relation": "gte"}
    assert shown({}, response(total=Total(10)), total_as_int=True)["hits"]["total"] == 10
    assert "total" not in shown({}, response(total=None))["hits"]


def test_ext_comes_last_and_only_when_a_processor_wrote_it() -> None:
    given = response(ext={"retrieval_augmented_generation": {"answer": "A"}}, processor_results=[])
    assert list(shown({}, given))[-2:] == ["processor_results", "ext"]
    assert "ext" not in shown({})


def test_failures_of_some_shards_are_shown_beside_the_hits() -> None:
    failure = ShardFailure("j", "node", IllegalArgumentException("bad"))
    shards = shown({}, response(failures=[failure], terminated_early=True))["_shards"]
    assert (shards["successful"], shards["failed"]) == (1, 1)
    assert shards["failures"][0]["reason"]["reason"] == "bad"


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"match_all": {"boost": 1.0}}, "from": 0, "size": 0, "sort": [{"n": {"order": "asc"}}]},
        {"track_total_hits": False, "min_score": 0.5, "timeout": "1500ms", "version": True},
        {"track_total_hits": 0, "search_pipeline": "p", "verbose_pipeline": True, "terminate_after": 3},
        {"_source": False, "stored_fields": ["a"], "search_after": [1, "x"], "explain": True},
        {"_source": {"includes": ["a"], "excludes": ["b"]}, "search_pipeline": {"response_processors": []}},
    ],
)
def test_a_parsed_search_can_be_written_again(body: Any) -> None:
    parsed = parse_search_body(body)
    assert parse_search_body(json.decode(json.encode(parsed.to_json()))) == parsed
    assert SearchBody().to_json() == {}
