"""dis_max: the best of several queries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.clause import COMMON, Options, common, missing, read_options, to_float, unknown
from ragstone.dsl.query import Query, parse_query, queries

_OPTIONS: Options = {"tie_breaker": ("tie_breaker", to_float), **COMMON}


@queries.register("dis_max")
@dataclass(frozen=True, kw_only=True)
class DisMaxQuery(Query):
    """The best score, and `tie_breaker` times each of the others."""

    wire_name: ClassVar[str] = "dis_max"

    queries: tuple[Query, ...]
    tie_breaker: float = 0.0

    @classmethod
    def parse(cls, body: Any) -> Self:
        found: tuple[Query, ...] = ()
        for key, value in body.items():
            if key == "queries" and isinstance(value, list):
                found += tuple(map(parse_query, value))
            elif key == "queries" and isinstance(value, dict):
                found += (parse_query(value),)
            elif isinstance(value, (dict, list)):
                raise unknown("dis_max", body, key)
        arguments = read_options("dis_max", body, _OPTIONS, skip=("queries",))
        if not found:
            raise missing("[dis_max] requires 'queries' field with at least one clause", body)
        return cls(queries=found, **arguments)

    def to_json(self) -> JsonObject:
        shown = {"tie_breaker": self.tie_breaker, "queries": [query.to_json() for query in self.queries]}
        return {"dis_max": shown | common(self)}

    def children(self) -> tuple[Query, ...]:
        return self.queries

    def with_children(self, children: tuple[Query, ...]) -> DisMaxQuery:
        return replace(self, queries=children)
