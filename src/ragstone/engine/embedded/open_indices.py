"""The indices that are open, and what becomes of a request whose index is deleted under its hands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from ragstone.core.clock import Clock
from ragstone.core.errors import (
    IllegalStateException,
    IndexClosedException,
    IndexNotFoundException,
    IOException,
    OpenSearchException,
)
from ragstone.core.log import get_logger
from ragstone.core.threadpool import PoolName, ThreadPools
from ragstone.engine.embedded.data_folder import DataFolder
from ragstone.engine.embedded.index import Index
from ragstone.engine.embedded.open_index import OpenIndex
from ragstone.engine.embedded.refresher import Wait
from ragstone.engine.embedded.sqlite import StorageDamaged
from ragstone.engine.values import IndexMetadata

P = ParamSpec("P")
R = TypeVar("R")

_log = get_logger("engine")


class NoShardAvailableActionException(OpenSearchException):
    """An index is in the cluster state, but its documents can not be read."""

    status = 503


class OpenIndices:
    """Belongs to the event loop. Releases the folder it is given."""

    def __init__(self, data: DataFolder, pools: ThreadPools, clock: Clock, wait: Wait) -> None:
        self._data = data
        self._pools = pools
        self._clock = clock
        self._wait = wait
        self.changing = asyncio.Lock()
        """Held while indices come, go or change their settings."""
        self._open: dict[str, OpenIndex] = {}
        self.damaged: dict[str, str] = {}
        """Why an index of the cluster state can not be used."""

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Open all there are. Closes itself when one fails, otherwise than by damage."""
        names = list(self._data.state.metadata.indices)
        opening = (self._pools.run("write", self._opened, name) for name in names)
        opened = await asyncio.gather(*opening, return_exceptions=True)
        for index in opened:
            if isinstance(index, Index):
                self.add(index)
        failure = next((index for index in opened if isinstance(index, BaseException)), None)
        if failure is not None:
            await self.close()
            raise failure

    async def close(self) -> None:
        async with self.changing:
            error = IllegalStateException("the engine is closed")
            error.status = 503
            opened, self._open = self._open, {}
            await asyncio.gather(*(entry.close(error) for entry in opened.values()))
            await asyncio.gather(*(self._pools.run("write", entry.index.close) for entry in opened.values()))
            await self._pools.run("write", self._data.release)

    def _opened(self, name: str) -> Index | None:
        metadata = self._data.state.metadata.indices[name]
        try:
            return Index(self._data.indices.of(metadata.uuid), name, self._data.state, self._clock)
        except StorageDamaged as damage:
            # Never replaced by an empty index: the others are served, and every request for this one is told.
            self.damaged[name] = f"the documents of index [{name}] cannot be read: {damage}"
            _log.error("an index is damaged", index=name, damage=str(damage))
            return None

    # ── for whoever holds `changing` ─────────────────────────────────────────────────────────────────────────────────

    def add(self, index: Index) -> None:
        """From now on requests find it."""
        self._open[index.name] = OpenIndex(index, self._pools, self._wait)

    async def take(self, name: str) -> Index | None:
        """From now on nobody finds it. What runs is finished; the index itself stays open. None where it was not."""
        entry = self._open.pop(name, None)
        if entry is None:
            return None
        await entry.close(IndexNotFoundException(name))
        return entry.index

    async def reopen(self, name: str) -> None:
        """Settings that are read once, when an index is opened, may have changed."""
        index = await self.take(name)
        if index is not None:
            await self._pools.run("write", index.close)
        again = await self._pools.run("write", self._opened, name)
        if again is not None:
            self.add(again)

    def metadata_changed(self, names: Iterable[str]) -> None:
        """The cluster state has something new about them."""
        for name in names:
            if name in self._open:
                self._open[name].index.metadata_changed()

    # ── one index ────────────────────────────────────────────────────────────────────────────────────────────────────

    def metadata(self, name: str) -> IndexMetadata:
        """Raises IndexNotFoundException."""
        found = self._data.state.metadata.indices.get(name)
        if found is None:
            raise IndexNotFoundException(name)
        return found

    @property
    def by_name(self) -> Mapping[str, OpenIndex]:
        """Without those that are damaged, or just being made or removed."""
        return self._open

    async def get(self, name: str) -> OpenIndex:
        """The index, open or closed. Raises IndexNotFoundException, NoShardAvailableActionException."""
        entry = self._open.get(name)
        if entry is None and name in self.damaged:
            raise NoShardAvailableActionException(self.damaged[name])
        if entry is None and name in self._data.state.metadata.indices:
            async with self.changing:  # it is just being made, opened or removed
                entry = self._open.get(name)
        if entry is None:
            raise IndexNotFoundException(name)
        return entry

    async def usable(self, name: str) -> OpenIndex:
        """The index, for documents and searches. Raises IndexClosedException too."""
        entry = self._open.get(name) or await self.get(name)
        metadata = self.metadata(name)
        if not metadata.open:
            raise IndexClosedException("closed", metadata={"index": name, "index_uuid": metadata.uuid})
        return entry

    # ── while indices may be deleted ─────────────────────────────────────────────────────────────────────────────────

    async def on(
        self, entry: OpenIndex, pool: PoolName, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run blocking work on an index; where that is deleted meanwhile, it is no failing disk."""
        with self.unless_gone([entry]):
            return await self._pools.run(pool, function, *args, **kwargs)

    @contextmanager
    def unless_gone(self, entries: Iterable[OpenIndex]) -> Iterator[None]:
        """Where reading fails because an index was deleted meanwhile, IndexNotFoundException says so."""
        try:
            yield
        except IOException:
            for entry in entries:
                if self._open.get(entry.index.name) is not entry:
                    raise IndexNotFoundException(entry.index.name) from None
            raise


__all__ = ["NoShardAvailableActionException", "OpenIndices"]
