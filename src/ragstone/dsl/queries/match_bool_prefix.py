"""match_bool_prefix: the terms of a text, of which the last is only begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.clause import COMMON, Options, as_given, common, given
from ragstone.dsl.fuzziness import Fuzziness
from ragstone.dsl.match_options import MAX_EXPANSIONS, phrase_clause, text_options
from ragstone.dsl.query import Query, queries

_OPTIONS: Options = {"query": ("query", as_given), **text_options("match_bool_prefix"), **COMMON}


@queries.register("match_bool_prefix")
@dataclass(frozen=True, kw_only=True)
class MatchBoolPrefixQuery(Query):
    """Every term but the last may be fuzzy."""

    wire_name: ClassVar[str] = "match_bool_prefix"

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

    @classmethod
    def parse(cls, body: Any) -> Self:
        return cls(**phrase_clause("match_bool_prefix", body, _OPTIONS))

    def to_json(self) -> JsonObject:
        shown = given(
            {
                "query": self.query,
                "analyzer": self.analyzer,
                "operator": self.operator.upper(),
                "minimum_should_match": self.minimum_should_match,
                "fuzziness": self.fuzziness and self.fuzziness.text,
                "prefix_length": self.prefix_length,
                "max_expansions": self.max_expansions,
                "fuzzy_transpositions": self.fuzzy_transpositions,
                "fuzzy_rewrite": self.fuzzy_rewrite,
            }
        )
        return {"match_bool_prefix": {self.field: shown | common(self)}}
