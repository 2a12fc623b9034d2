"""multi_match: one text against several fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.errors import ParseException
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.dsl.clause import COMMON, Options, as_given, common, given, missing, read_options, to_bool, to_float
from ragstone.dsl.field_boosts import FieldBoosts, field_boosts_to_json, read_fields
from ragstone.dsl.fuzziness import Fuzziness
from ragstone.dsl.match_options import CUTOFF, MAX_EXPANSIONS, read_zero_terms, text_options
from ragstone.dsl.queries.match_phrase import read_slop
from ragstone.dsl.query import Query, queries

TYPES = ("best_fields", "most_fields", "cross_fields", "phrase", "phrase_prefix", "bool_prefix")


def read_type(value: Any) -> str:
    """One of TYPES. Raises ParseException."""
    text = java_text(value)
    if text.lower() not in TYPES:
        raise ParseException(f"failed to parse [multi_match] query type [{text}]. unknown type.")
    return text.lower()


_OPTIONS: Options = {
    "query": ("query", as_given),
    "type": ("type", read_type),
    **text_options("multi_match"),
    "slop": ("slop", read_slop),
    "tie_breaker": ("tie_breaker", to_float),
    "lenient": ("lenient", to_bool),
    "zero_terms_query": ("zero_terms_query", read_zero_terms),
    "auto_generate_synonyms_phrase_query": ("auto_generate_synonyms_phrase_query", to_bool),
    **CUTOFF,
    **COMMON,
}


@queries.register("multi_match")
@dataclass(frozen=True, kw_only=True)
class MultiMatchQuery(Query):
    """`fields` empty means the index's default fields; names may have wildcards.

    `tie_breaker` None means the type's own: 1.0 for most_fields and bool_prefix, else 0.0.
    """

    wire_name: ClassVar[str] = "multi_match"

    query: Any
    fields: FieldBoosts = ()
    type: str = "best_fields"
    operator: str = "or"
    analyzer: str | None = None
    slop: int = 0
    minimum_should_match: str | None = None
    fuzziness: Fuzziness | None = None
    prefix_length: int = 0
    max_expansions: int = MAX_EXPANSIONS
    fuzzy_transpositions: bool = True
    fuzzy_rewrite: str | None = None
    tie_breaker: float | None = None
    lenient: bool | None = None
    zero_terms_query: str = "none"
    auto_generate_synonyms_phrase_query: bool = True
    cutoff_frequency: float | None = None

    @classmethod
    def parse(cls, body: Any) -> Self:
        fields = read_fields("multi_match", body)
        arguments = read_options("multi_match", body, _OPTIONS, skip=("fields",))
        if arguments.get("query") is None:
            raise missing("No text specified for multi_match query", body)
        kind = arguments.get("type", "best_fields")
        if "fuzziness" in arguments and kind in ("cross_fields", "phrase", "phrase_prefix"):
            raise missing(f"Fuzziness not allowed for type [{kind}]", body)
        if arguments.get("slop") and kind == "bool_prefix":
            raise missing("[slop] not allowed for type [bool_prefix]", body)
        return cls(fields=fields, **arguments)

    def to_json(self) -> JsonObject:
        shown = given(
            {
                "query": self.query,
                "fields": field_boosts_to_json(self.fields),
                "type": self.type,
                "operator": self.operator.upper(),
                "analyzer": self.analyzer,
                "slop": self.slop,
                "fuzziness": self.fuzziness and self.fuzziness.text,
                "prefix_length": self.prefix_length,
                "max_expansions": self.max_expansions,
                "minimum_should_match": self.minimum_should_match,
                "fuzzy_rewrite": self.fuzzy_rewrite,
                "tie_breaker": self.tie_breaker,
                "lenient": self.lenient,
                "cutoff_frequency": self.cutoff_frequency,
                "zero_terms_query": self.zero_terms_query.upper(),
                "auto_generate_synonyms_phrase_query": self.auto_generate_synonyms_phrase_query,
                "fuzzy_transpositions": self.fuzzy_transpositions,
            }
        )
        return {"multi_match": shown | common(self)}
