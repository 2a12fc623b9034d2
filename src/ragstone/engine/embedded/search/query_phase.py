"""Rank the documents of several indices for one or several queries, and count them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from ragstone.core.clock import Deadline
from ragstone.core.errors import (
    IllegalArgumentException,
    OpenSearchException,
    OpenSearchTimeoutException,
    SearchPhaseExecutionException,
    ShardFailure,
)
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.query import Query
from ragstone.engine.embedded.query.compile import all_of, compile_query
from ragstone.engine.embedded.search.by_score import shortest
from ragstone.engine.embedded.search.index_search import Found, IndexSearch
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


def union(
    snapshots: Sequence[Snapshot], request: QueryRequest, lists: Sequence[RankedList], *, now_millis: int
) -> Total | None:
    """How many documents at least one of several queries matches. `lists` is what they found. Blocking."""
    if len(lists) < 2 or request.track_total_hits is False:
        return None
    if all(found.total == Total(len(found.hits)) for found in lists):
        return Total(len({(hit.index, hit.ref) for found in lists for hit in found.hits}))
    query: Query = BoolQuery(should=tuple(request.queries))
    if request.post_filter is not None:
        query = BoolQuery(filter=(query, request.post_filter))
    return _total(request, count(snapshots, query, request.filters, now_millis=now_millis))


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
    def one(snapshot: Snapshot) -> Found:
        return IndexSearch(snapshot, query, request, now_millis).run()

    found, failures = _each(snapshots, one, deadline)
    hits = next(iter(found.values())).hits if len(found) == 1 else _merged(found, request)
    scores = [result.max_score for result in found.values() if result.max_score is not None]
    return RankedList(
        hits,
        _total(request, sum(result.matches for result in found.values())),
        shortest([max(scores)])[0] if scores and hits else None,
        failures=failures,
        terminated_early=any(result.terminated_early for result in found.values()),
    )


def _merged(found: Mapping[int, Found], request: QueryRequest) -> list[RankedHit]:
    """The first hits of several indices; equal ones by the order of the indices."""
    entries = []
    for position, result in found.items():
        orders = result.orders or [(-(hit.score or 0.0),) for hit in result.hits]
        entries += [(order, position, hit.ref, hit) for order, hit in zip(orders, result.hits, strict=True)]
    try:
        entries.sort(key=lambda entry: entry[:3])
    except TypeError:  # numbers in one index, texts in another
        fields = ", ".join(key.field for key in request.sort)
        raise IllegalArgumentException(
            f"Can't sort on field [{fields}]; the field has incompatible sort types across shards!"
        ) from None
    return [hit for _, _, _, hit in entries[: request.size]]


def _total(request: QueryRequest, matches: int) -> Total | None:
    track = request.track_total_hits
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
