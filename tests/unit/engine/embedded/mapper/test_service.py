"""The mapping as a whole: parse, merge, show."""

from __future__ import annotations

from typing import Any

import pytest

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
