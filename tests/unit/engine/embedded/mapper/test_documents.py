"""What becomes of a document's values. Messages are those of a recorded OpenSearch 3.4.0."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ragstone.core.errors import OpenSearchException, error_cause
from ragstone.engine.embedded.mapper.document_parser import ParsedDocument
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.embedded.mapper.settings import IndexSettings

WHERE = "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: {}]"
ALL = {
    "properties": {
        **{name: {"type": kind} for name, kind in {
            "t": "text", "k": "keyword", "i": "integer", "l": "long", "f": "float", "d": "date", "b": "boolean",
            "sh": "short", "by": "byte", "ul": "unsigned_long", "h": "half_float", "db": "double", "o": "object",
            "fo": "flat_object", "ip": "ip", "bin": "binary", "dn": "date_nanos", "mo": "match_only_text",
        }.items()},
        "s": {"type": "scaled_float", "scaling_factor": 10},
        "c": {"type": "integer", "coerce": False},
        "dm": {"type": "date", "ignore_malformed": True},
        "im": {"type": "ip", "ignore_malformed": True},
        "m": {"type": "integer", "ignore_malformed": True},
        "off": {"type": "object", "enabled": False},
        "al": {"type": "alias", "path": "k"},
        "ck": {"type": "constant_keyword", "value": "fixed"},
    }
}  # fmt: skip


def mapper(mappings: dict[str, Any], **settings: Any) -> Mapper:
    return Mapper.parse(mappings, IndexSettings({f"index.{k.replace('__', '.')}": str(v) for k, v in settings.items()}))


FULL = mapper(ALL)
EMPTY = mapper({})


def parse(m: Mapper, source: Any) -> ParsedDocument:
    return m.parse_document("1", source if isinstance(source, bytes) else json.dumps(source).encode())


def failure(m: Mapper, source: Any) -> dict[str, Any]:
    with pytest.raises(OpenSearchException) as error:
        parse(m, source)
    return error_cause(error.value)


def values(source: Any, m: Mapper = FULL) -> dict[str, Any]:
    found = dict(parse(m, source).values)
    found.pop("ck", None)
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"t": "a b", "k": "x"}, {"t": ["a b"], "k": ["x"]}),
        ({"t": [["a"], ["b", None]]}, {"t": ["a", "b"]}),
        ({"t": 1.0, "k": True}, {"t": ["1.0"], "k": ["true"]}),
        ({"i": "5", "l": "1.5"}, {"i": [5], "l": [1]}),
        ({"i": 5.7}, {"i": [5]}),
        ({"i": "1e2"}, {"i": [100]}),
        ({"i": "5 "}, {"i": [5]}),
        ({"i": ""}, {}),
        ({"i": None, "t": None, "d": None, "b": None, "fo": None}, {}),
        ({"l": [1, [2, [3]]]}, {"l": [1, 2, 3]}),
        ({"l": 9007199254740993}, {"l": [9007199254740993]}),
        ({"f": 0.1}, {"f": [0.10000000149011612]}),
        ({"h": 0.1}, {"h": [0.0999755859375]}),
        ({"s": 1.26}, {"s": [1.3]}),
        ({"db": 5}, {"db": [5.0]}),
        ({"ul": 18446744073709551615}, {"ul": [2**63 - 1]}),
        ({"ul": "1.5"}, {"ul": [1 - 2**63]}),
        ({"b": "true"}, {"b": [True]}),
        ({"b": ""}, {"b": [False]}),
        ({"d": "2024-02-29T12:00:00+02:00"}, {"d": [1709200800000]}),
        ({"d": ["2024", 1706745600000, "-1", 123, "12024", "+12024"]}, {"d": [1704067200000, 1706745600000, -1, 123, 12024, 317273587200000]}),
        ({"dn": "2024-01-15T10:00:00.123456789Z"}, {"dn": [1705312800123]}),
        ({"ip": "::ffff:1.2.3.4"}, {"ip": ["00000000000000000000ffff01020304"]}),
        ({"fo": {"a": {"b": "x"}, "n": [1, None], "c": None}}, {"fo": ["x", "1"], "fo._valueAndPath": ["a.b=x", "n=1"]}),
        ({"fo": [{"a": 1}, {"b": None}]}, {"fo": ["1"], "fo._valueAndPath": ["a=1"]}),
        ({"bin": ["aGk=", "eA=="]}, {}),
        ({"off": "anything", "off.x": [1]}, {}),
        ({"o": None}, {}),
        ({"o": [None]}, {}),
        ({"al": []}, {}),
        ({"ck": "fixed"}, {}),
    ],
)  # fmt: skip
def test_values_take_their_index_form(source: dict[str, Any], expected: dict[str, Any]) -> None:
    assert values(source) == expected


FIELD_FAILURES: list[tuple[Any, str, str, str, Any]] = [
    # source, field, type, preview, cause
    ({"n": 0, "l": "abc"}, "l", "long", "abc", ("illegal_argument_exception", 'For input string: "abc"')),
    ({"l": {"a": 1}}, "l", "long", "{a=1}", ("json_parse_exception", "Current token (START_OBJECT) not numeric, can not use numeric value accessors" + WHERE.format(8))),
    ({"l": True}, "l", "long", "true", ("json_parse_exception", "Current token (VALUE_TRUE) not numeric, can not use numeric value accessors" + WHERE.format(11))),
    ({"l": 123456789012345678901234567890}, "l", "long", "123456789012345678901234567890", ("input_coercion_exception", "Numeric value (123456789012345678901234567890) out of range of long (-9223372036854775808 - 9223372036854775807)" + WHERE.format(37))),
    ({"l": "99999999999999999999"}, "l", "long", "99999999999999999999", ("illegal_argument_exception", "Value [99999999999999999999] is out of range for a long")),
    ({"l": 1e30}, "l", "long", "1.0E30", ("input_coercion_exception", "Numeric value (1e+30) out of range of long (-9223372036854775808 - 9223372036854775807)" + WHERE.format(12))),
    ({"i": 3000000000}, "i", "integer", "3000000000", ("input_coercion_exception", "Numeric value (3000000000) out of range of int (-2147483648 - 2147483647)" + WHERE.format(17))),
    ({"i": " "}, "i", "integer", " ", ("number_format_exception", "empty String")),
    ({"i": "0x10"}, "i", "integer", "0x10", ("number_format_exception", 'For input string: "0x10"')),
    ({"i": "99999999999"}, "i", "integer", "99999999999", ("illegal_argument_exception", "Value [99999999999] is out of range for an integer")),
    ({"by": 200}, "by", "byte", "200", ("illegal_argument_exception", "Value [200] is out of range for a byte")),
    ({"by": 3000000000}, "by", "byte", "3000000000", ("input_coercion_exception", "Numeric value (3000000000) out of range of int (-2147483648 - 2147483647)" + WHERE.format(18))),
    ({"sh": 40000}, "sh", "short", "40000", ("input_coercion_exception", "Numeric value (40000) out of range of Java short" + WHERE.format(13))),
    ({"sh": "40000"}, "sh", "short", "40000", ("illegal_argument_exception", "Value [40000] is out of range for a short")),
    ({"c": "5"}, "c", "integer", "5", ("illegal_argument_exception", "Integer value passed as String")),
    ({"c": 5.7}, "c", "integer", "5.7", ("illegal_argument_exception", "5.7 cannot be converted to Integer without data loss")),
    ({"f": "NaN"}, "f", "float", "NaN", ("illegal_argument_exception", "[float] supports only finite values, but got [NaN]")),
    ({"f": "1e400"}, "f", "float", "1e400", ("illegal_argument_exception", "[float] supports only finite values, but got [Infinity]")),
    ({"f": "abc"}, "f", "float", "abc", ("number_format_exception", 'For input string: "abc"')),
    ({"h": 70000}, "h", "half_float", "70000", ("illegal_argument_exception", "[half_float] supports only finite values, but got [70000.0]")),
    ({"s": "NaN"}, "s", "scaled_float", "NaN", ("illegal_argument_exception", "[scaled_float] only supports finite values, but got [NaN]")),
    ({"s": "x"}, "s", "scaled_float", "x", ("number_format_exception", 'For input string: "x"')),
    ({"ul": -1}, "ul", "unsigned_long", "-1", ("illegal_argument_exception", "Value [-1] is out of range for an unsigned long")),
    ({"ul": "x"}, "ul", "unsigned_long", "x", ("illegal_argument_exception", 'For input string: "x"')),
    ({"b": "yes"}, "b", "boolean", "yes", ("illegal_argument_exception", "Failed to parse value [yes] as only [true] or [false] are allowed.")),
    ({"b": 1}, "b", "boolean", "1", ("json_parse_exception", "Current token (VALUE_NUMBER_INT) not of boolean type" + WHERE.format(8))),
    ({"d": "not a date"}, "d", "date", "not a date", ("illegal_argument_exception", "failed to parse date field [not a date] with format [strict_date_optional_time||epoch_millis]")),
    ({"d": ""}, "d", "date", "", ("illegal_argument_exception", "cannot parse empty date")),
    ({"d": {"a": 1}}, "d", "date", "{a=1}", ("illegal_state_exception", "Can't get text on a START_OBJECT at 1:7")),
    ({"dn": "2500-01-01"}, "dn", "date_nanos", "2500-01-01", ("illegal_argument_exception", "date[2500-01-01T00:00:00Z] is after 2262-04-11T23:47:16.854775807 and cannot be stored in nanosecond resolution")),
    ({"t": {"a": 1}}, "t", "text", "{a=1}", ("illegal_state_exception", "Can't get text on a START_OBJECT at 1:7")),
    ({"k": [{"a": 1}]}, "k", "keyword", "{a=1}", ("illegal_state_exception", "Can't get text on a START_OBJECT at 1:8")),
    ({"ip": "1.2.3"}, "ip", "ip", "1.2.3", ("illegal_argument_exception", "'1.2.3' is not an IP string literal.")),
    ({"fo": "x"}, "fo", "flat_object", "x", ("parsing_exception", "[fo] unexpected token [VALUE_STRING] in flat_object field value")),
    ({"ck": "not fixed"}, "ck", "constant_keyword", "not fixed", ("illegal_argument_exception", "constant keyword field [ck] must have a value of [fixed]")),
]  # fmt: skip


@pytest.mark.parametrize(("source", "name", "kind", "preview", "cause"), FIELD_FAILURES)
def test_values_that_do_not_fit_are_refused(source: Any, name: str, kind: str, preview: str, cause: Any) -> None:
    body = failure(FULL, source)
    assert body["type"] == "mapper_parsing_exception"
    assert body["reason"] == (
        f"failed to parse field [{name}] of type [{kind}] in document with id '1'. Preview of field's value: '{preview}'"
    )
    assert (body["caused_by"]["type"], body["caused_by"]["reason"]) == cause


def test_a_position_counts_lines() -> None:
    body = failure(FULL, b'{"t": "x",\n  "l": [1, true]}')
    assert body["caused_by"]["reason"].endswith("line: 2, column: 16]")
    assert failure(FULL, {"fo": 5})["caused_by"]["col"] == 8


@pytest.mark.parametrize(
    ("source", "kind", "reason", "cause"),
    [
        ({"o": "text"}, "mapper_parsing_exception", "object mapping for [o] tried to parse field [o] as object, but found a concrete value", None),
        ({"o": [1]}, "mapper_parsing_exception", "object mapping for [o] tried to parse field [null] as object, but found a concrete value", None),
        ({"": 1}, "mapper_parsing_exception", "failed to parse", "field name cannot be an empty string"),
        ({".": 1}, "mapper_parsing_exception", "failed to parse", "field name cannot contain only the character [.]"),
        ({"a..b": 1}, "mapper_parsing_exception", "failed to parse", "object field starting or ending with a [.] makes object resolution ambiguous: [a..b]"),
        ({".a": 1}, "mapper_parsing_exception", "failed to parse", "object field starting or ending with a [.] makes object resolution ambiguous: [.a]"),
        ({"a. .b": 1}, "mapper_parsing_exception", "failed to parse", "object field cannot contain only whitespace: ['a. .b']"),
        ({"k.x": 1}, "mapper_parsing_exception", "Could not dynamically add mapping for field [k.x]. Existing mapping for [k] must be of type object but found [keyword].", None),
        ({"al.x": 1}, "mapper_parsing_exception", "Could not dynamically add mapping for field [al.x]. Existing mapping for [al] must be of type object but found [alias].", None),
        ({"al": "x"}, "mapper_parsing_exception", "failed to parse", "Cannot write to a field alias [al]."),
        ({"_id": "1"}, "mapper_parsing_exception", "failed to parse field [_id] of type [_id] in document with id '1'. Preview of field's value: '1'", "Field [_id] is a metadata field and cannot be added inside a document. Use the index API request parameters."),
        ({"mixed": [1, "x"]}, "illegal_argument_exception", "mapper [mixed] cannot be changed from type [long] to [text]", None),
        ({"mixed": ["2024-01-01", "x"]}, "illegal_argument_exception", "mapper [mixed] cannot be changed from type [date] to [text]", None),
        ({"mixed": [1, True]}, "illegal_argument_exception", "mapper [mixed] cannot be changed from type [long] to [boolean]", None),
        ({"mixed": [5, {"a": 1}]}, "illegal_argument_exception", "can't merge a non object mapping [mixed] with an object mapping", None),
        ({"mixed": [{"a": 1}, 5]}, "illegal_argument_exception", "can't merge a non object mapping [mixed] with an object mapping", None),
        (b"[1]", "mapper_parsing_exception", "failed to parse", "Compressor detection can only be called on some xcontent bytes or compressed xcontent bytes"),
        (b"{}{}", "mapper_parsing_exception", "failed to parse", "Malformed content, found extra data after parsing: START_OBJECT"),
    ],
)  # fmt: skip
def test_documents_of_the_wrong_shape_are_refused(source: Any, kind: str, reason: str, cause: str | None) -> None:
    body = failure(FULL, source)
    assert (body["type"], body["reason"]) == (kind, reason)
    assert body.get("caused_by", {}).get("reason") == cause


def test_a_term_may_not_be_longer_than_lucenes_longest() -> None:
    body = failure(FULL, {"k": "x" * 33000})
    assert body["type"] == "illegal_argument_exception"
    assert body["reason"].startswith('Document contains at least one immense term in field="k"')
    assert body["caused_by"] == {
        "type": "max_bytes_length_exceeded_exception",
        "reason": "bytes can be at most 32766 in length; got 33000",
    }


def test_malformed_values_are_passed_over_and_named() -> None:
    document = parse(FULL, {"m": "abc", "dm": "never", "im": "x", "i": 1})
    assert document.ignored == ("dm", "im", "m")
    assert parse(FULL, {"m": {"a": 1}, "dm": {"a": 1}}).ignored == ()
    lenient = mapper({"properties": {"i": {"type": "integer"}}}, mapping__ignore_malformed="true")
    assert parse(lenient, {"i": "abc"}).ignored == ("i",)


def test_sub_fields_copies_and_null_values() -> None:
    m = mapper({
        "properties": {
            "t": {"type": "text", "copy_to": "all", "fields": {"raw": {"type": "keyword", "ignore_above": 5}, "len": {"type": "token_count", "analyzer": "standard"}}},
            "k": {"type": "keyword", "null_value": "NONE", "copy_to": ["all", "other"]},
            "n": {"type": "long", "null_value": -1},
            "all": {"type": "text"},
            "noindex": {"type": "keyword", "index": False, "doc_values": False},
            "low": {"type": "keyword", "normalizer": "lowercase"},
        }
    })  # fmt: skip
    document = parse(m, {"t": ["short", "much longer"], "k": "alpha", "noindex": "q", "low": "ÄB"})
    assert dict(document.values) == {
        "t": ["short", "much longer"],
        "t.raw": ["short"],
        "t.len": [1, 2],
        "all": ["short", "much longer", "alpha"],
        "k": ["alpha"],
        "other": ["alpha"],
        "other.keyword": ["alpha"],
        "low": ["äb"],
    }
    assert document.mapper.to_json()["properties"]["other"]["type"] == "text"
    assert dict(parse(m, {"k": None, "n": None}).values) == {"k": ["NONE"], "n": [-1]}


def test_constants_are_in_every_document() -> None:
    assert parse(FULL, {}).values == {"ck": ["fixed"]}


def test_nested_values_are_not_the_documents_unless_included() -> None:
    inner = {"properties": {"a": {"type": "keyword"}, "v": {"type": "knn_vector", "dimension": 2}}}
    m = mapper({"properties": {"n": {"type": "nested", **inner}, "r": {"type": "nested", "include_in_root": True, **inner}}})  # fmt: skip
    assert m.field("n.v") is not None
    document = parse(m, {"n": [{"a": "x", "v": [1, 2]}], "r": [{"a": "y"}, {"a": "z"}]})
    assert (dict(document.values), dict(document.vectors)) == ({"r.a": ["y", "z"]}, {})
    out = {
        "n": {"type": "nested", "properties": {"a": {"type": "keyword", "copy_to": "up"}}},
        "up": {"type": "keyword"},
    }
    assert parse(mapper({"properties": out}), {"n": {"a": "x"}}).values == {"up": ["x"]}
    few = mapper({"properties": {"n": {"type": "nested"}}}, mapping__nested_objects__limit=3)
    assert failure(few, {"n": [{"b": i} for i in range(4)]})["reason"] == (
        "The number of nested documents has exceeded the allowed limit of [3]. This limit can be set by changing the "
        "[index.mapping.nested_objects.limit] index level setting."
    )


def test_vectors_become_float32() -> None:
    m = mapper({"properties": {"v": {"type": "knn_vector", "dimension": 3}}})
    assert np.array_equal(parse(m, {"v": [1, 2.5, "3"]}).vectors["v"], np.array([1, 2.5, 3], np.float32))
    assert parse(m, {"v": None}).vectors == {}
    body = failure(m, {"v": [1, 2]})
    assert body["reason"].endswith("of type [knn_vector] in document with id '1'. Preview of field's value: 'null'")
    assert body["caused_by"]["reason"] == "Vector dimension mismatch. Expected: 3, Given: 2"
    twice = mapper({"properties": {"o": {"properties": {"v": {"type": "knn_vector", "dimension": 1}}}}})
    assert failure(twice, {"o": [{"v": [1]}, {"v": [2]}]})["reason"] == (
        'VectorValuesField "o.v" appears more than once in this document (only one value is allowed per field)'
    )


# ── dynamic mapping ──────────────────────────────────────────────────────────────────────────────────────────────────


def grown(source: Any, mappings: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    shown: dict[str, Any] = parse(mapper(mappings or {}, **settings), source).mapper.to_json()
    return shown


TEXT = {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}
SLASH = {
    "type": "date",
    "format": "yyyy/MM/dd HH:mm:ss||yyyy/MM/dd||epoch_millis",
    "print_format": "yyyy/MM/dd HH:mm:ss",
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, {"type": "boolean"}),
        ("true", TEXT),
        (5, {"type": "long"}),
        (9007199254740993, {"type": "long"}),
        (1.5, {"type": "float"}),
        ("hello", TEXT),
        ("42", TEXT),
        ("2024", TEXT),
        ("1.5", TEXT),
        ("2024-05-06", {"type": "date"}),
        ("2024-05-06T07:08:09Z", {"type": "date"}),
        ("2024/05/06", SLASH),
        ("2024/05/06 07:08:09", SLASH),
        ({}, {"type": "object"}),
        ({"a": 1, "b": {}}, {"properties": {"a": {"type": "long"}, "b": {"type": "object"}}}),
        ([None, 3, 4], {"type": "long"}),
        ([1, 2.5], {"type": "float"}),
        ([1.5, 2], {"type": "float"}),
        ([{"x": 1}, {"y": "z"}], {"properties": {"x": {"type": "long"}, "y": TEXT}}),
    ],
)
def test_new_values_make_fields(value: Any, expected: dict[str, Any]) -> None:
    assert grown({"v": value}) == {"properties": {"v": expected}}


def test_whole_numbers_and_fractions_together_are_indexed_as_floats() -> None:
    assert parse(EMPTY, {"v": [1, 2.5]}).values == {"v": [1.0, 2.5]}


def test_nothing_comes_of_nulls_and_empty_arrays() -> None:
    assert parse(EMPTY, {"a": None, "b": [], "c": [None], "d.e": None}).mapper is EMPTY


def test_dots_in_names_are_objects() -> None:
    document = parse(EMPTY, {"b.c": {"d.e": "x"}, "a.": 1, " ": 2})
    assert document.values == {"b.c.d.e": ["x"], "b.c.d.e.keyword": ["x"], "a": [1], " ": [2]}
    assert document.mapper.is_object("b.c.d")


def test_a_failed_document_leaves_the_mapping_alone() -> None:
    m = mapper({"properties": {"n": {"type": "long"}}})
    failure(m, {"fresh": 1, "n": "abc"})
    assert m.to_json() == {"properties": {"n": {"type": "long"}}}


def test_detection_can_be_changed() -> None:
    assert grown({"i": "42", "f": "1.5", "d": "2024-05-06"}, {"numeric_detection": True, "date_detection": False}) == {
        "date_detection": False,
        "numeric_detection": True,
        "properties": {"d": TEXT, "f": {"type": "float"}, "i": {"type": "long"}},
    }
    assert grown({"a": "24.12.2024", "b": "2024-12-24"}, {"dynamic_date_formats": ["dd.MM.yyyy"]}) == {
        "dynamic_date_formats": ["dd.MM.yyyy"],
        "properties": {"a": {"type": "date", "format": "dd.MM.yyyy", "print_format": "dd.MM.yyyy"}, "b": TEXT},
    }


STRICT = {
    "dynamic": "strict",
    "properties": {"o": {"properties": {"x": {"type": "long"}}}, "k": {"type": "keyword", "copy_to": "zz"}},
}


@pytest.mark.parametrize(
    ("source", "name", "inside"),
    [
        ({"f": 1}, "f", "_doc"),
        ({"f": None}, "f", "_doc"),
        ({"f": []}, "f", "_doc"),
        ({"f": {}}, "f", "_doc"),
        ({"o": {"y": 1}}, "y", "o"),
        ({"o.y": 1}, "y", "o"),
        ({"o": {"y": {"z": 1}}}, "y", "o"),
        ({"p.y": 1}, "p", "_doc"),
        ({"p.y": None}, "p.y", "_doc"),
        ({"k": "x"}, "zz", "_doc"),
    ],
)
def test_a_strict_mapping_takes_nothing_new(source: Any, name: str, inside: str) -> None:
    body = failure(mapper(STRICT), source)
    assert body["type"] == "strict_dynamic_mapping_exception"
    assert body["reason"] == f"mapping set to strict, dynamic introduction of [{name}] within [{inside}] is not allowed"


def test_a_static_mapping_passes_new_fields_over() -> None:
    m = mapper({"dynamic": False, "properties": {"in": {"type": "object", "dynamic": True}}})
    document = parse(m, {"no": 1, "o": {"x": 1}, "in": {"q": 1}, "a.b": 1})
    assert document.values == {"in.q": [1]}


def test_templates_may_be_the_only_way_in() -> None:
    templates = [
        {"s": {"match": "ok*", "mapping": {"type": "keyword"}}},
        {"obj": {"match_mapping_type": "object", "match": "oo*", "mapping": {"type": "object", "dynamic": "true"}}},
    ]
    m = mapper({"dynamic": "strict_allow_templates", "dynamic_templates": templates})
    assert parse(m, {"okk": "x", "oo": {"z": 1}}).values == {"okk": ["x"], "oo.z": [1]}
    for source in ({"no": "x"}, {"no": {"z": 1}}, {"no": None}):
        assert failure(m, source)["reason"] == (
            "mapping set to strict_allow_templates, dynamic introduction of [no] within [_doc] is not allowed"
        )
    lax = mapper({"dynamic": "false_allow_templates", "dynamic_templates": templates[:1]})
    assert parse(lax, {"okk": "x", "no": 1, "o": {"okz": 1}}).values == {"okk": ["x"]}


def test_the_first_template_that_matches_decides() -> None:
    templates = [
        {"ids": {"match": "*_id", "mapping": {"type": "keyword", "ignore_above": 64}}},
        {"paths": {"path_match": "meta.*", "path_unmatch": "*.text", "match_mapping_type": "string", "mapping": {"type": "keyword"}}},
        {"langs": {"match_pattern": "regex", "match": "^lang_(de|fr)$", "mapping": {"type": "text", "analyzer": "simple"}}},
        {"nums": {"match_mapping_type": "long", "unmatch": "raw*", "mapping": {"type": "integer", "store": True}}},
        {"same": {"match": "keep_*", "match_mapping_type": "*", "mapping": {"type": "{dynamic_type}", "doc_values": False}}},
        {"strs": {"match_mapping_type": "string", "mapping": {"type": "text", "fields": {"{name}_exact": {"type": "keyword"}}}}},
    ]  # fmt: skip
    source = {
        "user_id": "u1", "meta": {"tag": "x", "text": "free text", "deep": {"v": "w"}}, "lang_de": "Hallo",
        "lang_en": "Hello", "n": 5, "rawn": 6, "keep_d": "2024-01-01", "keep_b": True, "f": 1.25,
    }  # fmt: skip
    exact = {"type": "keyword"}
    assert grown(source, {"dynamic_templates": templates})["properties"] == {
        "f": {"type": "float"},
        "keep_b": {"type": "boolean", "doc_values": False},
        "keep_d": {"type": "date", "doc_values": False},
        "lang_de": {"type": "text", "analyzer": "simple"},
        "lang_en": {"type": "text", "fields": {"lang_en_exact": exact}},
        "meta": {
            "properties": {
                "deep": {"properties": {"v": exact}},
                "tag": exact,
                "text": {"type": "text", "fields": {"text_exact": exact}},
            }
        },
        "n": {"type": "integer", "store": True},
        "rawn": {"type": "long"},
        "user_id": {"type": "keyword", "ignore_above": 64},
    }


def test_a_template_may_make_a_vector_field() -> None:
    template = {"v": {"match": "vec*", "mapping": {"type": "knn_vector", "dimension": 2}}}
    document = parse(mapper({"dynamic_templates": [template]}), {"vec": [1, 2]})
    assert document.vectors["vec"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("mapping", "name", "reason"),
    [
        ({"type": "nope"}, "bad", "failed to find type parsed [nope] for [bad]"),
        ({"type": "keyword", "foo": 1}, "bad", "unknown parameter [foo] on mapper [bad] of type [keyword]"),
    ],
)
def test_a_template_that_makes_no_field_fails_the_document(mapping: dict[str, Any], name: str, reason: str) -> None:
    m = mapper({"dynamic_templates": [{"b": {"match": name, "mapping": mapping}}]})
    assert failure(m, {name: 1})["reason"] == reason


@pytest.mark.parametrize(
    ("settings", "source", "reason", "cause"),
    [
        ({"mapping__total_fields__limit": 5}, {f"f{i}": i for i in range(6)}, "Limit of total fields [5] has been exceeded", None),
        ({"mapping__total_fields__limit": 5}, {"s1": "x", "s2": "y", "s3": "z"}, "Limit of total fields [5] has been exceeded", None),
        ({"mapping__field_name_length__limit": 13}, {"averylongname14": 1}, "Field name [averylongname14] is longer than the limit of [13] characters", None),
        ({"mapping__field_name_length__limit": 13}, {"ok": 1}, "Field name [_data_stream_timestamp] is longer than the limit of [13] characters", None),
        ({"mapping__depth__limit": 2}, {"a": {"b": {"c": 1}}}, "failed to parse", "The depth of the field has exceeded the allowed limit of [2]. This limit can be set by changing the [index.mapping.depth.limit] index level setting."),
        ({"mapping__depth__limit": 3}, {"l": [[[[1]]]]}, "failed to parse", "The depth of the nested array field has exceeded the allowed limit of [3]. This limit can be set by changing the [index.mapping.depth.limit] index level setting."),
    ],
)  # fmt: skip
def test_a_mapping_grows_up_to_its_limits(
    settings: dict[str, Any], source: Any, reason: str, cause: str | None
) -> None:
    body = failure(mapper({}, **settings), source)
    assert (body["reason"], body.get("caused_by", {}).get("reason")) == (reason, cause)


def test_a_disabled_mapping_indexes_nothing() -> None:
    document = parse(mapper({"enabled": False}), {"a": 1, "b": {"c": "x"}})
    assert (document.values, document.mapper.to_json()) == ({}, {"enabled": False})
