"""The upkeep of open indices that somebody asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ragstone.engine.embedded.open_indices import OpenIndices
from ragstone.engine.values import IndexStats


async def refresh(opened: OpenIndices, names: Sequence[str]) -> None:
    entries = [await opened.usable(name) for name in names]
    with opened.unless_gone(entries):
        await asyncio.gather(*(entry.refresher.refresh() for entry in entries))


async def flush(opened: OpenIndices, names: Sequence[str]) -> None:
    entries = [await opened.usable(name) for name in names]
    await asyncio.gather(*(opened.on(entry, "write", entry.index.flush) for entry in entries))


async def warm_up(opened: OpenIndices, names: Sequence[str]) -> None:
    entries = [await opened.usable(name) for name in names]
    await asyncio.gather(*(opened.on(entry, "search", entry.index.warm_up) for entry in entries))


async def stats(opened: OpenIndices, name: str) -> IndexStats:
    entry = await opened.get(name)
    return await opened.on(entry, "search", entry.index.stats)


__all__ = ["flush", "refresh", "stats", "warm_up"]
