"""Writing documents: every write, single or bulk, is a list of items that goes this road.

ingest pipelines → names to indices (created when missing) → engine, in waves. A wave ends before an update of a
document that the wave has already touched, because an update reads what is stored.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ragstone.core import caller, json
from ragstone.core.clock import Clock
from ragstone.core.cluster_settings import ClusterSettings, boolean, cluster_setting
from ragstone.core.errors import (
    IndexNotFoundException,
    OpenSearchException,
    ResourceAlreadyExistsException,
    VersionConflictEngineException,
)
from ragstone.core.ids import IdGenerator
from ragstone.documents.outcome import BulkOutcome, ItemOutcome
from ragstone.documents.pending import (
    Pending,
    missing,
    operation,
    seq_no_conflict,
    shown_source,
    sourceless,
    split_into_waves,
    written,
)
from ragstone.documents.rights import refused, require_bulk, require_create, require_single
from ragstone.documents.service import check_routing, check_update
from ragstone.dsl.bulk import BulkItem
from ragstone.engine.api import Engine
from ragstone.engine.values import GetResult, IndexMetadata, Metadata, Refresh, WriteResult
from ragstone.indices.resolver import is_alias, write_index
from ragstone.indices.service import IndexService
from ragstone.pipelines.ingest.service import NONE, Dropped, IngestItem, IngestService

AUTO_CREATE_INDEX = cluster_setting(
    "action.auto_create_index", True, boolean, effect="false: a write to a missing index fails"
)


@dataclass
class _Run:
    """The state of one request."""

    items: Sequence[BulkItem]
    outcomes: list[ItemOutcome | None]
    metadata: Metadata
    ingest_seconds: float | None = None
    dirty: set[str] = field(default_factory=set)
    found: dict[str, IndexMetadata] = field(default_factory=dict)
    """Where writes to a name go."""

    def write_index(self, name: str) -> IndexMetadata | None:
        """As `resolver.write_index`, looked up once for all items of a name."""
        index = self.found.get(name)
        if index is None:
            index = write_index(self.metadata, name)
            if index is not None:
                self.found[name] = index
        return index


class BulkService:
    """See the module's docstring. Safe to call at once from many tasks."""

    def __init__(
        self,
        engine: Engine,
        indices: IndexService,
        ingest: IngestService,
        settings: ClusterSettings,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._engine = engine
        self._indices = indices
        self._own_pipelines = engine.capabilities().own_pipelines
        self._ingest = ingest
        self._settings = settings
        self._clock = clock
        self._ids = ids

    async def bulk(self, items: Sequence[BulkItem], refresh: Refresh = "false") -> BulkOutcome:
        """Apply items in order; one that fails does not stop the others. What is not an error is durable."""
        require_bulk()
        return await self._bulk(items, refresh, await self._engine.metadata(), single=False)

    async def _bulk(
        self, items: Sequence[BulkItem], refresh: Refresh, metadata: Metadata, *, single: bool
    ) -> BulkOutcome:
        begun = self._clock.monotonic()
        run = _Run(items, [None] * len(items), metadata)
        pending = self._allowed(run, await self._prepare(run), single=single)
        waves = split_into_waves(pending)
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
        metadata = await self._engine.metadata()
        require_single(metadata, item.index or "", item.action)
        require_bulk()
        outcome = (await self._bulk([item], refresh, metadata, single=True)).items[0]
        if outcome.error is not None:
            raise outcome.error
        return outcome

    def _allowed(self, run: _Run, pending: list[Pending], *, single: bool) -> list[Pending]:
        faults = refused(pending, single=single)
        if not faults:
            return pending
        for one in pending:
            if one.index.name in faults:
                self._fail(run, one.position, faults[one.index.name], one.id)
        return [one for one in pending if one.index.name not in faults]

    # ── before the engine ────────────────────────────────────────────────────────────────────────────────────────────

    async def _prepare(self, run: _Run) -> list[Pending]:
        """Check names, run pipelines over new documents, create missing indices; failures become outcomes."""
        targets: list[str] = [""] * len(run.items)
        for position, item in enumerate(run.items):
            try:
                targets[position] = self._target(run, item)
            except OpenSearchException as error:
                self._fail(run, position, error)
        if self._own_pipelines:
            await self._create_missing(run, targets)
        await self._ingest.learn_names()
        documents = await self._run_pipelines(run, targets)
        pending: list[Pending] = []
        for position, item in enumerate(run.items):
            if run.outcomes[position] is not None:
                continue
            try:
                document = documents.get(position)
                name = document.index if document else targets[position]
                index = run.write_index(name) or await self._create_index(run, item, name)
                if item.update is not None:
                    check_update(index)
                    item.update.check_supported()
                    check_routing(index, item.id or "", item.routing)
                pending.append(
                    Pending(
                        position,
                        item,
                        index,
                        (document.id if document else item.id) or self._ids.auto_id(),
                        document.routing if document else item.routing,
                        document.source if document else item.source,
                        item.update,
                        pipeline=self._engines_pipeline(item, document),
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
        index = run.write_index(name)
        return index.name if index is not None else name

    async def _run_pipelines(self, run: _Run, targets: Sequence[str]) -> dict[int, IngestItem]:
        """The documents of index and create items as pipelines leave them, by position; others have none."""
        positions: list[int] = []
        asked: dict[tuple[str | None, str], bool] = {}
        metadata = await self._metadata_to_come(run, targets)
        for position, item in enumerate(run.items):
            if item.source is not None and run.outcomes[position] is None:
                way = item.pipeline, targets[position]
                if way not in asked:
                    asked[way] = self._ingest.has_pipeline(*way, metadata)
                if asked[way]:
                    positions.append(position)
        if not positions:
            return {}
        given = [_ingest_item(run.items[position], targets[position]) for position in positions]
        begun = self._clock.monotonic()
        result = await self._ingest.run(given, metadata)
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

    async def _metadata_to_come(self, run: _Run, targets: Sequence[str]) -> Metadata:
        """The indices there are, and those still to be made for the request, with the settings templates have for
        them: a template may name a pipeline."""
        missing = {
            name: await self._indices.settings_to_come(name) for name in {*targets} - {"", *run.metadata.indices}
        }
        coming = {name: IndexMetadata(name, "_na_", given, {}, {}, 0) for name, given in missing.items() if given}
        return replace(run.metadata, indices={**run.metadata.indices, **coming}) if coming else run.metadata

    async def _create_missing(self, run: _Run, targets: Sequence[str]) -> None:
        """Make the indices whose default pipeline counts: before a template of the engine's has been applied, nobody
        here knows which one that is."""
        for position, item in enumerate(run.items):
            if item.action == "delete" or item.pipeline is not None or run.outcomes[position] is not None:
                continue
            try:
                if run.write_index(targets[position]) is None:
                    await self._create_index(run, item, targets[position])
            except OpenSearchException as error:
                self._fail(run, position, error)

    async def _create_index(self, run: _Run, item: BulkItem, name: str) -> IndexMetadata:
        """The index to write to, made for it where the action may make one. Raises IndexNotFoundException."""
        external = item.version_type != "internal"
        forbidden = not self._own_pipelines and not self._settings.get(AUTO_CREATE_INDEX)
        if (item.action == "delete" and not external) or forbidden:
            raise IndexNotFoundException(name, resource_type="index_expression" if item.action == "delete" else None)
        require_create(name)
        with contextlib.suppress(ResourceAlreadyExistsException):  # somebody else was faster: it is there
            await self._indices.create_for_write(name)
        run.metadata = await self._engine.metadata()
        index = run.write_index(name)
        if index is None:
            raise IndexNotFoundException(name)
        return index

    def _engines_pipeline(self, item: BulkItem, document: IngestItem | None) -> str | None:
        """What an engine with pipelines of its own is told: none where they have run here, or an update is resolved;
        and where rights are asked for here, whatever is thought of the index's settings: they may be new."""
        if not self._own_pipelines:
            return None
        here = document is not None or item.update is not None or caller.subject.get() is not None
        return NONE if here else item.pipeline

    # ── into the engine ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _write(self, run: _Run, wave: list[Pending], refresh: Refresh) -> None:
        """Write a wave: resolve its updates, then all operations index by index, at once for several indices."""
        ready = await self._resolve_updates(run, wave)
        groups: dict[str, list[Pending]] = {}
        for pending in ready:
            groups.setdefault(pending.index.name, []).append(pending)
        run.dirty.update(groups)
        writes = [self._write_index(run, name, group, refresh) for name, group in groups.items()]
        # most requests are for one index, and need no task beside their own
        results = [await writes[0]] if len(writes) == 1 else await asyncio.gather(*writes)
        again = [pending for retries in results for pending in retries]
        if again:
            await self._write(run, again, refresh)

    async def _write_index(self, run: _Run, name: str, group: list[Pending], refresh: Refresh) -> list[Pending]:
        """One engine call; returns the updates that lost a race and may try again."""
        try:
            outcomes = await self._engine.bulk(name, [operation(pending) for pending in group], refresh=refresh)
        except OpenSearchException as error:
            if error.status == 401:
                raise  # who is not known is told so, not item by item
            outcomes = [error] * len(group)
        again: list[Pending] = []
        copies = 1 + group[0].index.number_of_replicas
        for pending, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, WriteResult):
                run.outcomes[pending.position] = written(pending, outcome, copies)
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

    async def _resolve_updates(self, run: _Run, wave: list[Pending]) -> list[Pending]:
        """Read what updates change, merge, run pipelines over the result; noops and misses are settled here.

        Differs: OpenSearch runs no pipeline over bulk updates of existing documents, so that embeddings go stale.
        """
        updates = [pending for pending in wave if pending.update is not None]
        if not updates:
            return wave
        found = await asyncio.gather(
            *(self._engine.get(pending.index.name, pending.id, routing=pending.routing) for pending in updates),
            return_exceptions=True,
        )
        merged: list[Pending] = []
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

    def _merge(self, run: _Run, pending: Pending, current: GetResult) -> bool:
        """Fill in the source an update leads to. False when it is settled: missing, or nothing to change."""
        update = pending.update
        assert update is not None
        pending.current = current
        if not current.found:
            fresh = update.upsert if update.upsert is not None else update.doc if update.doc_as_upsert else None
            if fresh is None:
                self._fail(run, pending.position, missing(pending), pending.id)
                return False
            pending.source = json.encode(fresh)
            return True
        conflict = seq_no_conflict(pending, current)
        if conflict is not None:
            self._fail(run, pending.position, conflict, pending.id)
            return False
        pending.routing = pending.routing or current.routing
        if current.source is None:
            self._fail(run, pending.position, sourceless(pending), pending.id)
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
                get=shown_source(pending, current.source, current.seq_no, current.primary_term),
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
