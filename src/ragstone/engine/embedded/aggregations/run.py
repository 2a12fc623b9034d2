"""Aggregate over the documents that match a search, in several indices at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import tantivy

from ragstone.core.errors import OpenSearchException, SearchPhaseExecutionException, ShardFailure
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.aggregation import Aggregation
from ragstone.dsl.query import Query
from ragstone.engine.embedded.query.compile import all_of, compile_query
from ragstone.engine.embedded.snapshot import Snapshot

A = TypeVar("A", bound=Aggregation)
Matching = Sequence[tuple[Snapshot, tantivy.Query]]
"""Per index: what is there, and which documents count."""
Aggregator = Callable[[A, Matching], JsonObject]

_aggregators: dict[type[Aggregation], Aggregator[Any]] = {}


def aggregates(kind: type[A]) -> Callable[[Aggregator[A]], Aggregator[A]]:
    """Register the function that computes one kind of aggregation."""

    def add(function: Aggregator[A]) -> Aggregator[A]:
        _aggregators[kind] = function
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
    matching = []
    for snapshot in snapshots:
        parts = [query, *([filters[snapshot.metadata.name]] if snapshot.metadata.name in filters else [])]
        with shard_failures(snapshot):
            matching.append(
                (snapshot, all_of([compile_query(part, snapshot, now_millis, scoring=False) for part in parts]))
            )
    results: JsonObject = {}
    for name, aggregation in aggregations.items():
        computed = _aggregators[type(aggregation)](aggregation, matching)
        results[name] = computed if aggregation.meta is None else {"meta": aggregation.meta, **computed}
    return results


@contextmanager
def shard_failures(snapshot: Snapshot) -> Iterator[None]:
    """An error inside becomes the failure of that index's shard."""
    try:
        yield
    except OpenSearchException as error:
        failure = ShardFailure(snapshot.metadata.name, snapshot.node, error)
        raise SearchPhaseExecutionException(failures=[failure]) from None
