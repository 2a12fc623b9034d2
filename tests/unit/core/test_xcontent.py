"""Positions in error messages, and Java's names for JSON values."""

from typing import Any

from ragstone.core import json
from ragstone.core.errors import ParsingException, XContentParseException, error_body
from ragstone.core.xcontent import Place, java_text, locate, token


def test_a_parse_error_finds_its_place_in_the_text() -> None:
    body = b'{"query": {"knn": {"v": {"vector": [1, 2],\n "foo": 1}}}}'
    decoded = json.decode(body)
    error = XContentParseException("[knn] unknown field [foo]", place=Place(decoded["query"]["knn"]["v"], "foo"))
    outer = ParsingException("unknown query [x]", cause=error, place=Place(decoded["query"], "knn", "value"))

    locate(outer, body, decoded)

    assert error.reason == "[2:2] [knn] unknown field [foo]"
    assert outer.metadata == {"line": 1, "col": 19}


def test_places_inside_lists_and_at_the_end_of_values() -> None:
    body = b'{"a": [10, {"b": [1, 2]}]}'
    decoded = json.decode(body)
    for place, column in ((Place(decoded["a"], 1, "value"), 12), (Place(decoded["a"][1], "b", "end"), 23)):
        error = ParsingException("x", place=place)
        locate(error, body, decoded)
        assert error.metadata["col"] == column


def test_a_place_without_a_key_is_the_container_itself() -> None:
    body = b' {"query": {"exists": {}}}'
    decoded = json.decode(body)
    for place, column in (
        (Place(decoded["query"]["exists"], None, "end"), 24),
        (Place(decoded["query"], None), 12),
        (Place(decoded, None, "end"), 26),
    ):
        error = ParsingException("x", place=place)
        locate(error, body, decoded)
        assert error.metadata["col"] == column


def test_root_cause_is_the_innermost_error_of_opensearch_itself() -> None:
    inner = XContentParseException("[1:1] inner")
    body = error_body(XContentParseException("[1:2] outer", cause=inner))
    assert body["error"]["root_cause"] == [{"type": "x_content_parse_exception", "reason": "[1:1] inner"}]
    assert body["error"]["caused_by"]["type"] == "x_content_parse_exception"


def test_an_object_parsers_error_is_no_root_cause_of_another_kind() -> None:
    body = error_body(ParsingException("outer", cause=XContentParseException("[1:1] inner")))
    assert body["error"]["root_cause"] == [{"type": "parsing_exception", "reason": "outer", "line": 1, "col": 1}]


def test_java_forms_of_json_values() -> None:
    assert java_text({"a": [1, None, True], "b": "x"}) == "{a=[1, null, true], b=x}"
    values: list[Any] = [{}, [], "x", 1, None, False]
    assert [token(value) for value in values] == [
        "START_OBJECT", "START_ARRAY", "VALUE_STRING", "VALUE_NUMBER", "VALUE_NULL", "VALUE_BOOLEAN",
    ]  # fmt: skip


def test_fractions_print_as_java_prints_them() -> None:
    shown = {1.5: "1.5", 1e7: "1.0E7", 9999999.5: "9999999.5", -1.25e20: "-1.25E20", 0.001: "0.001", 1e-4: "1.0E-4"}
    assert {number: java_text(number) for number in shown} == shown
    assert java_text([0.0, float("inf"), float("nan")]) == "[0.0, Infinity, NaN]"
