"""Buckets of the documents that a filter passes: `filter`, `filters`, `missing`, and `global` for all there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.errors import IllegalArgumentException, ParsingException
from ragstone.core.xcontent import JsonObject, Place, token
from ragstone.dsl.aggregation import Aggregation, aggregations
from ragstone.dsl.clause import to_bool, to_text
from ragstone.dsl.object_parser import STRING, Declared, parse_object
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.queries.neural import Neural
from ragstone.dsl.queries.neural_sparse import NeuralSparse
from ragstone.dsl.query import Query, parse_query
from ragstone.dsl.unsupported import unsupported

OTHER = "_other_"
"""What the bucket of the rest is called unless the request says."""


@aggregations.register("filter")
@dataclass(frozen=True, kw_only=True)
class FilterAggregation(Aggregation):
    wire_name: ClassVar[str] = "filter"
    holds_others: ClassVar[bool] = True
    query: Query

    @classmethod
    def parse(cls, name: str, body: JsonObject) -> Self:
        return cls(query=read_filter(body))

    def to_json(self) -> JsonObject:
        return {"filter": self.query.to_json()}


@aggregations.register("filters")
@dataclass(frozen=True, kw_only=True)
class FiltersAggregation(Aggregation):
    """A bucket for each filter, and with `other` one more for documents that none of them passes.

    Named ones are shown under their names, in the order of the names; `keys` is None for a list.
    """

    wire_name: ClassVar[str] = "filters"
    holds_others: ClassVar[bool] = True
    queries: tuple[Query, ...]
    keys: tuple[str, ...] | None = None
    other: str | None = None

    @classmethod
    def parse(cls, name: str, body: JsonObject) -> Self:
        keys, queries, key, wanted = None, None, OTHER, None
        for option, value in body.items():
            if option == "filters" and isinstance(value, dict):
                keys = tuple(sorted(value))
                queries = tuple(_named(value, found) for found in keys)
            elif option == "filters" and isinstance(value, list):
                queries = tuple(map(read_filter, value))
            elif option == "other_bucket":
                wanted = to_bool(value)
            elif option == "other_bucket_key" and isinstance(value, str):
                key, wanted = value, wanted is not False
            else:
                raise ParsingException(
                    f"Unknown key for a {token(value)} in [{name}]: [{option}].", place=Place(body, option, "value")
                )
        if not queries:
            raise IllegalArgumentException("[filters] cannot be empty.")
        return cls(queries=queries, keys=keys, other=key if wanted else None)

    def to_json(self) -> JsonObject:
        filters = [query.to_json() for query in self.queries]
        shown: JsonObject = {"filters": filters if self.keys is None else dict(zip(self.keys, filters, strict=True))}
        if self.other is not None:
            shown["other_bucket_key"] = self.other
        return {"filters": shown}


@aggregations.register("global")
@dataclass(frozen=True, kw_only=True)
class GlobalAggregation(Aggregation):
    """All documents that the caller may see, whatever the search asks for."""

    wire_name: ClassVar[str] = "global"
    holds_others: ClassVar[bool] = True

    @classmethod
    def parse(cls, name: str, body: JsonObject) -> Self:
        parse_object("global", body, {})
        return cls()

    def to_json(self) -> JsonObject:
        return {"global": {}}


@aggregations.register("missing")
@dataclass(frozen=True, kw_only=True)
class MissingAggregation(Aggregation):
    """Documents without a value in a field."""

    wire_name: ClassVar[str] = "missing"
    holds_others: ClassVar[bool] = True
    field: str

    @classmethod
    def parse(cls, name: str, body: JsonObject) -> Self:
        found = parse_object("missing", body, {"field": Declared(STRING, to_text)})
        if "field" not in found:
            raise IllegalArgumentException("Required one of fields [field, script], but none were specified. ")
        return cls(**found)

    def to_json(self) -> JsonObject:
        return {"missing": {"field": self.field}}


def _named(filters: JsonObject, key: str) -> Query:
    if not isinstance(filters[key], dict):
        raise ParsingException(
            "[_na] query malformed, must start with start_object", place=Place(filters, key, "value")
        )
    return read_filter(filters[key])


def read_filter(body: Any) -> Query:
    """A query that can be asked without a model. Raises what `parse_query` does."""
    query = parse_query(body)
    for node in _nodes(query):
        if isinstance(node, (HybridQuery, Neural, NeuralSparse)):
            raise unsupported(f"{node.wire_name} inside an aggregation or a highlight")
    return query


def _nodes(query: Query) -> Iterator[Query]:
    yield query
    for child in query.children():
        yield from _nodes(child)


__all__ = ["FilterAggregation", "FiltersAggregation", "GlobalAggregation", "MissingAggregation", "read_filter"]
