"""fuzzy: terms a few edits away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.clause import COMMON, Options, as_given, common, field_options, given, to_bool, to_text
from ragstone.dsl.fuzziness import Fuzziness
from ragstone.dsl.match_options import MAX_EXPANSIONS, not_negative, positive
from ragstone.dsl.query import Query, queries

_OPTIONS: Options = {
    "value": ("value", as_given),
    "term": ("value", as_given),
    "fuzziness": ("fuzziness", Fuzziness.parse),
    "prefix_length": ("prefix_length", not_negative("prefix length", "fuzzy")),
    "max_expansions": ("max_expansions", positive("maximum expansions", "fuzzy")),
    "transpositions": ("transpositions", to_bool),
    "rewrite": ("rewrite", to_text),
    **COMMON,
}


@queries.register("fuzzy")
@dataclass(frozen=True, kw_only=True)
class FuzzyQuery(Query):
    wire_name: ClassVar[str] = "fuzzy"

    field: str
    value: Any
    fuzziness: Fuzziness = Fuzziness.AUTO
    prefix_length: int = 0
    max_expansions: int = MAX_EXPANSIONS
    transpositions: bool = True
    rewrite: str | None = None

    @classmethod
    def parse(cls, body: Any) -> Self:
        field, arguments = field_options("fuzzy", body, _OPTIONS)
        return cls(field=field, **arguments)

    def to_json(self) -> JsonObject:
        shown = given(
            {
                "value": self.value,
                "fuzziness": self.fuzziness.text,
                "prefix_length": self.prefix_length,
                "max_expansions": self.max_expansions,
                "transpositions": self.transpositions,
                "rewrite": self.rewrite,
            }
        )
        return {"fuzzy": {self.field: shown | common(self)}}
