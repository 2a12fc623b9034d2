"""constant_score: what a filter passes, with one score."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from ragstone.core.errors import ParsingException
from ragstone.core.xcontent import JsonObject, Place
from ragstone.dsl.clause import COMMON, common, missing, read_options, unknown
from ragstone.dsl.query import Query, parse_query, queries


@queries.register("constant_score")
@dataclass(frozen=True, kw_only=True)
class ConstantScoreQuery(Query):
    wire_name: ClassVar[str] = "constant_score"

    filter: Query

    @classmethod
    def parse(cls, body: Any) -> Self:
        found: Query | None = None
        for key, value in body.items():
            if isinstance(value, dict):
                if key != "filter":
                    raise unknown("constant_score", body, key)
                found = parse_query(value)
            elif isinstance(value, list):
                raise ParsingException("unexpected token [START_ARRAY]", place=Place(body, key, "value"))
        arguments = read_options("constant_score", body, COMMON, skip=("filter",))
        if found is None:
            raise missing("[constant_score] requires a 'filter' element", body)
        return cls(filter=found, **arguments)

    def to_json(self) -> JsonObject:
        return {"constant_score": {"filter": self.filter.to_json(), **common(self)}}

    def children(self) -> tuple[Query, ...]:
        return (self.filter,)

    def with_children(self, children: tuple[Query, ...]) -> ConstantScoreQuery:
        return replace(self, filter=children[0])
