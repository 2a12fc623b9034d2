"""Documents of open indices: writing many, reading one, and handing out all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from ragstone.core.errors import IllegalArgumentException, IndexNotFoundException
from ragstone.engine.embedded.open_indices import OpenIndices
from ragstone.engine.values import (
    GetResult,
    Refresh,
    ScanPage,
    StoredDocument,
    WriteOperation,
    WriteOutcome,
    WriteResult,
)


class Documents:
    """See `DocumentEngine`."""

    def __init__(self, opened: OpenIndices) -> None:
        self._open = opened

    async def bulk(self, name: str, operations: Sequence[WriteOperation], refresh: Refresh) -> list[WriteOutcome]:
        entry = await self._open.usable(name)
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
        with suppress(IndexNotFoundException), self._open.unless_gone([entry]):  # what was acknowledged was written
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

    async def get(self, name: str, id: str, realtime: bool) -> GetResult:
        entry = await self._open.usable(name)
        return await self._open.on(entry, "search", entry.index.get, id, realtime=realtime)

    async def scan(self, name: str, resume: str | None, size: int) -> AsyncIterator[ScanPage]:
        after = resume or "0"
        if not after.isdecimal():
            raise IllegalArgumentException(f"[{after}] is no place in a scan")
        entry = await self._open.usable(name)
        pages = entry.index.scan(int(after), size)
        while (rows := await self._open.on(entry, "search", next, pages, None)) is not None:
            documents = [
                StoredDocument(row.id, row.source or b"{}", row.version, row.seq_no, row.primary_term, row.routing)
                for row in rows
            ]
            yield ScanPage(documents, resume=str(rows[-1].row))


__all__ = ["Documents"]
