"""How scores, queries, terms and tokens came about."""

from __future__ import annotations

from ragstone.core.clock import Clock, epoch_millis
from ragstone.core.threadpool import ThreadPools
from ragstone.dsl.analyze import AnalyzeRequest
from ragstone.dsl.query import Query
from ragstone.dsl.term_vectors import TermVectorsRequest
from ragstone.engine.embedded.index import Index
from ragstone.engine.embedded.index_analysis import analyze_in_index, analyze_without_index
from ragstone.engine.embedded.mapper.settings import IndexSettings
from ragstone.engine.embedded.open_indices import OpenIndices
from ragstone.engine.embedded.search import explain, term_vectors
from ragstone.engine.embedded.snapshot import Snapshot
from ragstone.engine.embedded.visible import through
from ragstone.engine.values import Analysis, Explained, TermVectors
from ragstone.engine.visibility import Views


class Explanations:
    """See `ExplainEngine` and `AnalysisEngine`."""

    def __init__(self, opened: OpenIndices, pools: ThreadPools, clock: Clock) -> None:
        self._open = opened
        self._pools = pools
        self._clock = clock

    async def explain(self, name: str, id: str, query: Query, views: Views | None) -> Explained | None:
        entry = await self._open.usable(name)
        snapshot, now = entry.index.snapshot, epoch_millis(self._clock)
        return await self._open.on(entry, "search", _explained, snapshot, id, query, views, now)

    async def describe(self, name: str, query: Query, views: Views | None) -> str:
        entry = await self._open.usable(name)
        snapshot, now = entry.index.snapshot, epoch_millis(self._clock)
        return await self._open.on(entry, "search", _described, snapshot, query, views, now)

    async def term_vectors(self, name: str, id: str, request: TermVectorsRequest, views: Views | None) -> TermVectors:
        entry = await self._open.usable(name)
        now = epoch_millis(self._clock)
        return await self._open.on(entry, "search", _term_vectors, entry.index, id, request, views, now)

    async def analyze(self, name: str | None, request: AnalyzeRequest) -> Analysis:
        if name is None:
            return await self._pools.run("search", analyze_without_index, request)
        snapshot = (await self._open.usable(name)).index.snapshot
        settings = IndexSettings(snapshot.metadata.settings)
        return await self._pools.run("search", analyze_in_index, request, snapshot.mapper, settings)


def _explained(snapshot: Snapshot, id: str, query: Query, views: Views | None, now_millis: int) -> Explained | None:
    [seen] = through([snapshot], views or {}, now_millis)
    return explain.explain(seen, id, query, now_millis)


def _described(snapshot: Snapshot, query: Query, views: Views | None, now_millis: int) -> str:
    [seen] = through([snapshot], views or {}, now_millis)
    return explain.describe(seen, query, now_millis)


def _term_vectors(
    index: Index, id: str, request: TermVectorsRequest, views: Views | None, now_millis: int
) -> TermVectors:
    [seen] = through([index.snapshot], views or {}, now_millis)
    newest = request.realtime and seen.view is None
    document = index.get(id, realtime=True) if newest else explain.visible(seen, id)
    return term_vectors.term_vectors(seen, document, request)


__all__ = ["Explanations"]
