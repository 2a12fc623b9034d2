"""simple_query_string: a text in a small query language that has no wrong texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.xcontent import JsonObject, java_text
from ragstone.dsl.clause import COMMON, Options, common, given, missing, read_options, to_bool, to_int, to_text
from ragstone.dsl.field_boosts import FieldBoosts, field_boosts_to_json, read_fields
from ragstone.dsl.match_options import read_operator
from ragstone.dsl.query import Query, queries
from ragstone.dsl.simple_query_syntax import FLAGS, read_flags


def _read_flags(value: Any) -> frozenset[str]:
    if isinstance(value, int) and not isinstance(value, bool):
        return frozenset(FLAGS) if value < 0 else frozenset(name for bit, name in enumerate(_BITS) if value >> bit & 1)
    return read_flags(java_text(value))


_BITS = ("AND", "NOT", "OR", "PREFIX", "PHRASE", "PRECEDENCE", "ESCAPE", "WHITESPACE", "FUZZY", "NEAR")
_OPTIONS: Options = {
    "query": ("query", to_text),
    "flags": ("flags", _read_flags),
    "default_operator": ("default_operator", read_operator),
    "analyzer": ("analyzer", to_text),
    "analyze_wildcard": ("analyze_wildcard", to_bool),
    "auto_generate_synonyms_phrase_query": ("auto_generate_synonyms_phrase_query", to_bool),
    "fuzzy_max_expansions": ("fuzzy_max_expansions", to_int),
    "fuzzy_prefix_length": ("fuzzy_prefix_length", to_int),
    "fuzzy_transpositions": ("fuzzy_transpositions", to_bool),
    "lenient": ("lenient", to_bool),
    "minimum_should_match": ("minimum_should_match", to_text),
    "quote_field_suffix": ("quote_field_suffix", to_text),
    **COMMON,
}


@queries.register("simple_query_string")
@dataclass(frozen=True, kw_only=True)
class SimpleQueryStringQuery(Query):
    """`fields` empty means the index's default fields. `lenient` None: only with all fields."""

    wire_name: ClassVar[str] = "simple_query_string"

    query: str
    fields: FieldBoosts = ()
    flags: frozenset[str] = frozenset(FLAGS)
    default_operator: str = "or"
    analyzer: str | None = None
    analyze_wildcard: bool = False
    auto_generate_synonyms_phrase_query: bool = True
    fuzzy_max_expansions: int = 50
    fuzzy_prefix_length: int = 0
    fuzzy_transpositions: bool = True
    lenient: bool | None = None
    minimum_should_match: str | None = None
    quote_field_suffix: str | None = None

    @classmethod
    def parse(cls, body: Any) -> Self:
        fields = read_fields("simple_query_string", body)
        arguments = read_options("simple_query_string", body, _OPTIONS, nulls=True, skip=("fields",))
        if "query" not in arguments:
            raise missing("[simple_query_string] query text missing", body)
        return cls(fields=fields, **arguments)

    def to_json(self) -> JsonObject:
        flags = "|".join(name for name in FLAGS if name in self.flags) or "NONE"
        shown = given(
            {
                "query": self.query,
                "fields": field_boosts_to_json(self.fields) or None,
                "flags": "ALL" if self.flags == frozenset(FLAGS) else flags,
                "default_operator": self.default_operator,
                "analyzer": self.analyzer,
                "lenient": self.lenient,
                "analyze_wildcard": self.analyze_wildcard,
                "quote_field_suffix": self.quote_field_suffix,
                "minimum_should_match": self.minimum_should_match,
                "auto_generate_synonyms_phrase_query": self.auto_generate_synonyms_phrase_query,
                "fuzzy_prefix_length": self.fuzzy_prefix_length,
                "fuzzy_max_expansions": self.fuzzy_max_expansions,
                "fuzzy_transpositions": self.fuzzy_transpositions,
            }
        )
        return {"simple_query_string": shown | common(self)}
