"""JSON in and out, and the words for what is no JSON."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstone.core import json
from ragstone.core.errors import JavaException, JsonParseException, OpenSearchException

VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


@pytest.mark.parametrize(
    ("text", "kind", "reason", "column"),
    [
        ('{"query":', "json_e_o_f_exception", "Unexpected end-of-input within/between Object entries", 10),
        ('{"a"', "json_e_o_f_exception", "Unexpected end-of-input within/between Object entries", 5),
        ('{"query":{}}x', "json_parse_exception", f"Unrecognized token 'x': was expecting {VALUES}", 14),
        ("nonsense", "json_parse_exception", f"Unrecognized token 'nonsense': was expecting {VALUES}", 9),
        ('{"a":1,}', "json_parse_exception", "Unexpected character ('}' (code 125)): was expecting double-quote to start field name", 8),
        ("{bad}", "json_parse_exception", "Unexpected character ('b' (code 98)): was expecting double-quote to start field name", 2),
        ('{"a":nope}', "json_parse_exception", f"Unrecognized token 'nope': was expecting {VALUES}", 10),
        ("[1 2]", "json_parse_exception", "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries", 4),
        ('{"a" 1}', "json_parse_exception", "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value", 6),
        ('["x', "json_e_o_f_exception", "Unexpected end-of-input in VALUE_STRING", 4),
        ("[,]", "json_parse_exception", f"Unexpected character (',' (code 44)): expected a valid value {VALUES}", 2),
    ],
)  # fmt: skip
def test_what_is_no_json_is_told_in_jackson_s_words(text: str, kind: str, reason: str, column: int) -> None:
    with pytest.raises(OpenSearchException) as caught:
        json.decode(text)
    assert caught.value.type_name() == kind
    assert caught.value.reason is not None
    assert caught.value.reason.startswith(reason + "\n at [Source: REDACTED")
    assert caught.value.reason.endswith(f"line: 1, column: {column}]")


def test_a_second_value_is_extra_data() -> None:
    with pytest.raises(OpenSearchException, match="found extra data after parsing: START_OBJECT"):
        json.decode("{}{}")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_deep_nesting_is_an_error_and_no_crash(text: str) -> None:
    with pytest.raises(OpenSearchException):
        json.decode(text)


@given(st.binary(max_size=60))
def test_any_bytes_decode_or_raise_an_error_of_ours(data: bytes) -> None:
    with contextlib.suppress(JavaException):
        json.decode(data)


@given(st.text(alphabet='{}[]",:0123456789eE+-.truefalsn \\', max_size=40))
def test_nearly_json_decodes_or_raises_an_error_of_ours(text: str) -> None:
    with contextlib.suppress(JavaException):
        json.decode(text)


def test_pretty_is_written_as_opensearch_writes_it() -> None:
    assert json.encode({"a": {"b": [1, "x"], "c": {}, "d": []}}, pretty=True) == (
        b'{\n  "a" : {\n    "b" : [\n      1,\n      "x"\n    ],\n    "c" : { },\n    "d" : [ ]\n  }\n}\n'
    )


def test_raw_bytes_are_embedded_unparsed() -> None:
    assert json.encode({"_source": json.Raw(b'{"a":1.50}')}) == b'{"_source":{"a":1.50}}'


def test_whole_numbers_of_any_length_come_back_as_they_were() -> None:
    value = {"a": [10**30, -(10**25), 2**64 - 1, {"b": 2**64}], "c": 1.5}
    assert json.decode(json.encode(value)) == value


def test_what_is_nested_too_deep_to_be_written_is_the_clients_fault() -> None:
    value = json.decode("[" * 300 + "]" * 300)
    with pytest.raises(OpenSearchException) as error:
        json.encode(value)
    assert error.value.status == 400


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ('{"size":1,"size":2}', 17),
        ('{"a":[1.5,{"b":1,"b":2}]}', 21),
        ('{"a":{"x":"a\\":b"},"a" : 1}', 23),
        ('[{"a" : 1, "b" : 2, "a" : 3}]', 24),
    ],
)
def test_a_name_twice_in_one_object_is_an_error_where_it_is_asked_for(text: str, column: int) -> None:
    json.decode(text)
    with pytest.raises(JsonParseException, match="Duplicate field ") as error:
        json.decode_strict(text.encode())
    assert error.value.reason is not None
    assert error.value.reason.endswith(f"line: 1, column: {column}]")


@pytest.mark.parametrize(
    "text",
    [
        '{"a":{"a":1},"b":[{"a":1},{"a":2}]}',
        '{"a":"\\":\\":","b" : "x\\\\","c":{}}',
        '{"v":[1,{"a":1},{"a":1}],"w":[[0.5],{"a":[]}]}',
        "[]",
        '"a"',
    ],
)
def test_the_same_name_in_different_objects_is_fine(text: str) -> None:
    assert json.decode_strict(text.encode()) == json.decode(text)
