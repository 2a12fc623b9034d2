"""Indices for agents' tools: the IndexPort."""

from __future__ import annotations

from collections.abc import Sequence

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.search_body import parse_search_body
from ragstone.engine.values import IndexMetadata, IndexStats
from ragstone.indices.service import IndexService
from ragstone.search.service import SearchService


class ToolIndices:
    """With the caller's rights, as if they asked themselves."""

    def __init__(self, search: SearchService, indices: IndexService) -> None:
        self._search = search
        self._indices = indices

    async def search(self, index: str, body: JsonObject) -> JsonObject:
        """See `IndexPort`."""
        return await self._search.search(index, parse_search_body(body))

    async def listed(self, names: Sequence[str], action: str) -> list[tuple[IndexMetadata, IndexStats | None]]:
        """See `IndexPort`."""
        found = await self._indices.show(",".join(names) or None, action=action)
        numbers = await self._indices.usable_stats(found)
        return [(index, numbers.get(index.name)) for index in found]
