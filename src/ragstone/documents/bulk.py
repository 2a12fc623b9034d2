"""Writing documents: every write, single or bulk, is a list of items that goes this road.

ingest pipelines → names to indices (created when missing) → engine, in waves. A wave ends before an update of a
document that the wave has already touched, because an update reads what is stored.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from ragstone.core import json
from ragstone.core.clock import Clock
from ragstone.core.cluster_settings import ClusterSettings, boolean, cluster_setting
from ragstone.core.errors import (
    DocumentMissingException,
    DocumentSourceMissingException,
    IndexNotFoundException,
    OpenSearchException,
    ResourceAlreadyExistsException,
    VersionConflictEngineException,
)
from ragstone.core.ids import IdGenerator
from ragstone.documents.service import check_routing
from ragstone.dsl.bulk import BulkItem
from ragstone.dsl.search_body import SourceFilter
from ragstone.dsl.source_filter import filter_source
from ragstone.dsl.update import UpdateBody
from ragstone.engine.api import Engine
from ragstone.engine.values import GetResult, IndexMetadata, JsonObject, Metadata, Refresh, WriteOperation, WriteResult
from ragstone.indices.resolver import is_alias, write_index
from ragstone.pipelines.ingest.service import Dropped, IngestItem, IngestService

AUTO_CREATE_INDEX = cluster_setting(
    "action.auto_create_index", True, boolean, effect="false: a write to a missing index fails"
)


@dataclass
class ItemOutcome:
    """What became of one item. `error` set means that it failed; else `result` is created, updated, deleted,
    not_found or noop."""

    action: str
    index: str
    id: str
    status: int = 200
    result: str = ""
    version: int = 0
    seq_no: int | None = None
    primary_term: int | None = None
    copies: int = 0
    """How many copies the index asks for; 0 when nothing was written (a noop in a bulk request counts as written)."""
    forced_refresh: bool = False
    get: JsonObject | None = None
    error: OpenSearchException | None = None

    def to_json(self) -> JsonObject:
        """The members that a write reply and a bulk item share, in OpenSearch's order."""
        body: JsonObject = {
            "_index": self.index,
            "_id": self.id,
            "_version": self.version,
            "result": self.result,
        }
        if self.forced_refresh:
            body["forced_refresh"] = True
        body["_shards"] = {"total": self.copies, "successful": min(self.copies, 1), "failed": 0}
        if self.seq_no is not None:
            body["_seq_no"] = self.seq_no
            body["_primary_term"] = self.primary_term
        if self.get is not None:
            body["get"] = self.get
        return body


@dataclass
class BulkOutcome:
    """One outcome per item, in the order of the request. `ingest_took` in ms when a pipeline ran."""

    items: list[ItemOutcome]
    took: int
    ingest_took: int | None


@dataclass
class _Pending:
    """An item that is to reach the engine. `update` is set for updates; `source` then is filled by resolving it."""

    position: int
    item: BulkItem
    index: IndexMetadata
    id: str
    routing: str | None
    source: bytes | None
    update: UpdateBody | None = None
    current: GetResult | None = None
    attempts: int = 0


@dataclass
class _Run:
    """The state of one request."""

    items: Sequence[BulkItem]
    outcomes: list[ItemOutcome | None]
    metadata: Metadata
    ingest_seconds: float | None = None
    created: set[str] = field(default_factory=set)
    dirty: set[str] = field(default_factory=set)


class BulkService:
    """See the module's docstring. Safe to call at once from many tasks."""

    def __init__(
        self, engine: Engine, ingest: IngestService, settings: ClusterSettings, clock: Clock, ids: IdGenerator
    ) -> None:
        self._engine = engine
        self._ingest = ingest
        self._settings = settings
        self._clock = clock
        self._ids = ids

    async def bulk(self, items: Sequence[BulkItem], refresh: Refresh = "false") -> BulkOutcome:
        """Apply items in order; one that fails does not stop the others. What is not an error is durable."""
        begun = self._clock.monotonic()
        run = _Run(items, [None] * len(items), await self._engine.metadata())
        pending = await self._prepare(run)
        waves = _waves(pending)
        for wave in waves[:-1]:
            await self._write(run, wave, "false")
        if waves:
            await self._write(run, waves[-1], refresh if len(waves) == 1 else "false")
        if len(waves) > 1 and refresh != "false":
            await self._refresh(run, refresh)
        outcomes = [outcome for outcome in run.outcomes if outcome is not None]
        if refresh == "true":
            for outcome in outcomes:
                outcome.forced_refresh = outcome.error is None and outcome.copies > 0
        took = int((self._clock.monotonic() - begun) * 1000)
        ingest_took = None if run.ingest_seconds is None else int(run.ingest_seconds * 1000)
        return BulkOutcome(outcomes, took, ingest_took)

    async def one(self, item: BulkItem, refresh: Refresh = "false") -> ItemOutcome:
        """A single write. Raises the error that a bulk request would put into the item."""
        outcome = (await self.bulk([item], refresh)).items[0]
        if outcome.error is not None:
            raise outcome.error
        return outcome

    # ── before the engine ────────────────────────────────────────────────────────────────────────────────────────────

    async def _prepare(self, run: _Run) -> list[_Pending]:
        """Check names, run pipelines over new documents, create missing indices; failures become outcomes."""
        targets: list[str] = [""] * len(run.items)
        for position, item in enumerate(run.items):
            try:
                targets[position] = self._target(run, item)
            except OpenSearchException as error:
                self._fail(run, position, error)
        documents = await self._run_pipelines(run, targets)
        pending: list[_Pending] = []
        for position, item in enumerate(run.items):
            if run.outcomes[position] is not None:
                continue
            try:
                document = documents.get(position)
                index = await self._index(run, item, document.index if document else targets[position])
                if item.update is not None:
                    item.update.check_supported()
                    check_routing(index, item.id or "", item.routing)
                pending.append(
                    _Pending(
                        position,
                        item,
                        index,
                        (document.id if document else item.id) or self._ids.auto_id(),
                        document.routing if document else item.routing,
                        document.source if document else None,
                        item.update,
                    )
                )
            except OpenSearchException as error:
                self._fail(run, position, error)
        return pending

    def _target(self, run: _Run, item: BulkItem) -> str:
        """The concrete index an item names, or its name when there is none yet."""
        name = item.index or ""
        if item.require_alias and not is_alias(run.metadata, name):
            raise IndexNotFoundException(
                name,
                resource_type=None,
                suffix=f" and [require_alias] request flag is [true] and [{name}] is not an alias",
            )
        index = write_index(run.metadata, name)
        return index.name if index is not None else name

    async def _run_pipelines(self, run: _Run, targets: Sequence[str]) -> dict[int, IngestItem]:
        """The documents of index and create items as pipelines leave them, by position."""
        positions = [
            position
            for position, item in enumerate(run.items)
            if item.action in ("index", "create") and run.outcomes[position] is None
        ]
        given = [_ingest_item(run.items[position], targets[position]) for position in positions]
        begun = self._clock.monotonic()
        result = await self._ingest.run(given, run.metadata)
        if result.ran:
            run.ingest_seconds = (run.ingest_seconds or 0.0) + self._clock.monotonic() - begun
        documents: dict[int, IngestItem] = {}
        for position, outcome in zip(positions, result.outcomes, strict=True):
            if isinstance(outcome, IngestItem):
                documents[position] = outcome
            elif isinstance(outcome, Dropped):
                self._dropped(run, position, targets[position])
            else:
                self._fail(run, position, outcome)
        return documents

    async def _index(self, run: _Run, item: BulkItem, name: str) -> IndexMetadata:
        """The index to write to, created when it is missing and the action may create one."""
        index = write_index(run.metadata, name)
        if index is not None:
            return index
        external = item.version_type != "internal"
        if (item.action == "delete" and not external) or not self._settings.get(AUTO_CREATE_INDEX):
            raise IndexNotFoundException(name, resource_type="index_expression" if item.action == "delete" else None)
        with contextlib.suppress(ResourceAlreadyExistsException):  # somebody else was faster: it is there
            await self._engine.create_index(name, {}, {}, {})
        run.metadata = await self._engine.metadata()
        index = write_index(run.metadata, name)
        if index is None:
            raise IndexNotFoundException(name)
        return index

    # ── into the engine ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _write(self, run: _Run, wave: list[_Pending], refresh: Refresh) -> None:
        """Write a wave: resolve its updates, then all operations index by index, at once for several indices."""
        ready = await self._resolve_updates(run, wave)
        groups: dict[str, list[_Pending]] = {}
        for pending in ready:
            groups.setdefault(pending.index.name, []).append(pending)
        run.dirty.update(groups)
        results = await asyncio.gather(
            *(self._write_index(run, name, group, refresh) for name, group in groups.items())
        )
        again = [pending for retries in results for pending in retries]
        if again:
            await self._write(run, again, refresh)

    async def _write_index(self, run: _Run, name: str, group: list[_Pending], refresh: Refresh) -> list[_Pending]:
        """One engine call; returns the updates that lost a race and may try again."""
        try:
            outcomes = await self._engine.bulk(name, [_operation(pending) for pending in group], refresh=refresh)
        except OpenSearchException as error:
            outcomes = [error] * len(group)
        again: list[_Pending] = []
        for pending, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, WriteResult):
                run.outcomes[pending.position] = _written(pending, outcome)
            elif (
                isinstance(outcome, VersionConflictEngineException)
                and pending.update is not None
                and pending.attempts < pending.item.retry_on_conflict
            ):
                pending.attempts += 1
                again.append(pending)
            else:
                self._fail(run, pending.position, outcome, pending.id)
        return again

    async def _resolve_updates(self, run: _Run, wave: list[_Pending]) -> list[_Pending]:
        """Read what updates change, merge, run pipelines over the result; noops and misses are settled here.

        Differs: OpenSearch runs no pipeline over bulk updates of existing documents, so that embeddings go stale.
        """
        updates = [pending for pending in wave if pending.update is not None]
        if not updates:
            return wave
        found = await asyncio.gather(
            *(self._engine.get(pending.index.name, pending.id) for pending in updates), return_exceptions=True
        )
        merged: list[_Pending] = []
        for pending, current in zip(updates, found, strict=True):
            if isinstance(current, OpenSearchException):
                self._fail(run, pending.position, current, pending.id)
            elif isinstance(current, BaseException):
                raise current
            elif self._merge(run, pending, current):
                merged.append(pending)
        begun = self._clock.monotonic()
        result = await self._ingest.run(
            [IngestItem(pending.index.name, pending.id, pending.source or b"", pending.routing) for pending in merged],
            run.metadata,
        )
        if result.ran:
            run.ingest_seconds = (run.ingest_seconds or 0.0) + self._clock.monotonic() - begun
        for pending, outcome in zip(merged, result.outcomes, strict=True):
            if isinstance(outcome, IngestItem):
                pending.source, pending.routing = outcome.source, outcome.routing
            elif isinstance(outcome, Dropped):
                self._dropped(run, pending.position, pending.index.name)
            else:
                self._fail(run, pending.position, outcome, pending.id)
        return [pending for pending in wave if run.outcomes[pending.position] is None]

    def _merge(self, run: _Run, pending: _Pending, current: GetResult) -> bool:
        """Fill in the source an update leads to. False when it is settled: missing, or nothing to change."""
        update = pending.update
        assert update is not None
        pending.current = current
        if not current.found:
            fresh = update.upsert if update.upsert is not None else update.doc if update.doc_as_upsert else None
            if fresh is None:
                self._fail(run, pending.position, _missing(pending), pending.id)
                return False
            pending.source = json.encode(fresh)
            return True
        conflict = _seq_no_conflict(pending, current)
        if conflict is not None:
            self._fail(run, pending.position, conflict, pending.id)
            return False
        pending.routing = pending.routing or current.routing
        if current.source is None:
            self._fail(run, pending.position, _sourceless(pending), pending.id)
            return False
        source = json.decode(current.source)
        changed = update.merged_into(source)
        if update.detect_noop and changed == source:
            run.outcomes[pending.position] = ItemOutcome(
                "update",
                pending.index.name,
                pending.id,
                result="noop",
                version=current.version,
                seq_no=current.seq_no,
                primary_term=current.primary_term,
                copies=1 + pending.index.number_of_replicas if len(run.items) > 1 else 0,
                get=_get(pending, current.source, current.seq_no, current.primary_term),
            )
            return False
        pending.source = json.encode(changed)
        return True

    async def _refresh(self, run: _Run, refresh: Refresh) -> None:
        if refresh == "true":
            await self._engine.refresh(sorted(run.dirty))
        else:
            await asyncio.gather(*(self._engine.bulk(name, [], refresh=refresh) for name in run.dirty))

    # ── outcomes that reach no engine ────────────────────────────────────────────────────────────────────────────────

    def _fail(self, run: _Run, position: int, error: OpenSearchException, id: str | None = None) -> None:
        item = run.items[position]
        run.outcomes[position] = ItemOutcome(
            item.action, item.index or "", id or item.id or self._ids.auto_id(), status=error.status, error=error
        )

    def _dropped(self, run: _Run, position: int, index: str) -> None:
        item = run.items[position]
        run.outcomes[position] = ItemOutcome(
            item.action,
            index,
            item.id or "auto-generated",
            result="noop",
            version=-3 if item.id else -4,
        )


def _waves(pending: list[_Pending]) -> list[list[_Pending]]:
    waves: list[list[_Pending]] = []
    touched: set[tuple[str, str]] = set()
    for one in pending:
        key = (one.index.name, one.id)
        if not waves or (one.update is not None and key in touched):
            waves.append([])
            touched = set()
        waves[-1].append(one)
        touched.add(key)
    return waves


def _ingest_item(item: BulkItem, index: str) -> IngestItem:
    return IngestItem(
        index,
        item.id,
        item.source or b"",
        item.routing,
        item.pipeline,
        item.version,
        item.version_type,
        item.if_seq_no,
        item.if_primary_term,
    )


def _operation(pending: _Pending) -> WriteOperation:
    item = pending.item
    if item.action == "delete":
        return WriteOperation(
            "delete",
            pending.id,
            None,
            pending.routing,
            item.if_seq_no,
            item.if_primary_term,
            item.version,
            item.version_type,
        )
    if pending.update is not None:
        current = pending.current
        if current is None or not current.found:
            return WriteOperation("create", pending.id, pending.source, pending.routing)
        return WriteOperation(
            "index", pending.id, pending.source, pending.routing, current.seq_no, current.primary_term
        )
    return WriteOperation(
        "create" if item.action == "create" else "index",
        pending.id,
        pending.source,
        pending.routing,
        item.if_seq_no,
        item.if_primary_term,
        item.version,
        item.version_type,
    )


def _written(pending: _Pending, result: WriteResult) -> ItemOutcome:
    status = {"created": 201, "not_found": 404}.get(result.result, 200)
    return ItemOutcome(
        pending.item.action,
        pending.index.name,
        pending.id,
        status,
        result.result,
        result.version,
        result.seq_no,
        result.primary_term,
        1 + pending.index.number_of_replicas,
        get=_get(pending, pending.source or b"{}", result.seq_no, result.primary_term)
        if pending.update is not None
        else None,
    )


def _get(pending: _Pending, source: bytes, seq_no: int, primary_term: int) -> JsonObject | None:
    """`get` of an update's reply, when its `_source` was asked for."""
    wanted: SourceFilter | None = pending.item.source_filter
    if pending.update is not None and pending.update.source_filter is not None:
        wanted = pending.update.source_filter
    if wanted is None or not wanted.enabled:
        return None
    return {
        "_seq_no": seq_no,
        "_primary_term": primary_term,
        "found": True,
        "_source": json.Raw(filter_source(source, wanted)),
    }


def _missing(pending: _Pending) -> DocumentMissingException:
    return DocumentMissingException(
        f"[{pending.id}]: document missing",
        metadata={"index": pending.index.name, "shard": "0", "index_uuid": pending.index.uuid},
    )


def _sourceless(pending: _Pending) -> DocumentSourceMissingException:
    return DocumentSourceMissingException(
        f"[{pending.id}]: document source missing",
        metadata={"index": pending.index.name, "shard": "0", "index_uuid": pending.index.uuid},
    )


def _seq_no_conflict(pending: _Pending, current: GetResult) -> VersionConflictEngineException | None:
    update = pending.update
    wanted = pending.item.if_seq_no if update is None or update.if_seq_no is None else update.if_seq_no
    term = pending.item.if_primary_term if update is None or update.if_primary_term is None else update.if_primary_term
    if wanted is None or (wanted == current.seq_no and term == current.primary_term):
        return None
    return VersionConflictEngineException(
        f"[{pending.id}]: version conflict, required seqNo [{wanted}], primary term [{term}]. current document has "
        f"seqNo [{current.seq_no}] and primary term [{current.primary_term}]",
        metadata={"index": pending.index.name, "shard": "0", "index_uuid": pending.index.uuid},
    )
