"""`_source` filters on bytes and trees."""

import pytest

from ragstone.core import json
from ragstone.core.errors import ParsingException
from ragstone.dsl.search_body import SourceFilter
from ragstone.dsl.source_filter import filter_source, filter_tree, parse_source_filter, source_filter_from_query

DOCUMENT = {"a": {"b": 1, "c": 2}, "d": [{"e": 1, "f": 2}], "st": "s"}


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("a", {"a": {"b": 1, "c": 2}}),
        (["a.b", "d.e"], {"a": {"b": 1}, "d": [{"e": 1}]}),
        ("*.b", {"a": {"b": 1}}),
        ({"includes": ["a", "d"], "excludes": ["*.c"]}, {"a": {"b": 1}, "d": [{"e": 1, "f": 2}]}),
        ({"exclude": "d"}, {"a": {"b": 1, "c": 2}, "st": "s"}),
        ({"excludes": ["a.*"]}, {"a": {}, "d": [{"e": 1, "f": 2}], "st": "s"}),
        ("nope", {}),
    ],
)
def test_a_filter_shows_what_opensearch_shows(wanted: object, shown: object) -> None:
    assert filter_tree(DOCUMENT, parse_source_filter(wanted)) == shown


def test_a_path_reaches_into_a_key_with_a_dot() -> None:
    assert filter_tree({"b.c": {"d": 1}, "bc": 2}, parse_source_filter("b")) == {"b.c": {"d": 1}}


def test_without_paths_the_very_bytes_come_back() -> None:
    source = b'{ "a": 1.50 }'
    assert filter_source(source, SourceFilter()) is source
    assert filter_source(source, None) is source


def test_the_query_string_form_takes_plural_and_singular() -> None:
    assert source_filter_from_query({}) is None
    assert source_filter_from_query({"_source": "false"}) == SourceFilter(enabled=False)
    wanted = source_filter_from_query({"_source": "a,b", "_source_exclude": "c"})
    assert wanted == SourceFilter(includes=("a", "b"), excludes=("c",))


@pytest.mark.parametrize("wrong", [5, None, {"foo": []}, {"includes": [{}]}])
def test_a_malformed_filter_is_a_parsing_exception(wrong: object) -> None:
    with pytest.raises(ParsingException):
        parse_source_filter(wrong)


def test_filtering_bytes_equals_filtering_the_tree() -> None:
    wanted = parse_source_filter(["d.*"])
    assert json.decode(filter_source(json.encode(DOCUMENT), wanted)) == filter_tree(DOCUMENT, wanted)
