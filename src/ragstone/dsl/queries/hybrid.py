"""hybrid: several queries at once, each ranked by itself; a search pipeline makes one list of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from ragstone.core.errors import ParsingException
from ragstone.core.xcontent import JsonObject, Place, java_text
from ragstone.dsl.clause import to_float, to_int
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.knn import Knn
from ragstone.dsl.queries.neural import Neural
from ragstone.dsl.query import Query, parse_query, queries

MAX_SUB_QUERIES = 5


@queries.register("hybrid")
@dataclass(frozen=True, kw_only=True)
class HybridQuery(Query):
    """At the top of a search: one ranked list per sub-query. Anywhere else only as a filter: what any of them matches.

    `pagination_depth` is how much of each list counts; None means as many hits as the page has.
    """

    wire_name: ClassVar[str] = "hybrid"

    queries: tuple[Query, ...]
    filter: Query | None = None
    pagination_depth: int | None = None

    @classmethod
    def parse(cls, body: Any) -> Self:
        return cls.read(body, parse_query)

    @classmethod
    def read(cls, body: JsonObject, read_clause: Callable[[Any], Query]) -> Self:
        """As `parse`, with sub-queries and filter read by `read_clause`."""
        given: dict[str, Any] = {}
        for key, value in body.items():
            place = Place(body, key, "value")
            if key == "queries" and isinstance(value, (dict, list)):
                given["queries"] = _sub_queries(body, value, read_clause)
            elif key == "filter" and isinstance(value, dict):
                given["filter"] = read_clause(value)
            elif key == "boost":
                if to_float(value) != 1.0:
                    raise ParsingException("[hybrid] query does not support [boost]", place=place)
            elif key == "pagination_depth" and not isinstance(value, (dict, list)):
                given["pagination_depth"] = to_int(value)
            elif key == "_name" and not isinstance(value, (dict, list)):
                given["name"] = java_text(value)
            else:
                raise ParsingException("Field is not supported by [hybrid] query", place=place)
        if not given.get("queries"):
            raise ParsingException(
                "[hybrid] requires 'queries' field with at least one clause", place=Place(body, None, "end")
            )
        return cls(**given)

    def to_json(self) -> JsonObject:
        shown: JsonObject = {"queries": [query.to_json() for query in self.queries]}
        if self.filter is not None:
            shown["filter"] = self.filter.to_json()
        if self.pagination_depth is not None:
            shown["pagination_depth"] = self.pagination_depth
        if self.name is not None:
            shown["_name"] = self.name
        return {"hybrid": shown}

    def children(self) -> tuple[Query, ...]:
        return self.queries if self.filter is None else (*self.queries, self.filter)

    def with_children(self, children: tuple[Query, ...]) -> HybridQuery:
        if self.filter is None:
            return replace(self, queries=children)
        return replace(self, queries=children[:-1], filter=children[-1])

    def any(self) -> BoolQuery:
        """What at least one of the sub-queries matches, as one query: for places where scores do not count."""
        return BoolQuery(should=self.narrowed().queries, name=self.name)

    def narrowed(self) -> HybridQuery:
        """The same search with the filter inside each sub-query, where vector queries choose among what it leaves."""
        if self.filter is None:
            return self
        return replace(self, queries=tuple(narrowed(query, self.filter) for query in self.queries), filter=None)


@runtime_checkable
class Narrows(Protocol):
    """A query that knows better than its surroundings how to keep to documents that pass a filter."""

    def over(self, filter: Query) -> Query: ...


def narrowed(query: Query, filter: Query) -> Query:
    """The query over those documents only that pass the filter."""
    if isinstance(query, Narrows):
        return query.over(filter)
    if isinstance(query, (Knn, Neural)):
        both = filter if query.filter is None else BoolQuery(filter=(query.filter, filter))
        return replace(query, filter=both)
    return BoolQuery(must=(query,), filter=(filter,))


def _sub_queries(
    body: JsonObject, value: JsonObject | list[Any], read_clause: Callable[[Any], Query]
) -> tuple[Query, ...]:
    if isinstance(value, dict):
        return (read_clause(value),)
    if not value:
        raise ParsingException(
            "[_na] query malformed, must start with start_object", place=Place(body, "queries", "end")
        )
    if len(value) > MAX_SUB_QUERIES:
        raise ParsingException(
            "Number of sub-queries exceeds maximum supported by [hybrid] query",
            place=Place(value, MAX_SUB_QUERIES, "value"),
        )
    return tuple(read_clause(clause) for clause in value)


__all__ = ["MAX_SUB_QUERIES", "HybridQuery", "Narrows", "narrowed"]
