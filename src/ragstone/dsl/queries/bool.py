"""bool: clauses that must, should or must not match."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.clause import common, to_bool, to_text
from ragstone.dsl.object_parser import (
    BOOLEAN,
    COMMON,
    OBJECT_ARRAY_OR_NULL,
    SCALAR,
    Declared,
    as_arguments,
    parse_object,
    read_queries,
)
from ragstone.dsl.query import Query, queries

_CLAUSES = Declared(OBJECT_ARRAY_OR_NULL, read_queries)
_FIELDS = {
    "must": _CLAUSES,
    "should": _CLAUSES,
    "mustNot": _CLAUSES,
    "must_not": _CLAUSES,
    "filter": _CLAUSES,
    "adjust_pure_negative": Declared(BOOLEAN, to_bool),
    "minimum_should_match": Declared(SCALAR, lambda value: None if value is None else to_text(value)),
    **COMMON,
}


@queries.register("bool")
@dataclass(frozen=True, kw_only=True)
class BoolQuery(Query):
    """Scores of `must` and `should` add up. Without `must` and `filter`, one of `should` must match.

    `minimum_should_match` None means that default.
    """

    wire_name: ClassVar[str] = "bool"

    must: tuple[Query, ...] = ()
    filter: tuple[Query, ...] = ()
    must_not: tuple[Query, ...] = ()
    should: tuple[Query, ...] = ()
    minimum_should_match: str | None = None
    adjust_pure_negative: bool = True

    @classmethod
    def parse(cls, body: Any) -> Self:
        found = parse_object("bool", body, _FIELDS)
        found["must_not"] = found.pop("mustNot", ()) + found.pop("must_not", ())
        return cls(**as_arguments(found))

    def to_json(self) -> JsonObject:
        shown: JsonObject = {}
        for key in ("must", "filter", "must_not", "should"):
            clauses: tuple[Query, ...] = getattr(self, key)
            if clauses:
                shown[key] = [clause.to_json() for clause in clauses]
        shown["adjust_pure_negative"] = self.adjust_pure_negative
        if self.minimum_should_match is not None:
            shown["minimum_should_match"] = self.minimum_should_match
        return {"bool": shown | common(self)}

    def children(self) -> tuple[Query, ...]:
        return self.must + self.filter + self.must_not + self.should

    def with_children(self, children: tuple[Query, ...]) -> BoolQuery:
        rest = iter(children)

        def take(old: tuple[Query, ...]) -> tuple[Query, ...]:
            return tuple(next(rest) for _ in old)

        return replace(
            self, must=take(self.must), filter=take(self.filter), must_not=take(self.must_not), should=take(self.should)
        )
