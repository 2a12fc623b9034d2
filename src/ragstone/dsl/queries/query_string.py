"""query_string: a text in Lucene's query language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.units import parse_bool
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.clause import (
    COMMON,
    Options,
    common,
    given,
    missing,
    read_options,
    to_bool,
    to_float,
    to_int,
    to_text,
)
from ragstone.dsl.field_boosts import FieldBoosts, field_boosts_to_json, read_fields
from ragstone.dsl.fuzziness import Fuzziness
from ragstone.dsl.match_options import read_operator
from ragstone.dsl.queries.multi_match import read_type
from ragstone.dsl.query import Query, queries

_OPTIONS: Options = {
    "query": ("query", to_text),
    "default_field": ("default_field", to_text),
    "default_operator": ("default_operator", read_operator),
    "analyzer": ("analyzer", to_text),
    "quote_analyzer": ("quote_analyzer", to_text),
    "allow_leading_wildcard": ("allow_leading_wildcard", to_bool),
    "analyze_wildcard": ("analyze_wildcard", to_bool),
    "auto_generate_synonyms_phrase_query": ("auto_generate_synonyms_phrase_query", to_bool),
    "enable_position_increments": ("enable_position_increments", to_bool),
    "escape": ("escape", to_bool),
    "fuzziness": ("fuzziness", Fuzziness.parse),
    "fuzzy_max_expansions": ("fuzzy_max_expansions", to_int),
    "fuzzy_prefix_length": ("fuzzy_prefix_length", to_int),
    "fuzzy_rewrite": ("fuzzy_rewrite", to_text),
    "fuzzy_transpositions": ("fuzzy_transpositions", to_bool),
    "lenient": ("lenient", to_bool),
    "max_determinized_states": ("max_determinized_states", to_int),
    "minimum_should_match": ("minimum_should_match", to_text),
    "phrase_slop": ("phrase_slop", to_int),
    "quote_field_suffix": ("quote_field_suffix", to_text),
    "rewrite": ("rewrite", to_text),
    "tie_breaker": ("tie_breaker", to_float),
    "time_zone": ("time_zone", to_text),
    "type": ("type", read_type),
    **COMMON,
}


@queries.register("query_string")
@dataclass(frozen=True, kw_only=True)
class QueryStringQuery(Query):
    """`query` is parsed when an index answers, because its errors are answers of the index.

    `fields` (or `default_field`) empty means the index's default fields. `lenient` None: only with all fields.
    """

    wire_name: ClassVar[str] = "query_string"

    query: str
    default_field: str | None = None
    fields: FieldBoosts = ()
    default_operator: str = "or"
    analyzer: str | None = None
    quote_analyzer: str | None = None
    allow_leading_wildcard: bool = True
    analyze_wildcard: bool = False
    auto_generate_synonyms_phrase_query: bool = True
    enable_position_increments: bool = True
    escape: bool = False
    fuzziness: Fuzziness = Fuzziness.AUTO
    fuzzy_max_expansions: int = 50
    fuzzy_prefix_length: int = 0
    fuzzy_rewrite: str | None = None
    fuzzy_transpositions: bool = True
    lenient: bool | None = None
    max_determinized_states: int = 10_000
    minimum_should_match: str | None = None
    phrase_slop: int = 0
    quote_field_suffix: str | None = None
    rewrite: str | None = None
    tie_breaker: float | None = None
    time_zone: str | None = None
    type: str = "best_fields"

    @classmethod
    def parse(cls, body: Any) -> Self:
        fields = read_fields("query_string", body)
        arguments = read_options("query_string", body, _OPTIONS, nulls=True, skip=("fields",))
        if "query" not in arguments:
            raise missing("[query_string] must be provided with a [query]", body)
        return cls(fields=fields, **arguments)

    @classmethod
    def of_parameters(cls, parameters: Mapping[str, str]) -> Self:
        """From `q` and its companions of a query string: df, default_operator, analyzer, analyze_wildcard, lenient.

        Raises IllegalArgumentException.
        """
        arguments: dict[str, Any] = {"query": parameters["q"]}
        for name, argument, read in (
            ("df", "default_field", str),
            ("default_operator", "default_operator", read_operator),
            ("analyzer", "analyzer", str),
            ("analyze_wildcard", "analyze_wildcard", parse_bool),
            ("lenient", "lenient", parse_bool),
        ):
            if name in parameters:
                arguments[argument] = read(parameters[name])
        return cls(**arguments)

    def to_json(self) -> JsonObject:
        shown = given(
            {
                "query": self.query,
                "default_field": self.default_field,
                "fields": field_boosts_to_json(self.fields) or None,
                "type": self.type,
                "tie_breaker": self.tie_breaker,
                "default_operator": self.default_operator,
                "analyzer": self.analyzer,
                "quote_analyzer": self.quote_analyzer,
                "allow_leading_wildcard": None if self.allow_leading_wildcard else False,
                "max_determinized_states": self.max_determinized_states,
                "enable_position_increments": self.enable_position_increments,
                "fuzziness": self.fuzziness.text,
                "fuzzy_prefix_length": self.fuzzy_prefix_length,
                "fuzzy_max_expansions": self.fuzzy_max_expansions,
                "fuzzy_rewrite": self.fuzzy_rewrite,
                "phrase_slop": self.phrase_slop,
                "analyze_wildcard": self.analyze_wildcard or None,
                "rewrite": self.rewrite,
                "minimum_should_match": self.minimum_should_match,
                "quote_field_suffix": self.quote_field_suffix,
                "lenient": self.lenient,
                "time_zone": self.time_zone,
                "escape": self.escape,
                "auto_generate_synonyms_phrase_query": self.auto_generate_synonyms_phrase_query,
                "fuzzy_transpositions": self.fuzzy_transpositions,
            }
        )
        return {"query_string": shown | common(self)}
