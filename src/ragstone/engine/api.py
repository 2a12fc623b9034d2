"""The engine contract: what every engine guarantees, in four groups. Implementations sit in the sibling folders.

All methods are async and safe to call at once from many tasks. Index names are concrete names, except where a
docstring says otherwise. Errors are those of `core.errors`; an engine translates its vendor's at its own edge.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from ragstone.core.clock import Deadline
from ragstone.core.errors import OpenSearchException
from ragstone.dsl.analyze import AnalyzeRequest
from ragstone.dsl.query import Query
from ragstone.dsl.term_vectors import TermVectorsRequest
from ragstone.engine.values import (
    Analysis,
    Capabilities,
    ClusterAnswer,
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


class RecordStore(Protocol):
    """Named, versioned state with compare-and-set; a part of MetadataEngine that some services need alone."""

    async def get_record(self, kind: str, name: str) -> Record | None: ...

    async def list_records(self, kind: str) -> list[Record]:
        """All records of a kind, ordered by name."""
        ...

    async def put_record(self, kind: str, name: str, value: JsonObject, *, if_version: int | None = None) -> Record:
        """Store durably. `if_version` 0 demands that the name is free, N that the stored version is N.

        Raises VersionConflictEngineException and changes nothing when the demand is not met.
        """
        ...

    async def delete_record(self, kind: str, name: str, *, if_version: int | None = None) -> bool:
        """True when there was one. Raises VersionConflictEngineException."""
        ...


class MetadataEngine(RecordStore, Protocol):
    async def metadata(self) -> Metadata:
        """All indices at this moment. Cheap: callers ask once per request."""
        ...

    async def create_index(
        self, name: str, settings: JsonObject, mappings: JsonObject, aliases: Mapping[str, JsonObject]
    ) -> IndexMetadata:
        """Create an index; durable when this returns.

        `settings` may be nested, flat or mixed, with or without the `index.` prefix.
        Raises InvalidIndexNameException, ResourceAlreadyExistsException, SettingsException,
        IllegalArgumentException, MapperParsingException (`Failed to parse mapping [_doc]: ...`).
        """
        ...

    async def create_index_for_write(self, name: str) -> None:
        """Make an index that is missing and written to, as the engine's own rules for that have it.

        Raises IndexNotFoundException where those forbid it, and what `create_index` raises.
        """
        ...

    async def delete_index(self, name: str) -> None:
        """Remove an index and its data. Raises IndexNotFoundException."""
        ...

    async def open_index(self, name: str) -> None:
        """Let documents and searches in again. Raises IndexNotFoundException."""
        ...

    async def close_index(self, name: str) -> None:
        """Keep documents and searches out (IndexClosedException); static settings may be changed meanwhile.

        Durable, like every change of metadata. Raises IndexNotFoundException.
        """
        ...

    async def put_mapping(self, name: str, mappings: JsonObject) -> None:
        """Merge additions into the mapping; nothing changes when any part is refused.

        Raises IllegalArgumentException on conflicts, MapperParsingException.
        """
        ...

    async def put_settings(self, name: str, settings: JsonObject, *, preserve_existing: bool = False) -> None:
        """Change dynamic settings; null removes one. Raises SettingsException, IllegalArgumentException."""
        ...

    async def update_aliases(self, actions: Sequence[tuple[str, str, JsonObject | None]]) -> None:
        """Apply `(index, alias, body)` together or not at all; body None removes the alias."""
        ...


class DocumentEngine(Protocol):
    async def bulk(
        self, index: str, operations: Sequence[WriteOperation], *, refresh: Refresh = "false"
    ) -> list[WriteOutcome]:
        """Apply operations in order, one outcome each in the same order.

        An outcome that is a WriteResult is durable. A failed operation leaves no trace and stops no other.
        A source is kept byte for byte, but a line break in it may become another kind of line break.
        Operations on one id see each other's effect. With refresh `true` and `wait_for` the call returns when a
        search would find them; no operations at all wait so for those acknowledged before.
        Raises IndexNotFoundException, IndexClosedException; per item:
        VersionConflictEngineException, MapperParsingException, IllegalArgumentException.
        """
        ...

    async def get(self, index: str, id: str, *, realtime: bool = True, routing: str | None = None) -> GetResult:
        """The newest version of a document, refreshed or not (or as of the last refresh).

        One that was written with a routing is found for certain only with it.
        Raises IndexNotFoundException.
        """
        ...

    def scan(self, index: str, *, resume: str | None = None, size: int = 1000) -> AsyncIterator[ScanPage]:
        """All documents of one moment, each once, with their whole sources, in pages of at most `size`.

        Everything acknowledged before is in it. `resume`, from a page of an earlier scan, goes on behind that page:
        what was changed in between may come again in its new version. Raises IndexNotFoundException, and
        IllegalArgumentException when `resume` means nothing (any more): begin anew then.
        """
        ...


class SearchEngine(Protocol):
    async def query(self, request: QueryRequest, deadline: Deadline | None = None) -> QueryPhaseResult:
        """Rank. Sees exactly what the last refresh published.

        Raises SearchPhaseExecutionException with the per-index error inside; OpenSearchTimeoutException.
        """
        ...

    async def fetch(self, result: QueryPhaseResult, hits: Sequence[RankedHit], options: FetchOptions) -> list[Hit]:
        """The documents of ranked hits, in the order given, as they were in the result's snapshot."""
        ...

    async def release(self, result: QueryPhaseResult) -> None:
        """The search is over; the snapshot may go."""
        ...

    async def query_and_fetch(
        self, request: QueryRequest, start: int, options: FetchOptions, deadline: Deadline | None = None
    ) -> tuple[QueryPhaseResult, list[Hit]]:
        """`query`, `fetch` of the first list's hits from number `start` on, and `release`, in one step.

        For a search with nothing between the two phases. Raises what they raise.
        """
        ...

    async def open_reader(self, indices: Sequence[str], keep_alive: float) -> Reader:
        """Hold what the last refresh published, until `close_reader`. At least one index.

        An engine may let go of a reader that nobody asks for `keep_alive` seconds. While a reader is open, queries that
        name it raise, beside what they always raise: IndexNotFoundException when one of its indices is gone,
        IndexClosedException when one is closed, SearchContextMissingException when the moment is lost: it may be when
        an index is closed, and is when that is opened again.
        """
        ...

    async def close_reader(self, reader: Reader) -> None:
        """Let go. Queries that name it from now on raise SearchContextMissingException; to close it twice is fine."""
        ...

    async def count(
        self,
        indices: Sequence[str],
        query: Query,
        filters: Mapping[str, Query] | None = None,
        views: Views | None = None,
    ) -> int:
        """How many documents match, exactly. `filters` and `views` as in QueryRequest."""
        ...


class VectorEngine(Protocol):
    """What an engine that keeps vectors itself offers beside `Engine`. A cluster is asked itself."""

    async def vector_usage(self) -> VectorUsage: ...

    async def warm_up(self, indices: Sequence[str]) -> None:
        """Have the vector graphs of indices in memory. Raises IndexNotFoundException, IndexClosedException."""
        ...


class IndexRehearsal(Protocol):
    """What an engine without templates of its own offers beside `Engine`, so that templates can be checked."""

    async def check_settings(self, settings: JsonObject) -> None:
        """Raises what `create_index` raises for settings, by themselves."""
        ...

    async def try_index(self, settings: JsonObject, mappings: JsonObject) -> JsonObject:
        """The mapping that `create_index` would give an index; nothing is made. Raises what that raises."""
        ...


class AnalysisEngine(Protocol):
    """What an engine with analyzers of its own offers beside `Engine`. A cluster is asked itself."""

    async def analyze(self, index: str | None, request: AnalyzeRequest) -> Analysis:
        """Cut texts with the parts of an index, or with those that every index has.

        Raises IllegalArgumentException for parts that are not there, IllegalStateException (400) for too many tokens,
        IndexNotFoundException, IndexClosedException.
        """
        ...


class ExplainEngine(Protocol):
    """What an engine that makes its scores itself offers beside `Engine`. A cluster is asked itself.

    Queries are ones that engines understand. Both methods raise the error of one shard, without a search around it.
    """

    async def explain(self, index: str, id: str, query: Query, views: Views | None = None) -> Explained | None:
        """What the query makes of one document, as of the last refresh; None when it is not there, or not visible.

        Raises QueryShardException, IndexNotFoundException, IndexClosedException.
        """
        ...

    async def describe(self, index: str, query: Query, views: Views | None = None) -> str:
        """The query as this index understands it, written as Lucene writes queries, near enough.

        Raises as `explain`.
        """
        ...

    async def term_vectors(
        self, index: str, id: str, request: TermVectorsRequest, views: Views | None = None
    ) -> TermVectors:
        """The terms of a document's texts and keywords, and counts as of the last refresh.

        The newest version where it is asked for and all is visible, else that of the last refresh. Raises
        IllegalArgumentException when the counts that are asked for would take too long, IndexNotFoundException,
        IndexClosedException.
        """
        ...


class MaintenanceEngine(Protocol):
    async def start(self) -> None:
        """Open and recover. When this returns, everything acknowledged before can be read, and found after a refresh.

        Raises IllegalStateException when another process holds the data.
        """
        ...

    async def close(self) -> None:
        """Finish what is running, make everything durable, let go."""
        ...

    async def refresh(self, indices: Sequence[str]) -> None:
        """Everything acknowledged before this call is found by searches after it."""
        ...

    async def flush(self, indices: Sequence[str]) -> None: ...

    async def stats(self, index: str) -> IndexStats: ...

    def unavailable(self) -> Mapping[str, str]:
        """Indices that exist and cannot be used, each with why: a damaged store, for example."""
        ...

    def capabilities(self) -> Capabilities: ...


class ClusterApi(Protocol):
    """What an engine that is a cluster offers beside `Engine`: its REST API as it is.

    `target` is path and query as they go on the wire. Whose rights count is the engine's configuration and
    `core.caller`. Raises OpenSearchTimeoutException (504) and NoNodeAvailableException (503); an error that the cluster
    answers is an answer.
    """

    async def ask(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *,
        content_type: str = "application/json",
        as_service: bool = False,
        deadline: Deadline | None = None,
    ) -> ClusterAnswer:
        """One request and its whole answer. `as_service`: with the gateway's own rights, whoever called."""
        ...

    async def call(
        self, method: str, target: str, body: Any = None, *, as_service: bool = False, deadline: Deadline | None = None
    ) -> Any:
        """As `ask`, from and to JSON: bytes go as they are, a list of objects as NDJSON. An error status raises what
        the cluster said, with its own type, reason and status."""
        ...

    def error(self, error: JsonObject, status: int) -> OpenSearchException:
        """What stands under `error` in a part of an answer (a document, an item) as an exception."""
        ...

    def forward(
        self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes | AsyncIterable[bytes] | None
    ) -> AbstractAsyncContextManager[ForwardedAnswer]:
        """A client's request as it came, and the answer while it arrives."""
        ...


class ForwardedAnswer(Protocol):
    """An answer whose body has yet to come, byte for byte as the cluster sends it."""

    status: int
    headers: Sequence[tuple[str, str]]
    """Without those that belong to one connection only."""

    def chunks(self) -> AsyncIterator[bytes]: ...


class Engine(MetadataEngine, DocumentEngine, SearchEngine, MaintenanceEngine, Protocol):
    """A whole engine. `node.py` builds one; everybody else is handed it."""


__all__ = [
    "AnalysisEngine",
    "ClusterApi",
    "DocumentEngine",
    "Engine",
    "ExplainEngine",
    "ForwardedAnswer",
    "IndexRehearsal",
    "MaintenanceEngine",
    "MetadataEngine",
    "RecordStore",
    "SearchEngine",
    "VectorEngine",
]
