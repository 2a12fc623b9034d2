"""From a query node to a tantivy query, for one index at one moment.

Each node class has one compiler, registered by its family's module:

    @compiles(TermQuery)
    def term(query: TermQuery, context: Context) -> tantivy.Query: ...

Scores are OpenSearch's. tantivy's BM25 keeps the factor k1 + 1 = 2.2 that OpenSearch 3 dropped, so every scored term
carries a boost of 1/2.2; it costs nothing there, while a boost around a whole query would switch off tantivy's skipping
of documents that can't be among the best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import tantivy

from ragstone.core.errors import JavaException, OpenSearchException, QueryShardException
from ragstone.dsl.query import Query

if TYPE_CHECKING:
    from ragstone.engine.embedded.mapper.field_type import FieldType
    from ragstone.engine.embedded.mapper.service import Mapper
    from ragstone.engine.embedded.snapshot import Snapshot
    from ragstone.engine.embedded.text.reader import TextReader

CompiledQuery = tantivy.Query
"""What compiling makes; `search/` passes it on without looking inside."""

K1_PLUS_ONE = 2.2


@dataclass(frozen=True)
class Context:
    """What compilers work with. `scoring` is False under filters, where only matching counts."""

    snapshot: Snapshot
    now_millis: int
    scoring: bool = True

    @property
    def mapper(self) -> Mapper:
        return self.snapshot.mapper

    @property
    def reader(self) -> TextReader:
        return self.snapshot.text

    @property
    def schema(self) -> tantivy.Schema:
        return self.snapshot.text.schema

    def compile(self, query: Query) -> tantivy.Query:
        """Scores come out as OpenSearch's, the node's boost included.

        Raises the errors of one shard: QueryShardException and what OpenSearch lets through as it is.
        """
        found = _compilers.get(type(query))
        if found is None:
            raise NotImplementedError(f"no compiler for {type(query).__name__}")
        return found(query, self)

    def scored(self, query: Query, factor: float) -> tantivy.Query:
        """Like `compile`, for a part of a node whose boost is `factor`."""
        return self.compile(query if factor == 1.0 else query.with_boost(query.boost * factor))

    def filter(self, query: Query) -> tantivy.Query:
        """Like `compile`, for a place where scores don't matter."""
        return replace(self, scoring=False).compile(query)

    # ── pieces ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def field(self, path: str) -> FieldType | None:
        return self.mapper.field(path)

    def all(self, boost: float = 1.0) -> tantivy.Query:
        return constant(tantivy.Query.all_query(), boost)

    def term(self, slot: str, value: Any) -> tantivy.Query:
        """Documents with exactly this value; its score means nothing."""
        return tantivy.Query.term_query(self.schema, slot, value)

    def bm25(self, slot: str, term: str, boost: float) -> tantivy.Query:
        """One analysed term, scored."""
        found = tantivy.Query.term_query(self.schema, slot, term)
        return tantivy.Query.boost_query(found, boost / K1_PLUS_ONE) if self.scoring else found

    def error(self, reason: str, cause: OpenSearchException | None = None) -> QueryShardException:
        metadata = self.snapshot.metadata
        return QueryShardException(reason, index=metadata.name, index_uuid=metadata.uuid, cause=cause)


Compiler = Callable[[Any, Context], tantivy.Query]
_compilers: dict[type[Query], Compiler] = {}


def compiles(*classes: type[Query]) -> Callable[[Compiler], Compiler]:
    """Register the compiler of one or several node classes."""

    def add(function: Compiler) -> Compiler:
        for cls in classes:
            if cls in _compilers:
                raise ValueError(f"{cls.__name__} has a compiler already")
            _compilers[cls] = function
        return function

    return add


def compile_query(query: Query, snapshot: Snapshot, now_millis: int, *, scoring: bool = True) -> tantivy.Query:
    """The tantivy query of a whole request. Raises what a shard of OpenSearch would answer with.

    An error of Java's own kind (a number that is none, ...) comes as `failed to create query: ...`.
    """
    context = Context(snapshot, now_millis, scoring)
    try:
        return context.compile(query)
    except JavaException as error:
        raise context.error(f"failed to create query: {error.reason}", error) from error


# ── pieces that need no index ────────────────────────────────────────────────────────────────────────────────────────


def none() -> tantivy.Query:
    return tantivy.Query.empty_query()


def constant(query: tantivy.Query, score: float) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, score)


def any_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """At least one must match; scores add up."""
    if len(queries) == 1:
        return queries[0]
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])


def all_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """Each must match; scores add up."""
    if len(queries) == 1:
        return queries[0]
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query) for query in queries])
