"""match_phrase_prefix: a phrase whose last term is only begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.clause import Options, common, given
from ragstone.dsl.match_options import MAX_EXPANSIONS, not_negative, phrase_clause
from ragstone.dsl.queries.match_phrase import PHRASE_OPTIONS
from ragstone.dsl.query import Query, queries

_OPTIONS: Options = {
    **PHRASE_OPTIONS,
    "max_expansions": ("max_expansions", not_negative("maximum expansions", "match_phrase_prefix")),
}


@queries.register("match_phrase_prefix")
@dataclass(frozen=True, kw_only=True)
class MatchPhrasePrefixQuery(Query):
    """The last term stands for up to `max_expansions` terms that begin with it."""

    wire_name: ClassVar[str] = "match_phrase_prefix"

    field: str
    query: Any
    slop: int = 0
    max_expansions: int = MAX_EXPANSIONS
    analyzer: str | None = None
    zero_terms_query: str = "none"

    @classmethod
    def parse(cls, body: Any) -> Self:
        return cls(**phrase_clause("match_phrase_prefix", body, _OPTIONS))

    def to_json(self) -> JsonObject:
        shown = given(
            {
                "query": self.query,
                "analyzer": self.analyzer,
                "slop": self.slop,
                "max_expansions": self.max_expansions,
                "zero_terms_query": self.zero_terms_query.upper(),
            }
        )
        return {"match_phrase_prefix": {self.field: shown | common(self)}}
