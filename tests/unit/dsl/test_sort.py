"""The forms of `sort`."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import IllegalArgumentException, OpenSearchException, XContentParseException
from ragstone.dsl.sort import SortField, parse_sort, parse_sort_parameter, sort_to_json


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("year", [SortField("year")]),
        (5, [SortField("5")]),
        ("_score", [SortField("_score", "desc")]),
        ({"year": "DESC"}, [SortField("year", "desc")]),
        ({"_score": {}}, [SortField("_score", "desc")]),
        ({"_score": {"order": "asc"}}, [SortField("_score", "asc")]),
        ({"a": "desc", "b": {}}, [SortField("a", "desc"), SortField("b")]),
        (["a", {"b": {"order": "desc", "missing": "_first", "mode": "MAX", "unmapped_type": "long"}}],
         [SortField("a"), SortField("b", "desc", "_first", "max", "long")]),
        ([{"a": {"missing": 5}}], [SortField("a", missing=5)]),
    ],
)  # fmt: skip
def test_keys_are_read_and_survive_being_written_out(given: Any, expected: list[SortField]) -> None:
    keys = parse_sort(given)
    assert list(keys) == expected
    assert parse_sort(sort_to_json(keys)) == keys


def test_the_query_string_has_its_own_form() -> None:
    assert parse_sort_parameter("author:desc,year,a:b:asc,x:up") == (
        SortField("author", "desc"), SortField("year"), SortField("a:b"), SortField("x", "desc"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "kind", "reason"),
    [
        ({"a": "up"}, IllegalArgumentException, "No enum constant org.opensearch.search.sort.SortOrder.UP"),
        ([["a"]], IllegalArgumentException, "malformed sort format, within the sort array, an object, or an actual string"),
        ({"a": {"format": "x"}}, XContentParseException, "[field_sort] unknown field [format]"),
        ({"a": {"mode": "best"}}, XContentParseException, "[field_sort] failed to parse field [mode]"),
        ({"a": {"order": 1}}, XContentParseException, "[field_sort] order doesn't support values of type: VALUE_NUMBER"),
        ({"_script": {}}, IllegalArgumentException, "[sort by _script] is not supported by Ragstone yet"),
        ({"a": {"nested": {}}}, IllegalArgumentException, "[nested sort] is not supported by Ragstone yet"),
    ],
)  # fmt: skip
def test_wrong_sorts_say_what_is_wrong(given: Any, kind: type[OpenSearchException], reason: str) -> None:
    with pytest.raises(kind) as caught:
        parse_sort(given)
    assert str(caught.value.reason).startswith(reason)
