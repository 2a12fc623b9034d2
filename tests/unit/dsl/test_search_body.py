"""Search bodies: what is read, what is refused and where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from ragstone.core import json as ragstone_json
from ragstone.core.errors import OpenSearchException, ParsingException, error_body
from ragstone.core.xcontent import locate
from ragstone.dsl.ext import ext_sections
from ragstone.dsl.queries.term import TermQuery
from ragstone.dsl.search_body import SearchBody, parse_query_body, parse_search_body
from ragstone.dsl.sort import SortField
from ragstone.dsl.source_filter import SourceFilter
from ragstone.dsl.unsupported import QUERIES, SEARCH_KEYS

GOLDEN = Path(__file__).parents[2] / "golden" / "queries" / "parse_errors.json"
CASES = json.loads(GOLDEN.read_text())["cases"]


def error_of(body: Any) -> dict[str, Any]:
    """The error object a client sees for a body that can't be parsed."""
    text = json.dumps(body).encode()
    decoded = ragstone_json.decode(text)
    with pytest.raises(OpenSearchException) as caught:
        parse_search_body(decoded)
    locate(caught.value, text, decoded)
    shown: dict[str, Any] = json.loads(ragstone_json.encode(error_body(caught.value)))
    assert caught.value.status == 400
    return dict(shown["error"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case["body"]))
def test_what_can_not_be_parsed_is_refused_as_recorded(case: dict[str, Any]) -> None:
    assert error_of(case["body"]) == case["error"]


def test_an_array_where_match_wants_text_is_refused_too() -> None:
    # OpenSearch answers this one with 500
    assert (
        error_of({"query": {"match": {"t": ["a", "b"]}}})["reason"] == "[match] unknown token [START_ARRAY] after [t]"
    )


def test_everything_there_is_to_ask_for() -> None:
    body = parse_search_body(
        {
            "query": {"term": {"k": "a"}}, "post_filter": {"term": {"k": "b"}}, "from": "3", "size": 4.0,
            "sort": ["a", {"b": "desc"}], "search_after": [1, None], "_source": {"includes": ["a.*"], "exclude": "b"},
            "min_score": "0.5", "track_total_hits": 7, "track_scores": True, "version": True,
            "seq_no_primary_term": True, "explain": "false", "stored_fields": "_none_", "timeout": "2s",
            "terminate_after": 9, "indices_boost": [{"i": 2}], "search_pipeline": "p", "verbose_pipeline": True,
            "profile": False, "stats": ["x"], "include_named_queries_score": False,
        }
    )  # fmt: skip
    assert body == SearchBody(
        query=TermQuery(field="k", value="a"), post_filter=TermQuery(field="k", value="b"), from_=3, size=4,
        sort=(SortField("a"), SortField("b", "desc")), search_after=(1, None),
        source=SourceFilter(includes=("a.*",), excludes=("b",)), min_score=0.5, track_total_hits=7,
        track_scores=True, version=True, seq_no_primary_term=True, stored_fields=("_none_",), timeout=2.0,
        terminate_after=9, indices_boost=(("i", 2.0),), search_pipeline="p", verbose_pipeline=True,
    )  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), [(True, True), ("false", False), (0, 0), ("5", 5), (-1, False)])
def test_track_total_hits_is_a_boolean_or_a_number(given: Any, expected: Any) -> None:
    found = parse_search_body({"track_total_hits": given}).track_total_hits
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("key", SEARCH_KEYS)
def test_what_is_not_supported_says_so_unless_it_asks_for_nothing(key: str) -> None:
    assert error_of({key: {"x": {}}})["reason"] == f"[{key}] is not supported by Ragstone yet"
    assert parse_search_body({key: {}}) == SearchBody()


@pytest.mark.parametrize("name", QUERIES)
def test_a_known_query_that_is_not_supported_is_no_unknown_query(name: str) -> None:
    error = error_of({"query": {name: {}}})
    assert (error["type"], error["reason"]) == (
        "illegal_argument_exception", f"[{name}] is not supported by Ragstone yet",
    )  # fmt: skip


def test_sections_of_ext_are_read_by_the_classes_registered_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class Section:
        body: Any

        @classmethod
        def parse(cls, body: Any) -> Self:
            return cls(body)

        def to_json(self) -> dict[str, Any]:
            return {}

    monkeypatch.setitem(ext_sections._classes, "mine", Section)
    assert parse_search_body({"ext": {"mine": 1}}).ext == {"mine": Section(1)}


def test_a_body_of_only_a_query_has_nothing_else() -> None:
    assert parse_query_body({}) is None
    assert parse_query_body({"query": {"term": {"k": 1}}}) == TermQuery(field="k", value=1)
    body = {"size": 1}
    with pytest.raises(ParsingException, match=r"request does not support \[size\]") as caught:
        parse_query_body(body)
    locate(caught.value, b'{"size": 1}', body)
    assert caught.value.metadata == {"line": 1, "col": 2}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"terminate_after": -1}, "terminateAfter must be > 0"),
        ({"search_after": []}, "Values must contains at least one value."),
        ({"sort": None}, "Unknown key for a VALUE_NULL in [sort]."),
        ({"timeout": "5"}, "failed to parse setting [timeout] with value [5] as a time value: unit is missing or unrecognized"),
        ({"track_total_hits": -5}, "[track_total_hits] parameter must be positive or equals to -1, got -5"),
    ],
)  # fmt: skip
def test_values_out_of_range(body: dict[str, Any], reason: str) -> None:
    assert error_of(body)["reason"] == reason


def test_a_body_is_an_object() -> None:
    assert error_of([])["reason"] == "Expected [START_OBJECT] but found [START_ARRAY]"
