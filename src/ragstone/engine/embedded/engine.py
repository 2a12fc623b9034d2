"""EmbeddedEngine: the async face of everything in this folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from ragstone.core.clock import Clock, Deadline
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.dsl.analyze import AnalyzeRequest
from ragstone.dsl.query import Query
from ragstone.dsl.term_vectors import TermVectorsRequest
from ragstone.engine.embedded import maintenance
from ragstone.engine.embedded.cluster_state import ClusterState
from ragstone.engine.embedded.data_folder import DataFolder
from ragstone.engine.embedded.documents import Documents
from ragstone.engine.embedded.explanations import Explanations
from ragstone.engine.embedded.metadata import Indices
from ragstone.engine.embedded.open_indices import OpenIndices
from ragstone.engine.embedded.refresher import Wait
from ragstone.engine.embedded.searches import Searches
from ragstone.engine.values import (
    Analysis,
    Capabilities,
    Explained,
    FetchOptions,
    GetResult,
    Hit,
    IndexMetadata,
    IndexStats,
    JsonObject,
    Metadata,
    QueryPhaseResult,
    QueryRequest,
    RankedHit,
    Reader,
    Record,
    Refresh,
    ScanPage,
    TermVectors,
    VectorUsage,
    WriteOperation,
    WriteOutcome,
)
from ragstone.engine.visibility import Views


class EmbeddedEngine:
    """Satisfies `engine.api.Engine` on a folder of the local disk, for one process at a time.

    `wait` sleeps between scheduled refreshes; tests hand in their own.
    """

    _state: ClusterState
    _open: OpenIndices
    _indices: Indices
    _documents: Documents
    _searches: Searches
    _explanations: Explanations

    def __init__(
        self, data: Path, *, pools: ThreadPools, clock: Clock, ids: IdGenerator, wait: Wait = asyncio.sleep
    ) -> None:
        self._data = data
        self._pools = pools
        self._clock = clock
        self._ids = ids
        self._wait = wait

    @property
    def node_id(self) -> str:
        """22 characters, the same over restarts. Known once `start` has returned."""
        return self._state.node_id

    @property
    def cluster_uuid(self) -> str:
        """As `node_id`."""
        return self._state.cluster_uuid

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        pools, clock = self._pools, self._clock
        folder = await pools.run("write", DataFolder.open, self._data, self._ids)
        self._state = folder.state
        self._open = OpenIndices(folder, pools, clock, self._wait)
        self._indices = Indices(folder, self._open, pools, clock, self._ids)
        self._documents = Documents(self._open)
        self._searches = Searches(folder.state, self._open, pools, clock)
        self._explanations = Explanations(self._open, pools, clock)
        await self._open.start()

    async def close(self) -> None:
        await self._open.close()

    def unavailable(self) -> Mapping[str, str]:
        return dict(self._open.damaged)

    def capabilities(self) -> Capabilities:
        return Capabilities(name="embedded", node=self.node_id)

    async def refresh(self, indices: Sequence[str]) -> None:
        await maintenance.refresh(self._open, indices)

    async def flush(self, indices: Sequence[str]) -> None:
        await maintenance.flush(self._open, indices)

    async def stats(self, index: str) -> IndexStats:
        return await maintenance.stats(self._open, index)

    async def vector_usage(self) -> VectorUsage:
        return self._searches.vector_usage()

    async def warm_up(self, indices: Sequence[str]) -> None:
        await maintenance.warm_up(self._open, indices)

    # ── metadata ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def metadata(self) -> Metadata:
        return self._state.metadata

    async def create_index(
        self, name: str, settings: JsonObject, mappings: JsonObject, aliases: Mapping[str, JsonObject]
    ) -> IndexMetadata:
        return await self._indices.create(name, settings, mappings, aliases)

    async def create_index_for_write(self, name: str) -> None:
        await self._indices.create(name, {}, {}, {})

    async def check_settings(self, settings: JsonObject) -> None:
        self._indices.check_settings(settings)

    async def try_index(self, settings: JsonObject, mappings: JsonObject) -> JsonObject:
        return await self._indices.rehearse(settings, mappings)

    async def delete_index(self, name: str) -> None:
        await self._indices.delete(name)

    async def open_index(self, name: str) -> None:
        await self._indices.open(name)

    async def close_index(self, name: str) -> None:
        await self._indices.shut(name)

    async def put_mapping(self, name: str, mappings: JsonObject) -> None:
        await self._indices.put_mapping(name, mappings)

    async def put_settings(self, name: str, settings: JsonObject, *, preserve_existing: bool = False) -> None:
        await self._indices.put_settings(name, settings, preserve_existing)

    async def update_aliases(self, actions: Sequence[tuple[str, str, JsonObject | None]]) -> None:
        await self._indices.update_aliases(actions)

    async def get_record(self, kind: str, name: str) -> Record | None:
        return self._state.get_record(kind, name)

    async def list_records(self, kind: str) -> list[Record]:
        return await self._pools.run("search", self._state.list_records, kind)

    async def put_record(self, kind: str, name: str, value: JsonObject, *, if_version: int | None = None) -> Record:
        return await self._pools.run("write", self._state.put_record, kind, name, value, if_version)

    async def delete_record(self, kind: str, name: str, *, if_version: int | None = None) -> bool:
        return await self._pools.run("write", self._state.delete_record, kind, name, if_version)

    # ── documents and searches; no `async` of our own where every microsecond counts ─────────────────────────────────

    def bulk(
        self, index: str, operations: Sequence[WriteOperation], *, refresh: Refresh = "false"
    ) -> Coroutine[Any, Any, list[WriteOutcome]]:
        return self._documents.bulk(index, operations, refresh)

    def get(
        self, index: str, id: str, *, realtime: bool = True, routing: str | None = None
    ) -> Coroutine[Any, Any, GetResult]:
        # One shard holds all, whatever the routing.
        return self._documents.get(index, id, realtime)

    def scan(self, index: str, *, resume: str | None = None, size: int = 1000) -> AsyncIterator[ScanPage]:
        return self._documents.scan(index, resume, size)

    def query(self, request: QueryRequest, deadline: Deadline | None = None) -> Coroutine[Any, Any, QueryPhaseResult]:
        return self._searches.query(request, deadline)

    def fetch(
        self, result: QueryPhaseResult, hits: Sequence[RankedHit], options: FetchOptions
    ) -> Coroutine[Any, Any, list[Hit]]:
        return self._searches.fetch(result, hits, options)

    def query_and_fetch(
        self, request: QueryRequest, start: int, options: FetchOptions, deadline: Deadline | None = None
    ) -> Coroutine[Any, Any, tuple[QueryPhaseResult, list[Hit]]]:
        return self._searches.query_and_fetch(request, start, options, deadline)

    async def release(self, result: QueryPhaseResult) -> None:
        result.snapshot = ()

    async def open_reader(self, indices: Sequence[str], keep_alive: float) -> Reader:
        return await self._searches.open_reader(indices)

    async def close_reader(self, reader: Reader) -> None:
        reader.handle.close()

    async def count(
        self,
        indices: Sequence[str],
        query: Query,
        filters: Mapping[str, Query] | None = None,
        views: Views | None = None,
    ) -> int:
        return await self._searches.count(indices, query, filters, views)

    # ── explanations ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def analyze(self, index: str | None, request: AnalyzeRequest) -> Analysis:
        return await self._explanations.analyze(index, request)

    async def explain(self, index: str, id: str, query: Query, views: Views | None = None) -> Explained | None:
        return await self._explanations.explain(index, id, query, views)

    async def describe(self, index: str, query: Query, views: Views | None = None) -> str:
        return await self._explanations.describe(index, query, views)

    async def term_vectors(
        self, index: str, id: str, request: TermVectorsRequest, views: Views | None = None
    ) -> TermVectors:
        return await self._explanations.term_vectors(index, id, request, views)


__all__ = ["EmbeddedEngine"]
