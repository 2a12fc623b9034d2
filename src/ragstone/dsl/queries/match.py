"""match: analysed text, or one value of any other type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.clause import (
    COMMON,
    Options,
    as_given,
    common,
    given,
    missing,
    one_field,
    read_options,
    scalar,
    to_bool,
)
from ragstone.dsl.fuzziness import Fuzziness
from ragstone.dsl.match_options import CUTOFF, MAX_EXPANSIONS, read_zero_terms, text_options
from ragstone.dsl.query import Query, queries

_OPTIONS: Options = {
    "query": ("query", as_given),
    **text_options("match"),
    "lenient": ("lenient", to_bool),
    "zero_terms_query": ("zero_terms_query", read_zero_terms),
    "auto_generate_synonyms_phrase_query": ("auto_generate_synonyms_phrase_query", to_bool),
    **CUTOFF,
    **COMMON,
}


@queries.register("match")
@dataclass(frozen=True, kw_only=True)
class MatchQuery(Query):
    """`query` is the JSON scalar as it was given; `analyzer` None is the field's own for searching."""

    wire_name: ClassVar[str] = "match"

    field: str
    query: Any
    operator: str = "or"
    analyzer: str | None = None
    minimum_should_match: str | None = None
    fuzziness: Fuzziness | None = None
    prefix_length: int = 0
    max_expansions: int = MAX_EXPANSIONS
    fuzzy_transpositions: bool = True
    fuzzy_rewrite: str | None = None
    lenient: bool = False
    zero_terms_query: str = "none"
    auto_generate_synonyms_phrase_query: bool = True
    cutoff_frequency: float | None = None

    @classmethod
    def parse(cls, body: Any) -> Self:
        found = one_field("match", body)
        if found is None:
            raise missing("No text specified for text query", body)
        field, value = found
        arguments = (
            read_options("match", value, _OPTIONS)
            if isinstance(value, dict)
            else {"query": scalar("match", body, field)}
        )
        if arguments.get("query") is None:
            raise missing("No text specified for text query", body)
        return cls(field=field, **arguments)

    def to_json(self) -> JsonObject:
        shown = given(
            {
                "query": self.query,
                "operator": self.operator.upper(),
                "analyzer": self.analyzer,
                "fuzziness": self.fuzziness and self.fuzziness.text,
                "prefix_length": self.prefix_length,
                "max_expansions": self.max_expansions,
                "minimum_should_match": self.minimum_should_match,
                "fuzzy_rewrite": self.fuzzy_rewrite,
                "fuzzy_transpositions": self.fuzzy_transpositions,
                "lenient": self.lenient,
                "zero_terms_query": self.zero_terms_query.upper(),
                "cutoff_frequency": self.cutoff_frequency,
                "auto_generate_synonyms_phrase_query": self.auto_generate_synonyms_phrase_query,
            }
        )
        return {"match": {self.field: shown | common(self)}}
