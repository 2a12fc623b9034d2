"""An index while it is open: its writers' queue, its refreshes, and what is done in the background."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from weakref import WeakSet

from ragstone.core.errors import OpenSearchException, SearchContextMissingException
from ragstone.core.log import get_logger
from ragstone.core.threadpool import ThreadPools
from ragstone.core.units import parse_time
from ragstone.engine.embedded.index import Index
from ragstone.engine.embedded.refresher import Alarm, Refresher, Wait
from ragstone.engine.embedded.snapshot import Snapshot
from ragstone.engine.embedded.write_queue import WriteQueue
from ragstone.engine.values import IndexMetadata

_log = get_logger("open_index")

_UPKEEP_SECONDS = 1.0
"""Between two looks at what is done in the background, as long as there is something."""


class OpenIndex:
    """An index with its writers' queue and its schedules. Belongs to the event loop."""

    def __init__(self, index: Index, pools: ThreadPools, wait: Wait) -> None:
        self.index = index
        self._pools = pools
        self.queue = WriteQueue(pools, index.write)
        self.refresher = Refresher(
            pools,
            index.refresh,
            lambda: index.snapshot.max_row,
            self._look_after,
            wait=wait,
            interval=_refresh_interval(index.metadata),
        )
        self._syncing = Alarm(wait, _sync_interval(index.metadata), self._sync)
        self._upkeep = Alarm(wait, _UPKEEP_SECONDS, self._keep_up)
        self.held: WeakSet[HeldSnapshots] = WeakSet()
        """Whoever holds on to a snapshot for longer than one search."""
        self._look_after()

    def written(self) -> None:
        """Something was acknowledged."""
        self.refresher.written()
        if self.index.needs_sync:
            self._syncing.ask()

    async def settings_changed(self) -> None:
        metadata = self.index.metadata
        self._syncing.set_interval(_sync_interval(metadata))
        await self.refresher.set_interval(_refresh_interval(metadata))
        if self.index.max_row > self.index.snapshot.max_row:
            self.refresher.written()

    async def close(self, error: OpenSearchException) -> None:
        """Finish what runs; later writes raise `error`, and readers let go. The index itself stays open."""
        for held in list(self.held):
            held.close()
        await self.queue.close(error)
        await self.refresher.close()
        await self._syncing.close()
        await self._upkeep.close()

    def _look_after(self) -> None:
        if self.index.needs_upkeep:
            self._upkeep.ask()

    async def _keep_up(self) -> None:
        await self._in_background(self.index.keep_up)
        self._look_after()

    async def _sync(self) -> None:
        await self._in_background(self.index.sync)
        if self.index.needs_sync:
            self._syncing.ask()

    async def _in_background(self, work: Callable[[], None]) -> None:
        try:
            await self._pools.run("write", work)
        except OpenSearchException as error:
            _log.error("background work failed; it is tried again", index=self.index.name, error=error.reason)


class HeldSnapshots:
    """What a reader sees: the snapshots that some open indices had published when it was made. Holding them keeps their
    documents readable, until it is closed or one of the indices is."""

    def __init__(self, entries: Sequence[OpenIndex]) -> None:
        self._snapshots: tuple[Snapshot, ...] | None = tuple(entry.index.snapshot for entry in entries)
        self.shards = sum(snapshot.metadata.number_of_shards for snapshot in self._snapshots)
        for entry in entries:
            entry.held.add(self)

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """Raises SearchContextMissingException."""
        if self._snapshots is None:
            raise SearchContextMissingException("No search context found: it is closed, or an index was")
        return self._snapshots

    def close(self) -> None:
        self._snapshots = None


def _refresh_interval(index: IndexMetadata) -> float:
    return parse_time(index.setting("index.refresh_interval") or "1s", "index.refresh_interval")


def _sync_interval(index: IndexMetadata) -> float:
    return parse_time(index.setting("index.translog.sync_interval") or "5s", "index.translog.sync_interval")


__all__ = ["HeldSnapshots", "OpenIndex"]
