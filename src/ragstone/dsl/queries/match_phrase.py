"""match_phrase: terms next to each other, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.clause import COMMON, Options, as_given, common, given, to_int, to_text
from ragstone.dsl.match_options import phrase_clause, read_zero_terms
from ragstone.dsl.query import Query, queries


def read_slop(value: Any) -> int:
    """How many positions terms may be off. Raises IllegalArgumentException when negative."""
    slop = to_int(value)
    if slop < 0:
        raise IllegalArgumentException("No negative slop allowed.")
    return slop


PHRASE_OPTIONS: Options = {
    "query": ("query", as_given),
    "slop": ("slop", read_slop),
    "analyzer": ("analyzer", to_text),
    "zero_terms_query": ("zero_terms_query", read_zero_terms),
    **COMMON,
}


@queries.register("match_phrase")
@dataclass(frozen=True, kw_only=True)
class MatchPhraseQuery(Query):
    """`analyzer` None is the field's own for quoted text."""

    wire_name: ClassVar[str] = "match_phrase"

    field: str
    query: Any
    slop: int = 0
    analyzer: str | None = None
    zero_terms_query: str = "none"

    @classmethod
    def parse(cls, body: Any) -> Self:
        return cls(**phrase_clause("match_phrase", body, PHRASE_OPTIONS))

    def to_json(self) -> JsonObject:
        shown = given(
            {
                "query": self.query,
                "analyzer": self.analyzer,
                "slop": self.slop,
                "zero_terms_query": self.zero_terms_query.upper(),
            }
        )
        return {"match_phrase": {self.field: shown | common(self)}}
