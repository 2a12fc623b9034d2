"""From a query node to a tantivy query, for one index at one moment.

Each node class has one compiler, registered by its family's module:

    @compiles(TermQuery)
    def term(query: TermQuery, context: Context) -> tantivy.Query: ...

Scores are OpenSearch's. tantivy's BM25 keeps the factor k1 + 1 = 2.2 that OpenSearch 3 dropped, so every scored term
carries a boost of 1/2.2; it costs nothing there, while a boost around a whole query would switch off tantivy's skipping
of documents that can't be among the best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import tantivy
from numpy.typing import NDArray

from ragstone.core.errors import JavaException, OpenSearchException, QueryShardException, TooManyClauses
from ragstone.dsl.query import Query
from ragstone.engine.embedded.text.schema import METADATA_COLUMNS, ROW
from ragstone.engine.embedded.text.statistics import UNIFORM

if TYPE_CHECKING:
    from ragstone.engine.embedded.mapper.field_type import FieldType, IndexValue
    from ragstone.engine.embedded.mapper.service import Mapper
    from ragstone.engine.embedded.snapshot import Snapshot
    from ragstone.engine.embedded.text.reader import TextReader

Ranks = NDArray[np.int64]
MAX_CLAUSES = 1024
CompiledQuery = tantivy.Query
"""What compiling makes; `search/` passes it on without looking inside."""


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
        if found is not None:
            return found(query, self)
        rows, scores = _rankers[type(query)](query, self)
        return self.scored_rows(rows, scores)

    def scored(self, query: Query, factor: float) -> tantivy.Query:
        """Like `compile`, for a part of a node whose boost is `factor`."""
        return self.compile(query if factor == 1.0 else query.with_boost(query.boost * factor))

    def filter(self, query: Query) -> tantivy.Query:
        """Like `compile`, for a place where scores don't matter."""
        return replace(self, scoring=False).compile(query)

    # ── pieces ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def field(self, path: str) -> FieldType | None:
        return self.mapper.field(path)

    def slot(self, field: FieldType) -> str | None:
        """Where a field's values are; None when no document could have one yet."""
        return METADATA_COLUMNS.get(field.name) or self.reader.slot(field.column)

    def frequency(self, slot: str, value: str | float | bool) -> int:
        return self.reader.statistics.frequency(slot, value)

    def values(self, field: FieldType, rows: Sequence[int]) -> Iterator[Sequence[IndexValue]]:
        """What each of `rows` indexed in `field`, read again from its source. Slow: some 50 µs a document."""
        for stored in self.snapshot.originals(rows):
            document = self.mapper.parse_document(stored.id, stored.source or b"{}")
            yield document.values.get(field.name, ())

    def all(self, boost: float = 1.0) -> tantivy.Query:
        return constant(self.reader.everything(), boost)

    def term(self, slot: str, value: Any) -> tantivy.Query:
        """Documents with exactly this value; its score means nothing."""
        return tantivy.Query.term_query(self.schema, slot, value)

    def bm25(self, path: str, slot: str, term: str, boost: float, frequency: int | None = None) -> tantivy.Query:
        """One analysed term, scored. `frequency` stands in for the term's own, where terms or fields share one."""
        found = tantivy.Query.term_query(self.schema, slot, term)
        if not self.scoring:
            return found
        return tantivy.Query.boost_query(found, boost * self.reader.statistics.factor(path, slot, (term,), frequency))

    def bm25_terms(self, path: str, slot: str, terms: Sequence[str], boost: float) -> list[tantivy.Query]:
        """`bm25` of each term; the quick way where the field is in every document."""
        if not self.scoring or not self.reader.statistics.is_uniform(path):
            return [self.bm25(path, slot, term, boost) for term in terms]
        schema, weight, make, weigh = self.schema, boost * UNIFORM, tantivy.Query.term_query, tantivy.Query.boost_query
        return [weigh(make(schema, slot, term), weight) for term in terms]

    def scored_rows(self, rows: Ranks, scores: NDArray[np.float32]) -> tantivy.Query:
        """Exactly these documents, each with its own score."""
        if not len(rows):
            return none()
        if not self.scoring:
            return tantivy.Query.term_set_query(self.schema, ROW, rows.tolist())
        return any_of(
            [constant(self.term(ROW, row), score) for row, score in zip(rows.tolist(), scores.tolist(), strict=True)]
        )

    def matching_rows(self, query: Query) -> Ranks:
        """The rows of all documents a filter passes, ascending; remembered as long as the reader lives."""
        key = (query, self.now_millis) if "now" in repr(query) else query  # what date math means, changes
        return self.reader.remembered_rows(key, lambda: self.filter(query))

    def error(self, reason: str, cause: OpenSearchException | None = None) -> QueryShardException:
        metadata = self.snapshot.metadata
        return QueryShardException(reason, index=metadata.name, index_uuid=metadata.uuid, cause=cause)


Compiler = Callable[[Any, Context], tantivy.Query]
Ranker = Callable[[Any, Context], "tuple[Ranks, NDArray[np.float32]]"]
_compilers: dict[type[Query], Compiler] = {}
_rankers: dict[type[Query], Ranker] = {}


def compiles(*classes: type[Query]) -> Callable[[Compiler], Compiler]:
    """Register the compiler of one or several node classes."""

    def add(function: Compiler) -> Compiler:
        for cls in classes:
            if cls in _compilers:
                raise ValueError(f"{cls.__name__} has a compiler already")
            _compilers[cls] = function
        return function

    return add


def ranks(*classes: type[Query]) -> Callable[[Ranker], Ranker]:
    """Register a node that finds and scores its documents itself: rows and scores, best first, the boost included.

    Alone at the top of a search it never meets tantivy; anywhere else its rows become a clause of the rest.
    """

    def add(function: Ranker) -> Ranker:
        for cls in classes:
            if cls in _rankers:
                raise ValueError(f"{cls.__name__} has a ranker already")
            _rankers[cls] = function
        return function

    return add


def ranker_of(query: Query) -> Ranker | None:
    return _rankers.get(type(query))


def compile_query(query: Query, snapshot: Snapshot, now_millis: int, *, scoring: bool = True) -> tantivy.Query:
    """The tantivy query of a whole request. Raises what a shard of OpenSearch would answer with.

    An error of Java's own kind (a number that is none, ...) comes as `failed to create query: ...`.
    """
    context = Context(snapshot, now_millis, scoring)
    try:
        return context.compile(query)
    except JavaException as error:
        raise failed_to_create(error, context) from error


@contextmanager
def shard_errors(context: Context) -> Iterator[None]:
    """Around compiling: an error of Java's own kind becomes the QueryShardException a shard answers with."""
    try:
        yield
    except JavaException as error:
        raise failed_to_create(error, context) from error


def failed_to_create(error: JavaException, context: Context) -> QueryShardException:
    return context.error(f"failed to create query: {error.reason}", error)


# ── pieces that need no index ────────────────────────────────────────────────────────────────────────────────────────


def check_clauses(count: int) -> None:
    """Raises TooManyClauses, as Lucene does for a bool of more than 1024 clauses."""
    if count > MAX_CLAUSES:
        raise TooManyClauses(f"maxClauseCount is set to {MAX_CLAUSES}")


def none() -> tantivy.Query:
    return tantivy.Query.empty_query()


def constant(query: tantivy.Query, score: float) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, score)


def any_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """At least one must match; scores add up."""
    if len(queries) == 1:
        return queries[0]
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])


def but_not(query: tantivy.Query, excluded: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.MustNot, excluded)])


def all_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """Each must match; scores add up."""
    if len(queries) == 1:
        return queries[0]
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query) for query in queries])
