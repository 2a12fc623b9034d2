"""The mapping as a whole: parse, merge, show."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstone.core.errors import OpenSearchException
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.embedded.mapper.settings import IndexSettings

SETTINGS = IndexSettings({})


def mapper(mappings: dict[str, Any]) -> Mapper:
    return Mapper.parse(mappings, SETTINGS)


def test_an_empty_mapping_shows_nothing() -> None:
    assert mapper({}).to_json() == {}
    assert Mapper.empty(SETTINGS).to_json() == {}


def test_fields_are_found_by_full_path() -> None:
    m = mapper({"properties": {"a": {"type": "text", "fields": {"raw": {"type": "keyword"}}}, "o.p": {"type": "long"}}})
    assert sorted(m.fields()) == ["a", "a.raw", "o.p"]
    assert m.is_object("o")
    assert not m.is_object("a")
    found = m.field("a.raw")
    assert found is not None
    assert found.storage == "keyword"
    assert m.field("nope") is None
    assert m.matching("a*") == ["a", "a.raw"]


def test_merging_adds_fields_sub_fields_and_settings() -> None:
    m = mapper(
        {"properties": {"a": {"type": "text"}, "o": {"properties": {"x": {"type": "keyword", "ignore_above": 10}}}}}
    )
    m = m.merge(
        {"properties": {"a": {"type": "text", "fields": {"raw": {"type": "keyword"}}}, "p.q": {"type": "long"}}}
    )
    m = m.merge(
        {"properties": {"o": {"properties": {"x": {"type": "keyword", "ignore_above": 20}}}}, "dynamic": "strict"}
    )
    assert m.to_json() == {
        "dynamic": "strict",
        "properties": {
            "a": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
            "o": {"properties": {"x": {"type": "keyword", "ignore_above": 20}}},
            "p": {"properties": {"q": {"type": "long"}}},
        },
    }


def test_merging_what_is_already_there_gives_the_same_mapper() -> None:
    m = mapper({"properties": {"a": {"type": "text", "fields": {"raw": {"type": "keyword"}}}}})
    assert m.merge({"properties": {"a": {"type": "text"}}}) is m


@pytest.mark.parametrize(
    ("mappings", "kind", "reason"),
    [
        ({"properties": {"a": {"type": "stringy"}}}, "mapper_parsing_exception", "No handler for type [stringy] declared on field [a]"),
        ({"props": {}}, "mapper_parsing_exception", "Root mapping definition has unsupported parameters:  [props : {}]"),
        ({"properties": {"a": {"type": "text", "speed": 1}}}, "mapper_parsing_exception", "unknown parameter [speed] on mapper [a] of type [text]"),
        ({"properties": {"a": {}}}, "mapper_parsing_exception", "No type specified for field [a]"),
        ({"dynamic": "maybe"}, "illegal_argument_exception", "Could not convert [dynamic.dynamic] to boolean"),
        ({"properties": {"a": {"type": "text", "analyzer": "none_such"}}}, "illegal_argument_exception", "analyzer [none_such] has not been configured in mappings"),
        ({"properties": {"a": {"type": "keyword", "ignore_above": "many"}}}, "number_format_exception", 'For input string: "many"'),
        ({"properties": {"a": {"type": "scaled_float"}}}, "illegal_argument_exception", "Field [scaling_factor] is required"),
        ({"properties": {"a": {"type": "text", "fields": {"c": {"type": "zzz"}}}}}, "mapper_parsing_exception", "no handler for type [zzz] declared on field [c]"),
        ({"properties": {"a": {"type": "alias", "path": "nope"}}}, "mapper_parsing_exception", "Invalid [path] value [nope] for field alias [a]: an alias must refer to an existing field in the mappings."),
    ],
)  # fmt: skip
def test_bad_mappings_are_refused_in_opensearchs_words(mappings: dict[str, Any], kind: str, reason: str) -> None:
    with pytest.raises(OpenSearchException) as error:
        mapper(mappings)
    assert (error.value.type_name(), error.value.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"a": {"type": "keyword"}}, "mapper [a] cannot be changed from type [text] to [keyword]"),
        ({"a": {"type": "text", "analyzer": "keyword"}}, "Mapper for [a] conflicts with existing mapper:\n\tCannot update parameter [analyzer] from [default] to [keyword]"),
        ({"n": {"type": "object"}}, "cannot change object mapping from nested to non-nested"),
        ({"o": {"type": "nested"}}, "cannot change object mapping from non-nested to nested"),
        ({"a": {"properties": {"b": {"type": "long"}}}}, "can't merge a non object mapping [a] with an object mapping"),
    ],
)  # fmt: skip
def test_conflicting_changes_are_refused(change: dict[str, Any], reason: str) -> None:
    m = mapper({"properties": {"a": {"type": "text"}, "n": {"type": "nested"}, "o": {"type": "object"}}})
    with pytest.raises(OpenSearchException) as error:
        m.merge({"properties": change})
    assert (error.value.type_name(), error.value.reason) == ("illegal_argument_exception", reason)
    assert m.to_json()["properties"] == {"a": {"type": "text"}, "n": {"type": "nested"}, "o": {"type": "object"}}


def test_creation_wraps_what_parsing_raises_but_not_the_checks_of_the_whole() -> None:
    with pytest.raises(OpenSearchException) as wrapped:
        Mapper.create({"properties": {"a": {"type": "zzz"}}}, SETTINGS)
    assert wrapped.value.reason == "Failed to parse mapping [_doc]: No handler for type [zzz] declared on field [a]"
    with pytest.raises(OpenSearchException) as bare:
        Mapper.create({"properties": {"a": {"type": "alias", "path": "b"}}}, SETTINGS)
    assert bare.value.reason is not None
    assert bare.value.reason.startswith("Invalid [path] value")


EXPLICIT = {
    "k": {"type": "keyword", "ignore_above": 2147483647, "index": True, "doc_values": True, "store": False, "null_value": None, "norms": False, "index_options": "docs"},
    "i": {"type": "integer", "coerce": True, "ignore_malformed": False, "index": True, "null_value": None},
    "d": {"type": "date", "format": "strict_date_optional_time||epoch_millis", "ignore_malformed": False, "locale": "en"},
    "b": {"type": "boolean", "null_value": True, "boost": 1.0, "meta": {}},
    "t": {"type": "text", "analyzer": "standard", "search_analyzer": "standard", "norms": True, "term_vector": "no", "position_increment_gap": 100, "similarity": "BM25", "index_prefixes": {}, "copy_to": "k"},
    "t2": {"type": "text", "analyzer": "simple", "search_analyzer": "standard", "search_quote_analyzer": "whitespace", "index_phrases": True, "boost": 2, "fields": {"z": {"type": "keyword"}, "a": {"type": "long"}}},
    "t3": {"type": "text", "search_analyzer": "simple", "position_increment_gap": -1},
    "s": {"type": "scaled_float", "scaling_factor": 100},
    "ip": {"type": "ip", "null_value": "::1", "ignore_malformed": True, "doc_values": False},
    "mo": {"type": "match_only_text", "norms": False},
    "me": {"type": "keyword", "meta": {"c": "d", "a": "b"}},
    "o": {"type": "object", "enabled": False, "dynamic": "strict"},
    "o2": {"type": "object", "dynamic": True, "properties": {}},
    "n": {"type": "nested", "include_in_parent": True, "dynamic": False},
    "w": {"type": "wildcard", "ignore_above": 5},
    "tc": {"type": "token_count", "analyzer": "standard"},
    "php": [],
}  # fmt: skip
SHOWN = {
    "k": {"type": "keyword"},
    "i": {"type": "integer", "ignore_malformed": False, "coerce": True},
    "d": {"type": "date", "locale": "en", "ignore_malformed": False},
    "b": {"type": "boolean", "null_value": True},
    "t": {"type": "text", "copy_to": ["k"], "analyzer": "standard", "similarity": "BM25", "position_increment_gap": 100, "index_prefixes": {"min_chars": 2, "max_chars": 5}},
    "t2": {"type": "text", "boost": 2.0, "fields": {"a": {"type": "long"}, "z": {"type": "keyword"}}, "analyzer": "simple", "search_analyzer": "standard", "search_quote_analyzer": "whitespace", "index_phrases": True},
    "t3": {"type": "text", "analyzer": "default", "search_analyzer": "simple"},
    "s": {"type": "scaled_float", "scaling_factor": 100.0},
    "ip": {"type": "ip", "null_value": "::1", "ignore_malformed": True, "doc_values": False},
    "mo": {"type": "match_only_text"},
    "me": {"type": "keyword", "meta": {"a": "b", "c": "d"}},
    "o": {"type": "object", "dynamic": "strict", "enabled": False},
    "o2": {"type": "object", "dynamic": "true"},
    "n": {"type": "nested", "include_in_parent": True, "dynamic": "false"},
    "w": {"type": "wildcard", "ignore_above": 5},
    "tc": {"type": "token_count", "analyzer": "standard"},
}  # fmt: skip
ROOT = {
    "dynamic": True,
    "date_detection": True,
    "dynamic_templates": [{"b": {"match_mapping_type": "string", "unmatch": ["q", "z*"], "mapping": {"type": "text"}}}],
    "_routing": {"required": False},
    "_source": {"enabled": True, "excludes": ["a.*"]},
    "_meta": {"who": ["me"]},
}


def test_a_mapping_shows_what_differs_from_the_defaults() -> None:
    shown = mapper({"properties": EXPLICIT, **ROOT}).to_json()
    assert shown.pop("properties") == SHOWN
    assert shown == {
        "dynamic": "true",
        "date_detection": True,
        "dynamic_templates": [
            {"b": {"match_mapping_type": "string", "unmatch": "[q, z*]", "mapping": {"type": "text"}}}
        ],
        "_source": {"excludes": ["a.*"]},
        "_meta": {"who": ["me"]},
    }


def test_what_a_mapping_shows_makes_the_same_mapping() -> None:
    first = mapper({"properties": EXPLICIT, **ROOT})
    second = mapper(first.to_json())
    assert second.to_json() == first.to_json()
    assert first.merge(first.to_json()) is first


_LEAVES = st.sampled_from(
    [
        {"type": "text"},
        {"type": "text", "analyzer": "whitespace", "fields": {"raw": {"type": "keyword", "ignore_above": 9}}},
        {"type": "keyword", "null_value": "x", "doc_values": False},
        {"type": "long", "coerce": False},
        {"type": "scaled_float", "scaling_factor": 2.5},
        {"type": "date", "format": "yyyy||epoch_millis"},
        {"type": "ip", "index": False},
        {"type": "flat_object"},
        {"type": "object", "enabled": False},
        {"type": "knn_vector", "dimension": 3},
    ]
)
_PROPERTIES: st.SearchStrategy[Any] = st.recursive(
    st.dictionaries(st.sampled_from("abcd"), _LEAVES, max_size=3),
    lambda inner: st.dictionaries(
        st.sampled_from("abcd"),
        st.one_of(_LEAVES, inner.map(lambda p: {"type": "object", "properties": p})),
        max_size=3,
    ),
    max_leaves=8,
)


@given(_PROPERTIES)
def test_any_mapping_survives_being_shown_and_read_again(properties: dict[str, Any]) -> None:
    first = mapper({"properties": properties})
    second = mapper(first.to_json())
    assert second.to_json() == first.to_json()
    assert second.fields().keys() == first.fields().keys()
    assert first.merge({"properties": properties}) is first


BASE = {
    "properties": {
        "k": {"type": "keyword", "fields": {"x": {"type": "text"}}, "null_value": "n"},
        "t": {"type": "text"},
        "l": {"type": "long", "null_value": 1},
        "d": {"type": "date"},
        "o": {"properties": {"x": {"type": "long"}}},
        "off": {"type": "object", "enabled": False},
        "al": {"type": "alias", "path": "k"},
        "n": {"type": "nested"},
        "ck": {"type": "constant_keyword", "value": "a"},
        "s": {"type": "scaled_float", "scaling_factor": 10},
    }
}
CONFLICT = "Mapper for [{}] conflicts with existing mapper:\n\tCannot update parameter [{}] from [{}] to [{}]"
ILLEGAL, PARSING, MAPPER, PARSE = (
    *("illegal_argument_exception", "mapper_parsing_exception", "mapper_exception", "parse_exception"),
)


@pytest.mark.parametrize(
    ("name", "definition", "kind", "reason"),
    [
        ("k", {"type": "keyword"}, ILLEGAL, CONFLICT.format("k", "null_value", "n", "null")),
        ("k", {"type": "keyword", "null_value": "n", "index": False}, ILLEGAL, CONFLICT.format("k", "index", "true", "false")),
        ("k", {"type": "keyword", "null_value": "n", "normalizer": "lowercase"}, ILLEGAL, CONFLICT.format("k", "normalizer", "default", "lowercase")),
        ("k", {"type": "keyword", "null_value": "n", "norms": True}, ILLEGAL, CONFLICT.format("k", "norms", "false", "true")),
        ("k", {"type": "keyword", "null_value": "n", "fields": {"x": {"type": "keyword"}}}, ILLEGAL, "mapper [k.x] cannot be changed from type [text] to [keyword]"),
        ("t", {"type": "text", "index_options": "docs", "norms": False, "similarity": "BM25"}, ILLEGAL, "Mapper for [t] conflicts with existing mapper:\n\tCannot update parameter [index_options] from [positions] to [docs]\n\tCannot update parameter [similarity] from [null] to [BM25]"),
        ("l", {"type": "integer"}, ILLEGAL, "mapper [l] cannot be changed from type [long] to [integer]"),
        ("d", {"type": "date", "format": "yyyy"}, ILLEGAL, CONFLICT.format("d", "format", "strict_date_optional_time||epoch_millis", "yyyy")),
        ("s", {"type": "scaled_float", "scaling_factor": 100}, ILLEGAL, CONFLICT.format("s", "scaling_factor", "10.0", "100.0")),
        ("ck", {"type": "constant_keyword", "value": "b"}, ILLEGAL, CONFLICT.format("ck", "value", "a", "b")),
        ("o", {"type": "long"}, ILLEGAL, "can't merge a non object mapping [o] with an object mapping"),
        ("o", {"type": "object", "enabled": False}, MAPPER, "the [enabled] parameter can't be updated for the object mapping [o]"),
        ("o", {"dynamic": "strict"}, PARSING, "No type specified for field [o]"),
        ("o", {"properties": {"x": {"type": "text"}}}, ILLEGAL, "mapper [o.x] cannot be changed from type [long] to [text]"),
        ("n", {"type": "nested", "include_in_root": True}, MAPPER, "the [include_in_root] parameter can't be updated on a nested object mapping"),
        ("al", {"type": "keyword"}, ILLEGAL, "Cannot merge a field alias mapping [al] with a mapping that is not for a field alias."),
        ("k", {"type": "alias", "path": "t"}, ILLEGAL, "mapper [k] cannot be changed from type [keyword] to [FieldAliasMapper]"),
        ("al", {"type": "alias", "path": "al"}, PARSING, "Invalid [path] value [al] for field alias [al]: an alias cannot refer to itself."),
        ("x", {"type": "alias", "path": "al"}, PARSING, "Invalid [path] value [al] for field alias [x]: an alias cannot refer to another alias."),
        ("x", {"type": "alias", "path": "o"}, PARSING, "Invalid [path] value [o] for field alias [x]: an alias must refer to an existing field in the mappings."),
        ("x", {"type": "alias"}, PARSING, "The [path] property must be specified for field [x]."),
        ("x", {"type": "text", "copy_to": "n.q"}, ILLEGAL, "Illegal combination of [copy_to] and [nested] mappings: [copy_to] may only copy data to the current nested document or any of its parents, however one [copy_to] directive is trying to copy data from nested object [null] to [n]"),
        ("x", "text", PARSING, "Expected map for property [fields] on field [x] but got a class java.lang.String"),
        ("", {"type": "text"}, ILLEGAL, "name cannot be empty string"),
        (".", {"type": "text"}, PARSING, "Invalid field name ."),
        ("a..b", {"type": "text"}, ILLEGAL, "name cannot be empty string"),
        ("_id", {"type": "keyword"}, PARSING, "Field [_id] is defined more than once"),
        ("x", {"type": None}, PARSING, "No type specified for field [x]"),
        ("x", {"type": 5}, PARSING, "No handler for type [5] declared on field [x]"),
        ("x", {"type": "geo_point"}, PARSING, "field type [geo_point] of field [x] is not supported"),
        ("x", {"properties": {}, "zz": 1}, PARSING, "Mapping definition for [x] has unsupported parameters:  [zz : 1]"),
        ("x", {"type": "flat_object", "zz": 1}, PARSING, "Mapping definition for [x] has unsupported parameters:  [zz : 1]"),
        ("x", {"type": "constant_keyword"}, PARSE, "Field [x] is missing required parameter [value]"),
        ("x", {"type": "object", "enabled": "x"}, ILLEGAL, "Could not convert [enabled.enabled] to boolean"),
        ("x", {"type": "keyword", "normalizer": "nope"}, PARSING, "normalizer [nope] not found for field [x]"),
        ("x", {"type": "text", "index_options": "x"}, PARSING, "Unknown value [x] for field [index_options] - accepted values are [positions, docs, freqs, offsets]"),
        ("x", {"type": "text", "fields": {"a.b": {"type": "keyword"}}}, PARSING, "Field name [a.b] which is a multi field of [x] cannot contain '.'"),
        ("x", {"type": "text", "fields": "x"}, PARSING, "expected map for property [fields] on field [x] or [fields] but got a class java.lang.String"),
        ("x", {"type": "text", "fields": {"a": {}}}, PARSING, "no type specified for property [a]"),
        ("x", {"type": "text", "fields": {"a": {"type": "object"}}}, PARSING, "Type [object] cannot be used in multi field"),
        ("x", {"type": "text", "index": "x"}, ILLEGAL, "Failed to parse value [x] as only [true] or [false] are allowed."),
        ("x", {"type": "text", "index": None}, PARSING, "[index] on mapper [x] of type [text] must not have a [null] value"),
        ("x", {"type": "keyword", "meta": {"a": 1}}, PARSING, "[meta] values can only be strings, but got Integer[1] for field [x]"),
        ("x", {"type": "long", "null_value": "x"}, "number_format_exception", 'For input string: "x"'),
        ("x", {"type": "long", "null_value": 1.5}, ILLEGAL, "Value [1.5] has a decimal part"),
        ("x", {"type": "integer", "null_value": 30000000000}, ILLEGAL, "Value [30000000000] is out of range for an integer"),
        ("x", {"type": "scaled_float", "scaling_factor": -1}, ILLEGAL, "[scaling_factor] must be a positive number, got [-1.0]"),
        ("x", {"type": "text", "similarity": "nope"}, PARSING, "Unknown Similarity type [nope] for field [x]"),
        ("x", {"type": "text", "similarity": "boolean"}, ILLEGAL, "[similarity] other than [BM25] with k1 [1.2] and b [0.75] is not supported by Ragstone yet"),
        ("x", {"type": "text", "index": False, "index_phrases": True}, ILLEGAL, "Cannot set index_phrases on unindexed field [x]"),
        ("x", {"type": "date", "format": "not-a-format!"}, ILLEGAL, "Error parsing [format] on field [x]: Invalid format: [not-a-format!]: Unknown pattern letter: o"),
    ],
)  # fmt: skip
def test_changes_that_can_not_be_are_refused(name: str, definition: Any, kind: str, reason: str) -> None:
    base = mapper(BASE)
    with pytest.raises(OpenSearchException) as error:
        base.merge({"properties": {name: definition}})
    assert (error.value.type_name(), error.value.reason) == (kind, reason)


@pytest.mark.parametrize(
    "definition",
    [
        {"t": {"type": "text", "norms": False}},
        {"t": {"type": "text", "search_analyzer": "simple", "fielddata": True, "boost": 3}},
        {"l": {"type": "long", "null_value": 1, "coerce": False, "ignore_malformed": True}},
        {"k": {"type": "keyword", "null_value": "n", "ignore_above": 5, "split_queries_on_whitespace": True}},
        {"al": {"type": "alias", "path": "t"}},
        {"a.": {"type": "text"}},
        {"_foo": {"type": "keyword"}},
    ],
)
def test_some_parameters_may_change(definition: dict[str, Any]) -> None:
    base = mapper(BASE)
    assert base.merge({"properties": definition}) is not base


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        ({"dynamic": "TRUE"}, ILLEGAL, "Could not convert [dynamic.dynamic] to boolean"),
        ({"_source": {"enabled": False}}, ILLEGAL, CONFLICT.format("_source", "enabled", "true", "false")),
        ({"_source": {"excludes": ["a"]}}, ILLEGAL, CONFLICT.format("_source", "excludes", "[]", "[a]")),
        ({"_routing": {"required": True}}, ILLEGAL, CONFLICT.format("_routing", "required", "false", "true")),
        ({"_id": {"x": 1}}, PARSING, "_id is not configurable"),
        ({"numeric_detection": "x"}, ILLEGAL, "Could not convert [numeric_detection] to boolean"),
        ({"dynamic_date_formats": "nope!"}, ILLEGAL, "Invalid format: [nope!]: Unknown pattern letter: o"),
        ({"properties": "x"}, PARSE, "properties must be a map type"),
        ({"properties": None}, PARSE, "properties must be a map type"),
        ({"dynamic_templates": {"t": {}}}, PARSING, "Dynamic template syntax error. An array of named objects is expected."),
        ({"dynamic_templates": [{"b": {"match": "y"}}]}, PARSING, "template must have mapping set"),
        ({"dynamic_templates": [{"b": {"mapping": {}}}]}, PARSING, "template must have match, path_match or match_mapping_type set {mapping={}}"),
        ({"dynamic_templates": [{"b": {"match": "y", "zz": 1, "mapping": {}}}]}, ILLEGAL, "Illegal dynamic template parameter: [zz]"),
        ({"dynamic_templates": [{"b": {"match": "y", "match_pattern": "zz", "mapping": {}}}]}, ILLEGAL, "No matching pattern matched on [zz]"),
        ({"dynamic_templates": [{"b": {"match": "[", "match_pattern": "regex", "mapping": {}}}]}, ILLEGAL, "Pattern [[] of type [regex] is invalid. Cannot create dynamic template [b]."),
        ({"dynamic_templates": [{"a": {"match": "y", "mapping": {}}, "b": {}}]}, PARSING, "A dynamic template must be defined with a name"),
        ({"dynamic_templates": [{"t": {"match_mapping_type": "strings", "mapping": {}}}]}, ILLEGAL, "No field type matched on [strings], possible values are [object, string, long, double, boolean, date, binary]"),
        ({"enabled": False}, MAPPER, "the [enabled] parameter can't be updated for the object mapping [_doc]"),
        ({"type": "object"}, PARSING, "Root mapping definition has unsupported parameters:  [type : object]"),
        ({"_doc": {"properties": {}}}, ILLEGAL, "Types cannot be provided in put mapping requests"),
    ],
)  # fmt: skip
def test_bad_root_keys_are_refused(change: dict[str, Any], kind: str, reason: str) -> None:
    base = mapper(BASE)
    with pytest.raises(OpenSearchException) as error:
        base.merge(change)
    assert (error.value.type_name(), error.value.reason) == (kind, reason)


def test_creation_checks_the_shape_of_fields_first_and_refuses_types() -> None:
    for mappings, reason in (
        ({"_doc": {"properties": {}}}, "The mapping definition cannot be nested under a type"),
        (
            {"properties": {"o": {"properties": {"a": "text"}}}},
            "Expect the field config at the path o.a should be a map.",
        ),
    ):
        with pytest.raises(OpenSearchException) as error:
            Mapper.create(mappings, SETTINGS)
        assert (error.value.type_name(), error.value.reason) == (ILLEGAL, reason)


@pytest.mark.parametrize(
    ("limit", "mappings", "reason"),
    [
        ({"total_fields": 3}, {"a": {"type": "text", "fields": {"b": {"type": "keyword"}}}, "o": {"properties": {"c": {"type": "alias", "path": "a"}}}}, "Limit of total fields [3] has been exceeded"),
        ({"depth": 2}, {"a": {"properties": {"b": {"properties": {"c": {"type": "long"}}}}}}, "Limit of mapping depth [2] has been exceeded due to object field [a.b]"),
        ({"nested_fields": 1}, {"a": {"type": "nested"}, "b": {"type": "nested"}}, "Limit of nested fields [1] has been exceeded"),
    ],
)  # fmt: skip
def test_limits_hold_at_creation(limit: dict[str, int], mappings: dict[str, Any], reason: str) -> None:
    settings = IndexSettings({f"index.mapping.{key}.limit": str(value) for key, value in limit.items()})
    with pytest.raises(OpenSearchException) as error:
        Mapper.create({"properties": mappings}, settings)
    assert (error.value.type_name(), error.value.reason) == (ILLEGAL, reason)


def test_aliases_and_metadata_fields_are_found_too() -> None:
    base = mapper(BASE)
    alias, id_field = base.field("al"), base.field("_id")
    assert alias is base.field("k")
    assert "al" in base.matching("a*")
    assert id_field is not None
    assert id_field.wire_type == "_id"
    assert "_id" not in base.fields()
