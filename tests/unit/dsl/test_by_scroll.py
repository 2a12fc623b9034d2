"""How by-query requests and reindexing are read."""

import math
from typing import Any

import pytest

from ragstone.core.errors import (
    ActionRequestValidationException,
    IllegalArgumentException,
    OpenSearchException,
    ParsingException,
    XContentParseException,
)
from ragstone.dsl.by_scroll import (
    ByScroll,
    one_max_docs,
    read_max_docs,
    read_requests_per_second,
    read_slices,
    split_by_query,
)
from ragstone.dsl.reindex import ReindexBody
from ragstone.dsl.search_body import parse_search_body


def reindex(body: Any) -> ReindexBody:
    return ReindexBody.parse(body, lambda search: search)


def test_what_is_not_for_the_search_is_taken_out_of_the_body() -> None:
    body = split_by_query({"query": {"match_all": {}}, "max_docs": 2.0, "conflicts": "proceed"}, script=False)
    assert body.search == {"query": {"match_all": {}}}
    assert (body.max_docs, body.conflicts) == (2, "proceed")


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ([], ParsingException, "Expected [START_OBJECT] but found [START_ARRAY]"),
        ({"script": {"source": "x"}}, IllegalArgumentException, "updates with a [script] are not supported by Ragstone yet"),
        ({"slice": {"id": 0, "max": 2}}, IllegalArgumentException, "[slice] is not supported by Ragstone yet"),
        ({"conflicts": 3}, IllegalArgumentException, 'conflicts may only be "proceed" or "abort" but was [3]'),
        ({"max_docs": "a"}, IllegalArgumentException, "[max_docs] must be a number, but was [a]"),
        ({"max_docs": True}, IllegalArgumentException, "[max_docs] must be a number, but was [true]"),
        ({"max_docs": -1}, IllegalArgumentException, "[max_docs] parameter cannot be negative, found [-1]"),
    ],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_refused(body: Any, kind: type[OpenSearchException], reason: str) -> None:
    with pytest.raises(kind) as refused:
        split_by_query(body, script=True)
    assert refused.value.reason == reason


def test_only_updates_know_scripts() -> None:
    assert split_by_query({"script": {}}, script=False).search == {"script": {}}


def test_a_limit_must_suffice_for_all_slices_and_be_the_same_everywhere() -> None:
    assert read_max_docs(3, 3) == 3
    with pytest.raises(IllegalArgumentException, match=r"\[max_docs\] should be >= \[slices\]"):
        read_max_docs(2, 3)
    assert one_max_docs(2, 2) == one_max_docs(None, 2) == one_max_docs(2, None) == 2
    with pytest.raises(IllegalArgumentException, match=r"set to two different values \[2\] and \[1\]"):
        one_max_docs(2, 1)


@pytest.mark.parametrize("text", ["0", "-3", "x", "1.5", ""])
def test_slices_are_counted_from_one(text: str) -> None:
    with pytest.raises(IllegalArgumentException, match="must be a positive integer"):
        read_slices(text)
    assert (read_slices("auto"), read_slices("4")) == (1, 4)


@pytest.mark.parametrize("text", ["0", "-2", "x", "nan", ""])
def test_a_rate_is_positive_or_none_at_all(text: str) -> None:
    with pytest.raises(IllegalArgumentException, match="must be a float greater than 0"):
        read_requests_per_second(text)
    assert (read_requests_per_second("-1"), read_requests_per_second("0.5")) == (math.inf, 0.5)


def test_what_no_scroll_can_do_is_a_fault() -> None:
    search = parse_search_body(
        {"from": 1, "size": 0, "track_total_hits": False, "stored_fields": ["n"], "search_after": [1]}
    )
    assert ByScroll(search=search).faults() == [
        "disabling [track_total_hits] is not allowed in a scroll context",
        "using [from] is not allowed in a scroll context",
        "[size] cannot be [0] in a scroll context",
        "from is not supported in this context",
        "search_after is not supported in this context",
        "stored_fields is not supported in this context",
    ]
    assert ByScroll(search=parse_search_body({"size": 7})).scroll_size == 7
    assert ByScroll().scroll_size == 1000


def test_a_reindex_says_from_where_to_where_and_how() -> None:
    body = reindex(
        {
            "source": {"index": ["a", "b*"], "size": 5, "query": {"term": {"n": 1}}, "_source": ["n"]},
            "dest": {"index": "c", "op_type": "create", "pipeline": "p", "routing": "=x", "version_type": "internal"},
            "conflicts": "proceed",
            "max_docs": "3",
        }
    )
    body.validate()
    assert body.expression == "a,b*"
    assert (body.by_scroll.scroll_size, body.by_scroll.max_docs, body.by_scroll.conflicts) == (5, 3, "proceed")
    assert (body.destination.index, body.destination.op_type, body.destination.pipeline) == ("c", "create", "p")
    assert body.destination.routing_of("old") == "x"


@pytest.mark.parametrize(("routing", "becomes"), [("keep", "old"), ("discard", None), ("=", ""), ("=new", "new")])
def test_a_routing_is_kept_dropped_or_replaced(routing: str, becomes: str | None) -> None:
    body = reindex({"source": {"index": "a"}, "dest": {"index": "b", "routing": routing}})
    body.validate()
    assert body.destination.routing_of("old") == becomes


@pytest.mark.parametrize(
    ("body", "chain"),
    [
        ([], ["[1:1] [reindex] Expected START_OBJECT but was: START_ARRAY"]),
        ({"foo": 1}, ["[reindex] unknown field [foo]"]),
        ({"source": "a"}, ["[reindex] source doesn't support values of type: VALUE_STRING"]),
        ({"source": {"index": 3}}, ["[reindex] failed to parse field [source]", "Expected [index] to be a list or a string but was [3]"]),
        ({"source": {"foo": 1}}, ["[reindex] failed to parse field [source]", "Unknown key for a VALUE_NUMBER in [foo]."]),
        ({"source": {"query": {"nope": {}}}}, ["[reindex] failed to parse field [source]", "unknown query [nope]", "unknown field [nope]"]),
        ({"dest": {"op_type": "update"}}, ["[reindex] failed to parse field [dest]", "[dest] failed to parse field [op_type]", "opType must be 'create' or 'index', found: [update]"]),
        ({"dest": {"version_type": "foo"}}, ["[reindex] failed to parse field [dest]", "[dest] failed to parse field [version_type]", "No version type match [foo]"]),
        ({"dest": {"foo": 1}}, ["[reindex] failed to parse field [dest]", "[dest] unknown field [foo]"]),
        ({"max_docs": 0}, ["[reindex] failed to parse field [max_docs]", "[max_docs] should be >= [slices]"]),
        ({"script": "x"}, ["[reindex] script doesn't support values of type: VALUE_STRING"]),
        ({"conflicts": "x"}, ["[reindex] failed to parse field [conflicts]", 'conflicts may only be "proceed" or "abort" but was [x]']),
    ],
)  # fmt: skip
def test_a_malformed_reindex_is_refused_with_all_causes(body: Any, chain: list[str]) -> None:
    with pytest.raises(XContentParseException) as refused:
        reindex(body)
    assert reasons(refused.value) == chain


def reasons(error: OpenSearchException | None) -> list[str | None]:
    return [] if error is None else [error.reason, *reasons(error.cause)]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({"script": {"source": "x"}}, "script"),
        ({"source": {"index": "a", "remote": {"host": "http://a:9200"}}}, "remote"),
        ({"source": {"index": "a", "slice": {"id": 0, "max": 2}}}, "slice"),
    ],
)
def test_what_a_reindex_can_not_do_yet_is_named(body: Any, what: str) -> None:
    with pytest.raises((IllegalArgumentException, XContentParseException)) as refused:
        reindex(body)
    error: OpenSearchException = refused.value
    assert f"[{what}]" in str((error.cause or error).reason)
    assert "not supported by Ragstone yet" in str((error.cause or error).reason)


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, "1: use _all if you really want to copy from all existing indexes;2: index must be specified;"),
        ({"source": {"index": "a", "_source": False}, "dest": {"index": "b"}}, "1: _source:false is not supported in this context;"),
        ({"source": {"index": "a"}, "dest": {"index": "b", "routing": "x"}}, "1: routing must be unset, [keep], [discard] or [=<some new value>];"),
        ({"source": {"index": "a", "size": 0}, "dest": {"index": "b"}}, "1: [size] cannot be [0] in a scroll context;"),
    ],
)  # fmt: skip
def test_an_impossible_reindex_is_refused_before_it_begins(body: Any, faults: str) -> None:
    with pytest.raises(ActionRequestValidationException) as refused:
        reindex(body).validate()
    assert refused.value.reason == f"Validation Failed: {faults}"
