"""One index from its first document to its verification."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ragstone.core.errors import (
    IllegalArgumentException,
    IndexClosedException,
    OpenSearchException,
    ResourceAlreadyExistsException,
)
from ragstone.core.threadpool import ThreadPools
from ragstone.engine.values import IndexMetadata, ScanPage, StoredDocument
from ragstone.migration.definition import Definition, fit
from ragstone.migration.fields import Fields
from ragstone.migration.report import IndexReport
from ragstone.migration.sample import Sample, compare, knn_queries, match_queries
from ragstone.migration.sealed import opened_by, resealed
from ragstone.migration.sides import Progress, Side
from ragstone.migration.state import IndexState, MigrationState
from ragstone.migration.tally import Tally, tally_of
from ragstone.migration.writing import Limits, Writer, batches

_SAMPLED = 10
"""Documents from which queries are made."""


@dataclass
class _Page:
    """One page of the source that is being written."""

    tally: Tally
    resume: str
    writes: Sequence[asyncio.Task[None]]

    @property
    def settled(self) -> bool:
        return all(write.done() for write in self.writes)


class IndexMigration:
    """`run` it once. `moved` is what this run has written and the target acknowledged."""

    def __init__(
        self,
        index: IndexMetadata,
        source: Side,
        target: Side,
        state: MigrationState,
        pools: ThreadPools,
        writer: Writer,
        limits: Limits,
        progress: Progress,
    ) -> None:
        self._index = index
        self._source = source
        self._target = target
        self._migration = state
        self._pools = pools
        self._writer = writer
        self._limits = limits
        self._progress = progress
        self._fields = Fields.of(index.mappings)
        self._page_size = limits.page_documents
        self.moved = Tally()

    async def run(self) -> IndexReport:
        """Raises DocumentRefused, and what either engine raises."""
        name = self._index.name
        stats = await self._source.engine.stats(name)
        known = self._migration.indices.get(name)
        if known is not None and known.report is not None:
            return self._arrived(known, stats.max_seq_no)
        if not self._index.open:
            raise IndexClosedException("it is closed: open it at the source first")
        if self._source.api is not None and not self._fields.whole_source:
            raise IllegalArgumentException(
                "the cluster keeps only a part of its documents (`_source` in the mapping): the rest cannot be read"
            )
        if stats.documents and stats.size:
            fitting = self._limits.page_bytes * stats.documents // stats.size
            self._page_size = min(max(fitting, 1), self._limits.page_documents)
        definition = Definition.of(self._index)
        state = await self._begin(definition, stats.max_seq_no)
        if not state.complete:
            await self._copy(state)
        report = await self._verify(state)
        await self._finish(state, definition, report)
        return report

    def _arrived(self, state: IndexState, max_seq_no: int) -> IndexReport:
        """Moved by an earlier run, which stopped at something else."""
        assert state.report is not None
        report = IndexReport.from_json(state.report)
        if (state.source_uuid, state.max_seq_no) == (self._index.uuid, max_seq_no):
            return report
        changed = "it was written to after it was moved: remove it at the target, and it is moved again"
        return IndexReport(
            report.name, report.source, report.target, report.match, report.knn, report.notes,
            [*report.problems, changed],
        )  # fmt: skip

    # ── making ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _begin(self, definition: Definition, max_seq_no: int) -> IndexState:
        """The index is at the target when this returns, and the state file knows it for ours."""
        name = self._index.name
        state = self._migration.indices.get(name)
        there = await self._target.index(name)
        if there is not None:
            if state is None or not await self._is_ours(state, there):
                raise ResourceAlreadyExistsException(
                    f"index [{name}] exists at the target, and was not begun by this migration"
                )
            if (state.source_uuid, state.max_seq_no) == (self._index.uuid, max_seq_no):
                self._progress.say(f"{name}: going on after {state.copied.documents} documents")
                return state
            # What is there may hold documents that are gone from the source since. Nobody was told that it is ready.
            self._progress.say(f"{name}: the source was written to meanwhile, it begins anew")
            await self._target.engine.delete_index(name)
        state = self._migration.indices[name] = IndexState(self._index.uuid, max_seq_no)
        await self._save()
        self._progress.say(f"{name}: begins")
        made: list[IndexMetadata] = []

        async def create(part: Definition) -> None:
            made.append(await self._target.engine.create_index(name, dict(part.settings), part.mappings, {}))

        try:
            _, left_out = await fit(definition, create)
        except OpenSearchException:
            # Whoever makes it by hand now has made it: it is not ours then.
            del self._migration.indices[name]
            await self._save()
            raise
        state.target_uuid = made[-1].uuid
        state.notes = [f"setting [{key}] is not known there and was left out" for key in left_out]
        state.notes += _differing(self._fields, Fields.of(made[-1].mappings))
        if self._target.api is not None and "index.final_pipeline" in definition.later:
            state.notes.append(
                "its final pipeline is run by the cluster itself: one that only a gateway knows fails every write"
            )
        await self._save()
        return state

    async def _is_ours(self, state: IndexState, there: IndexMetadata) -> bool:
        if state.target_uuid is not None:
            return state.target_uuid == there.uuid
        # Killed between making it and noting that: then nothing was ever written to it.
        if (await self._target.engine.stats(there.name)).max_seq_no >= 0:
            return False
        state.target_uuid = there.uuid
        await self._save()
        return True

    async def _save(self) -> None:
        await self._pools.run("write", self._migration.save)

    # ── copying ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _copy(self, state: IndexState) -> None:
        try:
            await self._copy_from(state)
        except IllegalArgumentException:
            if state.resume is None:
                raise
            # The source no longer knows that moment. Writing the same versions again changes nothing.
            self._progress.say(f"{self._index.name}: the source forgot how far it was, it is read from the beginning")
            state.resume, state.copied = None, Tally()
            await self._copy_from(state)
        state.complete = True
        await self._save()

    async def _copy_from(self, state: IndexState) -> None:
        pending: deque[_Page] = deque()
        try:
            async for page in self._source.engine.scan(self._index.name, resume=state.resume, size=self._page_size):
                pending.append(await self._write(page, state))
                while pending and (len(pending) > self._limits.in_flight or pending[0].settled):
                    await self._settle(pending.popleft(), state)
            while pending:
                await self._settle(pending.popleft(), state)
        finally:
            left = [write for page in pending for write in page.writes]
            for write in left:
                write.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _write(self, page: ScanPage, state: IndexState) -> _Page:
        name = self._index.name
        opened = opened_by(self._source.vault, name)
        tally, _ = await self._pools.run("search", tally_of, page.documents, self._fields, opened)
        documents: list[StoredDocument] = []
        for document in page.documents:
            sealed, problem = await resealed(document, name, self._source.vault, self._target.vault)
            documents.append(sealed)
            if problem and problem not in state.problems:
                state.problems.append(problem)
        writes = [asyncio.create_task(self._writer.write(name, batch)) for batch in batches(documents, self._limits)]
        return _Page(tally, page.resume, writes)

    async def _settle(self, page: _Page, state: IndexState) -> None:
        """Wait until the target has the page, and note it."""
        try:
            await asyncio.gather(*page.writes)
        finally:
            for write in page.writes:
                write.cancel()
        state.copied += page.tally
        state.resume = page.resume
        self.moved += page.tally
        await self._save()
        self._progress.moved(page.tally.documents, page.tally.bytes)

    # ── verifying ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _verify(self, state: IndexState) -> IndexReport:
        """Count what is at the target, and ask both ends the same."""
        name = self._index.name
        self._progress.say(f"{name}: counting what arrived")
        await self._target.engine.refresh([name])
        counted, sample = await self._counted()
        if self._target.api is not None and not self._fields.whole_source:
            # What the cluster shows of a document is less than what it was given.
            counted = replace(counted, content=state.copied.content)
            note = "the cluster keeps only a part of the documents: their contents were not compared"
            state.notes = list(dict.fromkeys([*state.notes, note]))
        problems = list(state.problems)
        if not counted.agrees(state.copied):
            problems.append(_disagreement(state.copied, counted))
        one, other = self._source.engine, self._target.engine
        match = await compare(one, other, name, match_queries(sample.sources(), self._fields))
        knn = await compare(one, other, name, knn_queries(sample.sources(), self._fields))
        return IndexReport(name, state.copied, counted, match, knn, list(state.notes), problems)

    async def _finish(self, state: IndexState, definition: Definition, report: IndexReport) -> None:
        """Let others in: nobody finds half an index by an alias, and no block stood in our own way."""
        name, target = self._index.name, self._target.engine
        if report.target.agrees(report.source):
            if definition.aliases:
                await target.update_aliases([(name, alias, body) for alias, body in definition.aliases.items()])
            if definition.later:
                await target.put_settings(name, dict(definition.later))
            state.report = report.to_json()
        else:  # the next run copies it again
            state.resume, state.copied, state.complete = None, Tally(), False
        await self._save()
        self._progress.say(f"{name}: {report.target.documents} documents, {'; '.join(report.problems) or 'equal'}")

    async def _counted(self) -> tuple[Tally, Sample]:
        opened = opened_by(self._target.vault, self._index.name)
        total, sample = Tally(), Sample(_SAMPLED)
        async for page in self._target.engine.scan(self._index.name, size=self._page_size):
            tally, hashes = await self._pools.run("search", tally_of, page.documents, self._fields, opened)
            total += tally
            sample.offer(page.documents, hashes)
        return total, sample


def _differing(source: Fields, target: Fields) -> list[str]:
    """What the target makes of the mapping beyond what it was given: templates there have a say, for example."""
    return [
        f"field [{name}] is [{target.types.get(name)}] there, [{source.types.get(name)}] here"
        for name in sorted({*source.types, *target.types})
        if source.types.get(name) != target.types.get(name)
    ]


def _disagreement(sent: Tally, found: Tally) -> str:
    if sent.documents != found.documents:
        return f"{sent.documents} documents were sent, {found.documents} are there"
    if sent.content != found.content:
        return "the documents there are not those that were sent: the digests differ"
    return "versions or routing of documents there are not those that were sent"


__all__ = ["IndexMigration"]
