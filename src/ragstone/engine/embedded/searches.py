"""Searches in open indices: which moment of them is looked at, and one hop into a thread for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ragstone.core.clock import Clock, Deadline, epoch_millis
from ragstone.core.errors import IndexNotFoundException, IOException
from ragstone.core.threadpool import ThreadPools
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.query import Query
from ragstone.engine.embedded import aggregations
from ragstone.engine.embedded.cluster_state import ClusterState
from ragstone.engine.embedded.knn_counter import KnnCounter
from ragstone.engine.embedded.open_index import HeldSnapshots, OpenIndex
from ragstone.engine.embedded.open_indices import OpenIndices
from ragstone.engine.embedded.search import fetch_phase, query_phase
from ragstone.engine.embedded.snapshot import Snapshot
from ragstone.engine.embedded.visible import through
from ragstone.engine.values import (
    FetchOptions,
    Hit,
    JsonObject,
    QueryPhaseResult,
    QueryRequest,
    RankedHit,
    Reader,
    VectorUsage,
)
from ragstone.engine.visibility import Views


class Searches:
    """See `SearchEngine`."""

    def __init__(self, state: ClusterState, opened: OpenIndices, pools: ThreadPools, clock: Clock) -> None:
        self._state = state
        self._open = opened
        self._pools = pools
        self._clock = clock
        self._knn = KnnCounter()

    async def query(self, request: QueryRequest, deadline: Deadline | None) -> QueryPhaseResult:
        entries, snapshots = await self._searched(request)
        self._knn.count(request.queries, snapshots)
        with self._open.unless_gone(entries):
            return await self._pools.run("search", _query, snapshots, request, epoch_millis(self._clock), deadline)

    async def query_and_fetch(
        self, request: QueryRequest, start: int, options: FetchOptions, deadline: Deadline | None
    ) -> tuple[QueryPhaseResult, list[Hit]]:
        # One hop to another thread and back: on the way of a quick search that is what costs most.
        entries, snapshots = await self._searched(request)
        self._knn.count(request.queries, snapshots)
        now = epoch_millis(self._clock)
        with self._open.unless_gone(entries):
            return await self._pools.run("search", _query_and_fetch, snapshots, request, start, options, now, deadline)

    async def fetch(self, result: QueryPhaseResult, hits: Sequence[RankedHit], options: FetchOptions) -> list[Hit]:
        try:
            return await self._pools.run(
                "search", fetch_phase.fetch, result.snapshot, hits, options, now_millis=epoch_millis(self._clock)
            )
        except IOException:
            for index in (snapshot.metadata for snapshot in result.snapshot):
                now = self._state.metadata.indices.get(index.name)
                if now is None or now.uuid != index.uuid:
                    raise IndexNotFoundException(index.name) from None
            raise

    async def open_reader(self, names: Sequence[str]) -> Reader:
        held = HeldSnapshots([await self._open.usable(name) for name in names])
        return Reader(tuple(names), held.shards, held)

    async def _searched(self, request: QueryRequest) -> tuple[Sequence[OpenIndex], tuple[Snapshot, ...]]:
        """What a search looks at: the last refresh of its indices, or what its reader holds."""
        entries = [await self._open.usable(name) for name in request.indices]
        if request.reader is None:
            return entries, tuple(entry.index.snapshot for entry in entries)
        return entries, request.reader.handle.snapshots

    async def count(
        self, names: Sequence[str], query: Query, filters: Mapping[str, Query] | None, views: Views | None
    ) -> int:
        entries = [await self._open.usable(name) for name in names]
        snapshots = [entry.index.snapshot for entry in entries]
        now = epoch_millis(self._clock)
        with self._open.unless_gone(entries):
            return await self._pools.run("search", _count, snapshots, query, filters, views, now)

    def vector_usage(self) -> VectorUsage:
        opened = {name: entry.index.vectors() for name, entry in sorted(self._open.by_name.items())}
        return VectorUsage(self._knn.requests, {name: vectors for name, vectors in opened.items() if vectors})


def _query(
    snapshots: tuple[Snapshot, ...], request: QueryRequest, now_millis: int, deadline: Deadline | None
) -> QueryPhaseResult:
    snapshots = through(snapshots, request.views, now_millis)
    lists = query_phase.execute(snapshots, request, now_millis=now_millis, deadline=deadline)
    aggregated: JsonObject = {}
    if request.aggregations:
        one, filters = len(request.queries) == 1, request.filters
        query = request.queries[0] if one else BoolQuery(should=tuple(request.queries))
        aggregated = aggregations.run(snapshots, request.aggregations, query, filters, now_millis=now_millis)
    shards = sum(snapshot.metadata.number_of_shards for snapshot in snapshots)
    union = query_phase.union(snapshots, request, lists, now_millis=now_millis) if len(lists) > 1 else None
    return QueryPhaseResult(lists, snapshots, shards, aggregated, union)


def _query_and_fetch(
    snapshots: tuple[Snapshot, ...],
    request: QueryRequest,
    start: int,
    options: FetchOptions,
    now_millis: int,
    deadline: Deadline | None,
) -> tuple[QueryPhaseResult, list[Hit]]:
    result = _query(snapshots, request, now_millis, deadline)
    hits = fetch_phase.fetch(result.snapshot, result.lists[0].hits[start:], options, now_millis=now_millis)
    result.snapshot = ()
    return result, hits


def _count(
    snapshots: Sequence[Snapshot],
    query: Query,
    filters: Mapping[str, Query] | None,
    views: Views | None,
    now_millis: int,
) -> int:
    return query_phase.count(through(snapshots, views or {}, now_millis), query, filters, now_millis=now_millis)


__all__ = ["Searches"]
