"""Rank the documents of several indices for one or several queries, and count them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from ragstone.core.clock import Deadline
from ragstone.core.errors import (
    OpenSearchException,
    OpenSearchTimeoutException,
    SearchPhaseExecutionException,
    ShardFailure,
)
from ragstone.dsl.query import Query
from ragstone.engine.embedded.query.compile import all_of, compile_query, constant
from ragstone.engine.embedded.query.same_score import same_score
from ragstone.engine.embedded.search.by_score import best_by_row, best_by_score, shortest
from ragstone.engine.embedded.snapshot import Snapshot
from ragstone.engine.values import QueryRequest, RankedHit, RankedList, Total

T = TypeVar("T")


def execute(
    snapshots: Sequence[Snapshot], request: QueryRequest, *, now_millis: int, deadline: Deadline | None = None
) -> list[RankedList]:
    """One ranked list per query of the request, over `snapshots` in the order given. Blocking.

    Raises SearchPhaseExecutionException when every index fails, OpenSearchTimeoutException past the deadline.
    """
    return [_rank(snapshots, query, request, now_millis, deadline) for query in request.queries]


def count(
    snapshots: Sequence[Snapshot], query: Query, filters: Mapping[str, Query] | None = None, *, now_millis: int
) -> int:
    """How many documents match, exactly. `filters` holds further queries by index name. Blocking."""

    def one(snapshot: Snapshot) -> int:
        parts = [query]
        if filters is not None and snapshot.metadata.name in filters:
            parts.append(filters[snapshot.metadata.name])
        clauses = [compile_query(part, snapshot, now_millis, scoring=False) for part in parts]
        return snapshot.text.count(all_of(clauses))

    counts, _ = _each(snapshots, one, None)
    return sum(counts.values())


def _rank(
    snapshots: Sequence[Snapshot], query: Query, request: QueryRequest, now_millis: int, deadline: Deadline | None
) -> RankedList:
    wants_total = request.track_total_hits is not False

    def one(snapshot: Snapshot) -> tuple[list[tuple[float, int]], int]:
        narrowing = [request.filters[name]] if (name := snapshot.metadata.name) in request.filters else []
        if request.post_filter is not None:
            narrowing.append(request.post_filter)
        compiled = compile_query(query, snapshot, now_millis)
        if narrowing:
            filters = [constant(compile_query(part, snapshot, now_millis, scoring=False), 0.0) for part in narrowing]
            compiled = all_of([compiled, *filters])
        best = best_by_row if same_score(query, snapshot.mapper) else best_by_score
        return best(snapshot.text, compiled, request.size, count=wants_total)

    found, failures = _each(snapshots, one, deadline)
    merged: list[tuple[float, int, int]] = []
    matches = 0
    for position, (scored, total) in found.items():
        merged += [(-score, position, row) for score, row in scored]
        matches += total
    if len(snapshots) > 1:
        merged.sort()
    hits = [
        RankedHit(snapshots[position].metadata.name, row, -score) for score, position, row in merged[: request.size]
    ]
    max_score = shortest(-merged[0][0]) if hits else None
    return RankedList(hits, _total(request.track_total_hits, matches), max_score, failures=failures)


def _total(track: bool | int, matches: int) -> Total | None:
    if track is False:
        return None
    if track is not True and matches > track:
        return Total(track, "gte")
    return Total(matches)


def _each(
    snapshots: Sequence[Snapshot], work: Callable[[Snapshot], T], deadline: Deadline | None
) -> tuple[dict[int, T], list[ShardFailure]]:
    """The work's results by position, and the failures. Raises SearchPhaseExecutionException when nothing is left."""
    results: dict[int, T] = {}
    failures: list[ShardFailure] = []
    for position, snapshot in enumerate(snapshots):
        if deadline is not None and deadline.expired:
            raise OpenSearchTimeoutException("the search ran out of time")
        try:
            results[position] = work(snapshot)
        except OpenSearchException as error:
            failures.append(ShardFailure(snapshot.metadata.name, snapshot.node, error))
    if failures and not results:
        raise SearchPhaseExecutionException(failures=failures)
    return results, failures
