"""OpenSearchEngine: the engine contract over the REST API of a cluster. Stateless; each noun is a file beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from ragstone.core.clock import Clock, Deadline
from ragstone.core.ids import IdGenerator
from ragstone.dsl.query import Query
from ragstone.engine.api import ClusterApi
from ragstone.engine.opensearch import maintenance
from ragstone.engine.opensearch.client import ClusterClient
from ragstone.engine.opensearch.documents import Documents
from ragstone.engine.opensearch.metadata import Indices
from ragstone.engine.opensearch.readers import Readers
from ragstone.engine.opensearch.records import Records
from ragstone.engine.opensearch.search import Searches
from ragstone.engine.values import (
    Capabilities,
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
    WriteOperation,
    WriteOutcome,
)
from ragstone.engine.visibility import Views


class OpenSearchEngine:
    """Satisfies `engine.api.Engine` on a cluster, beside any number of others. Closes the client it is given.

    Indices of Ragstone's own (`.plugins-ml-*`, `.ragstone-*`) are used with the gateway's account, all others with the
    rights that the client is configured for. What others change in indices and records is seen within a second.
    """

    def __init__(self, client: ClusterClient, *, clock: Clock, ids: IdGenerator) -> None:
        self._client = client
        self._clock = clock
        self._indices = Indices(client, clock)
        self._records = Records(client, clock, ids)
        self._documents = Documents(client, self._indices)
        self._searches = Searches(client, self._indices.metadata)
        self._readers = Readers(client)
        self.node_id = ""
        """That of the cluster's manager when the gateway started: what models are shown to run on must be a node that
        clients find in the cluster. Known once `start` has returned, as is `cluster_uuid`."""
        self.cluster_uuid = ""

    @property
    def api(self) -> ClusterApi:
        return self._client

    def indices_changed(self) -> None:
        """For whoever has changed indices, aliases or settings through `api`: the next look is a new one."""
        self._indices.changed()

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Raises IllegalStateException when the cluster is not there, refuses the gateway's account, or is too old."""
        try:
            self.cluster_uuid = await maintenance.check_cluster(self._client)
            self.node_id = await maintenance.cluster_manager(self._client)
            await maintenance.refresh_ours(self._client, self._clock)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        await self._indices.close()
        await self._records.close()
        await self._client.close()

    def unavailable(self) -> Mapping[str, str]:
        """None that the cluster would not tell of itself."""
        return {}

    def capabilities(self) -> Capabilities:
        return Capabilities(name="opensearch", node=self.node_id, own_pipelines=True)

    async def refresh(self, indices: Sequence[str]) -> None:
        await maintenance.refresh(self._client, indices)

    async def flush(self, indices: Sequence[str]) -> None:
        await maintenance.flush(self._client, indices)

    async def stats(self, index: str) -> IndexStats:
        return await maintenance.stats(self._client, index)

    # ── metadata ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def metadata(self) -> Metadata:
        return await self._indices.metadata()

    async def create_index(
        self, name: str, settings: JsonObject, mappings: JsonObject, aliases: Mapping[str, JsonObject]
    ) -> IndexMetadata:
        return await self._indices.create(name, settings, mappings, aliases)

    async def create_index_for_write(self, name: str) -> None:
        await self._indices.create_for_write(name)

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
        return await self._records.get_record(kind, name)

    async def list_records(self, kind: str) -> list[Record]:
        return await self._records.list_records(kind)

    async def put_record(self, kind: str, name: str, value: JsonObject, *, if_version: int | None = None) -> Record:
        return await self._records.put_record(kind, name, value, if_version)

    async def delete_record(self, kind: str, name: str, *, if_version: int | None = None) -> bool:
        return await self._records.delete_record(kind, name, if_version)

    # ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def bulk(
        self, index: str, operations: Sequence[WriteOperation], *, refresh: Refresh = "false"
    ) -> list[WriteOutcome]:
        return await self._documents.bulk(index, operations, refresh)

    async def get(self, index: str, id: str, *, realtime: bool = True, routing: str | None = None) -> GetResult:
        return await self._documents.get(index, id, realtime, routing)

    def scan(self, index: str, *, resume: str | None = None, size: int = 1000) -> AsyncIterator[ScanPage]:
        return self._documents.scan(index, resume, size)

    # ── search ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def query(self, request: QueryRequest, deadline: Deadline | None = None) -> QueryPhaseResult:
        return await self._searches.query(request, deadline)

    async def fetch(self, result: QueryPhaseResult, hits: Sequence[RankedHit], options: FetchOptions) -> list[Hit]:
        return self._searches.fetch(result, hits, options)

    async def release(self, result: QueryPhaseResult) -> None:
        result.snapshot = ()

    async def query_and_fetch(
        self, request: QueryRequest, start: int, options: FetchOptions, deadline: Deadline | None = None
    ) -> tuple[QueryPhaseResult, list[Hit]]:
        return await self._searches.query_and_fetch(request, start, options, deadline)

    async def open_reader(self, indices: Sequence[str], keep_alive: float) -> Reader:
        return await self._readers.open(indices, keep_alive)

    async def close_reader(self, reader: Reader) -> None:
        await self._readers.close(reader)

    async def count(
        self,
        indices: Sequence[str],
        query: Query,
        filters: Mapping[str, Query] | None = None,
        views: Views | None = None,
    ) -> int:
        return await self._searches.count(indices, query, filters, views)


__all__ = ["OpenSearchEngine"]
