"""EmbeddedEngine: the async face of everything in this folder. Each call hops to a named pool here and nowhere else.

data/
  node.lock  cluster.sqlite
  indices/<uuid>/log.sqlite            the truth
                 text/<generation>/    tantivy, derived
                 vectors/<field>/      faiss, derived
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import ParamSpec, TypeVar

from ragstone.core.clock import Clock, Deadline, epoch_millis
from ragstone.core.errors import (
    IllegalArgumentException,
    IllegalStateException,
    IndexClosedException,
    IndexNotFoundException,
    InvalidAliasNameException,
    InvalidIndexNameException,
    IOException,
    OpenSearchException,
    ResourceAlreadyExistsException,
)
from ragstone.core.ids import IdGenerator
from ragstone.core.log import get_logger
from ragstone.core.threadpool import PoolName, ThreadPools
from ragstone.dsl.analyze import AnalyzeRequest
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.query import Query
from ragstone.dsl.term_vectors import TermVectorsRequest
from ragstone.engine.embedded import aggregations
from ragstone.engine.embedded.cluster_state import ClusterState
from ragstone.engine.embedded.index import Index
from ragstone.engine.embedded.index_analysis import analyze_in_index, analyze_without_index
from ragstone.engine.embedded.indices import IndexFolders
from ragstone.engine.embedded.knn_counter import KnnCounter
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.embedded.mapper.settings import IndexSettings
from ragstone.engine.embedded.names import validate_index_name
from ragstone.engine.embedded.node_lock import NodeLock
from ragstone.engine.embedded.open_index import HeldSnapshots, OpenIndex
from ragstone.engine.embedded.refresher import Wait
from ragstone.engine.embedded.search import explain, fetch_phase, query_phase, term_vectors
from ragstone.engine.embedded.snapshot import Snapshot
from ragstone.engine.embedded.sqlite import StorageDamaged
from ragstone.engine.embedded.visible import through
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
    StoredDocument,
    TermVectors,
    VectorUsage,
    WriteOperation,
    WriteOutcome,
    WriteResult,
)
from ragstone.engine.visibility import Views

P = ParamSpec("P")
R = TypeVar("R")

_log = get_logger("engine")


class NoShardAvailableActionException(OpenSearchException):
    """An index is in the cluster state, but its documents can not be read."""

    status = 503


class EmbeddedEngine:
    """Satisfies `engine.api.Engine` on a folder of the local disk, for one process at a time.

    `wait` sleeps between scheduled refreshes; tests hand in their own.
    """

    def __init__(
        self, data: Path, *, pools: ThreadPools, clock: Clock, ids: IdGenerator, wait: Wait = asyncio.sleep
    ) -> None:
        self._data = data
        self._pools = pools
        self._clock = clock
        self._ids = ids
        self._wait = wait
        self._changing = asyncio.Lock()
        """Held while indices come, go or change their settings."""
        self._open: dict[str, OpenIndex] = {}
        self._damaged: dict[str, str] = {}
        """Why an index of the cluster state can not be used."""
        self._knn = KnnCounter()
        self._lock: NodeLock
        self._state: ClusterState
        self._folders: IndexFolders

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
        await self._run("write", self._start)
        names = list(self._state.metadata.indices)
        opening = (self._run("write", self._open_index, name) for name in names)
        opened = await asyncio.gather(*opening, return_exceptions=True)
        for name, index in zip(names, opened, strict=True):
            if isinstance(index, Index):
                self._open[name] = OpenIndex(index, self._pools, self._wait)
        failure = next((index for index in opened if isinstance(index, BaseException)), None)
        if failure is not None:
            await self.close()
            raise failure

    async def close(self) -> None:
        async with self._changing:
            error = IllegalStateException("the engine is closed")
            error.status = 503
            opened, self._open = self._open, {}
            await asyncio.gather(*(entry.close(error) for entry in opened.values()))
            await asyncio.gather(*(self._run("write", entry.index.close) for entry in opened.values()))
            await self._run("write", self._release)

    def _start(self) -> None:
        try:
            self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = NodeLock.acquire(self._data)
        except OSError as why:
            raise IllegalStateException(f"cannot use data folder [{self._data}]: {why.strerror or why}") from why
        try:
            self._state = ClusterState.open(self._data / "cluster.sqlite", self._ids)
        except StorageDamaged as damage:
            self._lock.release()
            error = IllegalStateException(f"the cluster state cannot be read: {damage}")
            error.status = 500
            raise error from damage
        except BaseException:
            self._lock.release()
            raise
        try:
            self._folders = IndexFolders(self._data, self._state.cluster_uuid)
            self._folders.sweep(self._state.metadata)
        except BaseException:
            self._release()
            raise

    def _release(self) -> None:
        self._state.close()
        self._lock.release()

    def _open_index(self, name: str) -> Index | None:
        metadata = self._state.metadata.indices[name]
        try:
            return Index(self._folders.of(metadata.uuid), name, self._state, self._clock)
        except StorageDamaged as damage:
            # Never replaced by an empty index: the others are served, and every request for this one is told.
            self._damaged[name] = f"the documents of index [{name}] cannot be read: {damage}"
            _log.error("an index is damaged", index=name, damage=str(damage))
            return None

    # ── metadata ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def metadata(self) -> Metadata:
        return self._state.metadata

    async def create_index(
        self, name: str, settings: JsonObject, mappings: JsonObject, aliases: Mapping[str, JsonObject]
    ) -> IndexMetadata:
        async with self._changing:
            index = await self._run("write", self._create, name, settings, mappings, aliases)
            self._open[name] = OpenIndex(index, self._pools, self._wait)
            return index.metadata

    async def create_index_for_write(self, name: str) -> None:
        await self.create_index(name, {}, {}, {})

    def _create(
        self, name: str, settings: JsonObject, mappings: JsonObject, aliases: Mapping[str, JsonObject]
    ) -> Index:
        validate_index_name(name)
        # Differs: a wrong body is refused as such even where the name is taken; OpenSearch looks at the name first.
        uuid = self._ids.uuid22()
        created = epoch_millis(self._clock)
        flat = IndexSettings.of_new_index(settings, name=name, uuid=uuid, creation_date=created)
        mapper = Mapper.create(mappings, flat)
        known = self._state.metadata.indices
        if name in known:
            taken = known[name].uuid
            raise ResourceAlreadyExistsException(
                f"index [{name}/{taken}] already exists", metadata={"index": name, "index_uuid": taken}
            )
        if any(name in index.aliases for index in known.values()):
            raise InvalidIndexNameException(name, "already exists as alias")
        for alias in aliases:
            self._check_alias(alias, {**known, name: None})
        metadata = IndexMetadata(
            name=name,
            uuid=uuid,
            settings=dict(flat.flat),
            mappings=mapper.to_json(),
            aliases={alias: dict(body) for alias, body in aliases.items()},
            creation_date=created,
        )
        # The folder first: a folder without metadata is swept at the next start, metadata without a folder is damage.
        folder = self._folders.create(uuid)
        self._state.add_index(metadata)
        try:
            return Index(folder, name, self._state, self._clock)
        except BaseException:
            self._state.remove_index(name)
            self._folders.remove(uuid)
            raise

    async def check_settings(self, settings: JsonObject) -> None:
        IndexSettings.of_new_index(settings, name="", uuid="", creation_date=0)

    async def try_index(self, settings: JsonObject, mappings: JsonObject) -> JsonObject:
        flat = IndexSettings.of_new_index(settings, name="", uuid="", creation_date=0)
        return (await self._run("write", Mapper.create, mappings, flat)).to_json()

    async def delete_index(self, name: str) -> None:
        async with self._changing:
            metadata = self._metadata_of(name)
            entry = self._open.pop(name, None)
            if entry is not None:
                await entry.close(IndexNotFoundException(name))
            try:
                await self._run("write", self._state.remove_index, name)
            except BaseException:
                if entry is not None:
                    self._open[name] = OpenIndex(entry.index, self._pools, self._wait)
                raise
            self._damaged.pop(name, None)
            await self._run("write", self._remove, metadata.uuid, entry)

    def _remove(self, uuid: str, entry: OpenIndex | None) -> None:
        if entry is not None:
            entry.index.abandon()
        self._folders.remove(uuid)

    async def open_index(self, name: str) -> None:
        async with self._changing:
            if not self._metadata_of(name).open:
                await self._reopen(name)
                await self._change(name, lambda index: replace(index, open=True))

    async def close_index(self, name: str) -> None:
        async with self._changing:
            if self._metadata_of(name).open:
                if name in self._open:
                    await self._run("write", self._open[name].index.flush)
                await self._change(name, lambda index: replace(index, open=False))

    async def _reopen(self, name: str) -> None:
        """Settings that are read once, when an index is opened, may have changed."""
        entry = self._open.pop(name, None)
        if entry is not None:
            await entry.close(IndexNotFoundException(name))
            await self._run("write", entry.index.close)
        index = await self._run("write", self._open_index, name)
        if index is not None:
            self._open[name] = OpenIndex(index, self._pools, self._wait)

    async def put_mapping(self, name: str, mappings: JsonObject) -> None:
        entry = await self._entry(name)
        await self._on(entry, "write", entry.index.put_mapping, mappings)

    async def put_settings(self, name: str, settings: JsonObject, *, preserve_existing: bool = False) -> None:
        async with self._changing:
            before = self._metadata_of(name)
            after = IndexSettings(before.settings).updated(settings, index=before, preserve_existing=preserve_existing)
            await self._change(name, lambda index: replace(index, settings=dict(after.flat)))
            entry = self._open.get(name)
            if entry is not None:
                await entry.settings_changed()
                if any(key.startswith("index.analysis.") for key in _differing(before.settings, after.flat)):
                    await self._on(entry, "write", entry.index.forget_text)

    async def update_aliases(self, actions: Sequence[tuple[str, str, JsonObject | None]]) -> None:
        async with self._changing:
            aliases: dict[str, dict[str, JsonObject]] = {}
            for name, alias, body in actions:
                known = aliases.setdefault(name, dict(self._metadata_of(name).aliases))
                if body is None:
                    known.pop(alias, None)
                else:
                    self._check_alias(alias, self._state.metadata.indices)
                    known[alias] = dict(body)
            changes = {name: _with_aliases(after) for name, after in aliases.items()}
            await self._run("write", self._state.change_indices, changes)
            for name in changes:
                if name in self._open:
                    self._open[name].index.metadata_changed()

    def _check_alias(self, alias: str, indices: Mapping[str, object]) -> None:
        if alias in indices:
            found = self._state.metadata.indices.get(alias)
            raise InvalidAliasNameException(
                f"Invalid alias name [{alias}], an index exists with the same name as the alias",
                metadata={"index": alias, "index_uuid": found.uuid if found else "_na_"},
            )

    async def _change(self, name: str, change: Callable[[IndexMetadata], IndexMetadata]) -> None:
        await self._run("write", self._state.change_indices, {name: change})
        if name in self._open:
            self._open[name].index.metadata_changed()

    async def get_record(self, kind: str, name: str) -> Record | None:
        return self._state.get_record(kind, name)

    async def list_records(self, kind: str) -> list[Record]:
        return await self._run("search", self._state.list_records, kind)

    async def put_record(self, kind: str, name: str, value: JsonObject, *, if_version: int | None = None) -> Record:
        return await self._run("write", self._state.put_record, kind, name, value, if_version)

    async def delete_record(self, kind: str, name: str, *, if_version: int | None = None) -> bool:
        return await self._run("write", self._state.delete_record, kind, name, if_version)

    # ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def bulk(
        self, index: str, operations: Sequence[WriteOperation], *, refresh: Refresh = "false"
    ) -> list[WriteOutcome]:
        entry = await self._usable(index)
        outcomes: list[WriteOutcome] = []
        row = entry.index.max_row
        if operations:
            outcomes = await entry.queue.submit(operations)
            row = max((outcome.seq_no + 1 for outcome in outcomes if isinstance(outcome, WriteResult)), default=0)
            if row:
                entry.written()
        if refresh == "false" or not row:
            return outcomes
        forced = True
        with suppress(IndexNotFoundException), self._unless_gone([entry]):  # what was acknowledged was written
            if refresh == "true":
                await entry.refresher.refresh()
            else:
                forced = await entry.refresher.wait_for(row)
        if not forced:
            return outcomes
        return [
            outcome._replace(forced_refresh=True) if isinstance(outcome, WriteResult) else outcome
            for outcome in outcomes
        ]

    async def get(self, index: str, id: str, *, realtime: bool = True, routing: str | None = None) -> GetResult:
        # One shard holds all, whatever the routing.
        entry = await self._usable(index)
        return await self._on(entry, "search", entry.index.get, id, realtime=realtime)

    async def scan(self, index: str, *, resume: str | None = None, size: int = 1000) -> AsyncIterator[ScanPage]:
        after = resume or "0"
        if not after.isdecimal():
            raise IllegalArgumentException(f"[{after}] is no place in a scan")
        entry = await self._usable(index)
        pages = entry.index.scan(int(after), size)
        while (rows := await self._on(entry, "search", next, pages, None)) is not None:
            documents = [
                StoredDocument(row.id, row.source or b"{}", row.version, row.seq_no, row.primary_term, row.routing)
                for row in rows
            ]
            yield ScanPage(documents, resume=str(rows[-1].row))

    # ── search ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def query(self, request: QueryRequest, deadline: Deadline | None = None) -> QueryPhaseResult:
        entries, snapshots = await self._searched(request)
        self._knn.count(request.queries, snapshots)
        with self._unless_gone(entries):
            return await self._run("search", _query, snapshots, request, epoch_millis(self._clock), deadline)

    async def query_and_fetch(
        self, request: QueryRequest, start: int, options: FetchOptions, deadline: Deadline | None = None
    ) -> tuple[QueryPhaseResult, list[Hit]]:
        # One hop to another thread and back: on the way of a quick search that is what costs most.
        entries, snapshots = await self._searched(request)
        self._knn.count(request.queries, snapshots)
        now = epoch_millis(self._clock)
        with self._unless_gone(entries):
            return await self._run("search", _query_and_fetch, snapshots, request, start, options, now, deadline)

    async def fetch(self, result: QueryPhaseResult, hits: Sequence[RankedHit], options: FetchOptions) -> list[Hit]:
        try:
            return await self._run(
                "search", fetch_phase.fetch, result.snapshot, hits, options, now_millis=epoch_millis(self._clock)
            )
        except IOException:
            for index in (snapshot.metadata for snapshot in result.snapshot):
                now = self._state.metadata.indices.get(index.name)
                if now is None or now.uuid != index.uuid:
                    raise IndexNotFoundException(index.name) from None
            raise

    async def release(self, result: QueryPhaseResult) -> None:
        result.snapshot = ()

    async def open_reader(self, indices: Sequence[str], keep_alive: float) -> Reader:
        held = HeldSnapshots([await self._usable(name) for name in indices])
        return Reader(tuple(indices), held.shards, held)

    async def close_reader(self, reader: Reader) -> None:
        reader.handle.close()

    async def _searched(self, request: QueryRequest) -> tuple[Sequence[OpenIndex], tuple[Snapshot, ...]]:
        """What a search looks at: the last refresh of its indices, or what its reader holds."""
        entries = [await self._usable(name) for name in request.indices]
        if request.reader is None:
            return entries, tuple(entry.index.snapshot for entry in entries)
        return entries, request.reader.handle.snapshots

    async def count(
        self,
        indices: Sequence[str],
        query: Query,
        filters: Mapping[str, Query] | None = None,
        views: Views | None = None,
    ) -> int:
        entries = [await self._usable(name) for name in indices]
        snapshots = [entry.index.snapshot for entry in entries]
        now = epoch_millis(self._clock)
        with self._unless_gone(entries):
            return await self._run("search", _count, snapshots, query, filters, views, now)

    # ── vectors ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def vector_usage(self) -> VectorUsage:
        opened = {name: entry.index.vectors() for name, entry in sorted(self._open.items())}
        return VectorUsage(self._knn.requests, {name: vectors for name, vectors in opened.items() if vectors})

    async def warm_up(self, indices: Sequence[str]) -> None:
        entries = [await self._usable(name) for name in indices]
        await asyncio.gather(*(self._on(entry, "search", entry.index.warm_up) for entry in entries))

    # ── analysis ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def analyze(self, index: str | None, request: AnalyzeRequest) -> Analysis:
        if index is None:
            return await self._run("search", analyze_without_index, request)
        snapshot = (await self._usable(index)).index.snapshot
        settings = IndexSettings(snapshot.metadata.settings)
        return await self._run("search", analyze_in_index, request, snapshot.mapper, settings)

    # ── explaining ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def explain(self, index: str, id: str, query: Query, views: Views | None = None) -> Explained | None:
        entry = await self._usable(index)
        snapshot, now = entry.index.snapshot, epoch_millis(self._clock)
        return await self._on(entry, "search", _explained, snapshot, id, query, views, now)

    async def describe(self, index: str, query: Query, views: Views | None = None) -> str:
        entry = await self._usable(index)
        snapshot, now = entry.index.snapshot, epoch_millis(self._clock)
        return await self._on(entry, "search", _described, snapshot, query, views, now)

    async def term_vectors(
        self, index: str, id: str, request: TermVectorsRequest, views: Views | None = None
    ) -> TermVectors:
        entry = await self._usable(index)
        now = epoch_millis(self._clock)
        return await self._on(entry, "search", _term_vectors, entry.index, id, request, views, now)

    # ── maintenance ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def refresh(self, indices: Sequence[str]) -> None:
        entries = [await self._usable(name) for name in indices]
        with self._unless_gone(entries):
            await asyncio.gather(*(entry.refresher.refresh() for entry in entries))

    async def flush(self, indices: Sequence[str]) -> None:
        entries = [await self._usable(name) for name in indices]
        await asyncio.gather(*(self._on(entry, "write", entry.index.flush) for entry in entries))

    async def stats(self, index: str) -> IndexStats:
        entry = await self._entry(index)
        return await self._on(entry, "search", entry.index.stats)

    def unavailable(self) -> Mapping[str, str]:
        return dict(self._damaged)

    def capabilities(self) -> Capabilities:
        return Capabilities(name="embedded", node=self.node_id)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _run(self, pool: PoolName, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._pools.run(pool, function, *args, **kwargs)

    async def _on(
        self, entry: OpenIndex, pool: PoolName, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """As `_run`; an index that is deleted meanwhile is no failing disk."""
        with self._unless_gone([entry]):
            return await self._run(pool, function, *args, **kwargs)

    @contextmanager
    def _unless_gone(self, entries: Iterable[OpenIndex]) -> Iterator[None]:
        """Where reading fails because an index was deleted meanwhile, IndexNotFoundException says so."""
        try:
            yield
        except IOException:
            for entry in entries:
                if self._open.get(entry.index.name) is not entry:
                    raise IndexNotFoundException(entry.index.name) from None
            raise

    def _metadata_of(self, name: str) -> IndexMetadata:
        found = self._state.metadata.indices.get(name)
        if found is None:
            raise IndexNotFoundException(name)
        return found

    async def _entry(self, name: str) -> OpenIndex:
        """The index, open or closed. Raises IndexNotFoundException, NoShardAvailableActionException."""
        entry = self._open.get(name)
        if entry is None and name in self._damaged:
            raise NoShardAvailableActionException(self._damaged[name])
        if entry is None and name in self._state.metadata.indices:
            async with self._changing:  # it is just being made, opened or removed
                entry = self._open.get(name)
        if entry is None:
            raise IndexNotFoundException(name)
        return entry

    async def _usable(self, name: str) -> OpenIndex:
        """The index, for documents and searches. Raises IndexClosedException too."""
        entry = await self._entry(name)
        metadata = self._metadata_of(name)
        if not metadata.open:
            raise IndexClosedException("closed", metadata={"index": name, "index_uuid": metadata.uuid})
        return entry


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


def _count(
    snapshots: Sequence[Snapshot],
    query: Query,
    filters: Mapping[str, Query] | None,
    views: Views | None,
    now_millis: int,
) -> int:
    return query_phase.count(through(snapshots, views or {}, now_millis), query, filters, now_millis=now_millis)


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


def _with_aliases(aliases: Mapping[str, JsonObject]) -> Callable[[IndexMetadata], IndexMetadata]:
    return lambda index: replace(index, aliases=aliases)


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> set[str]:
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}


__all__ = ["EmbeddedEngine", "NoShardAvailableActionException"]
