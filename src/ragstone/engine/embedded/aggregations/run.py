"""Aggregate over the documents that match a search, in several indices at once.

A bucket is a query: what is computed for it is asked of the text index, narrowed to it. So views, deleted documents and
several indices need no thought here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import tantivy

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.aggregation import Aggregation
from ragstone.dsl.query import Query
from ragstone.engine.embedded.query.compile import all_of, compile_query
from ragstone.engine.embedded.search.failures import shard_failures
from ragstone.engine.embedded.snapshot import Snapshot

A = TypeVar("A", bound=Aggregation)
Part = tuple[Snapshot, tantivy.Query]
"""One index, and which of its documents count."""
Narrowing = Callable[[Snapshot], tantivy.Query | None]
"""What documents must be besides; None where there can be none."""


@dataclass(frozen=True)
class Matching:
    """The documents of one bucket. `everything` are those of the indices that no query has narrowed."""

    parts: Sequence[Part]
    everything: Sequence[Part]
    now_millis: int

    def whole(self) -> Matching:
        return replace(self, parts=self.everything)

    def narrowed(self, narrowing: Narrowing) -> Matching:
        """Those among them that `narrowing` leaves. Raises SearchPhaseExecutionException."""
        kept = []
        for snapshot, query in self.parts:
            with shard_failures(snapshot):
                found = narrowing(snapshot)
            if found is not None:
                kept.append((snapshot, all_of([query, found])))
        return replace(self, parts=kept)

    def filtered(self, query: Query) -> Matching:
        """Those among them that a query matches. Raises SearchPhaseExecutionException."""
        return self.narrowed(lambda snapshot: compile_query(query, snapshot, self.now_millis, scoring=False))

    def count(self) -> int:
        return sum(snapshot.text.count(query) for snapshot, query in self.parts)

    def bucket(self, aggregation: Aggregation, count: int | None = None) -> JsonObject:
        """`doc_count`, and what `aggregation` wants computed for each of its buckets."""
        counted = self.count() if count is None else count
        return {"doc_count": counted, **compute(aggregation.aggregations, self)}


Aggregator = Callable[[A, Matching], JsonObject]

_aggregators: dict[type[Aggregation], Aggregator[Any]] = {}


def aggregates(*kinds: type[A]) -> Callable[[Aggregator[A]], Aggregator[A]]:
    """Register the function that computes one kind of aggregation, or several."""

    def add(function: Aggregator[A]) -> Aggregator[A]:
        _aggregators.update(dict.fromkeys(kinds, function))
        return function

    return add


def run(
    snapshots: Sequence[Snapshot],
    aggregations: Mapping[str, Aggregation],
    query: Query,
    filters: Mapping[str, Query],
    *,
    now_millis: int,
) -> JsonObject:
    """`aggregations` of the response, by name. Neither `min_score` nor a post filter narrows them. Blocking.

    Raises SearchPhaseExecutionException.
    """
    matching, everything = [], []
    for snapshot in snapshots:
        parts = [filters[snapshot.metadata.name]] if snapshot.metadata.name in filters else []
        with shard_failures(snapshot):
            found = [compile_query(part, snapshot, now_millis, scoring=False) for part in (query, *parts)]
        matching.append((snapshot, all_of(found)))
        everything.append((snapshot, all_of([snapshot.text.everything(), *found[1:]])))
    return compute(aggregations, Matching(matching, everything, now_millis))


def compute(aggregations: Mapping[str, Aggregation], matching: Matching) -> JsonObject:
    """What each aggregation makes of some documents, by name. Raises SearchPhaseExecutionException."""
    results: JsonObject = {}
    for name, aggregation in aggregations.items():
        computed = _aggregators[type(aggregation)](aggregation, matching)
        results[name] = computed if aggregation.meta is None else {"meta": aggregation.meta, **computed}
    return results
