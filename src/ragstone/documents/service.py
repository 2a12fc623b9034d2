"""Reading single documents."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ragstone.core.errors import (
    OpenSearchException,
    VersionConflictEngineException,
)
from ragstone.engine.api import Engine
from ragstone.engine.values import GetResult, IndexMetadata
from ragstone.indices.resolver import resolve_one


@dataclass(frozen=True)
class Found:
    """A read document, and the index it came from (an alias gives its index)."""

    index: IndexMetadata
    document: GetResult


@dataclass(frozen=True)
class MultiGetItem:
    index: str
    id: str


class DocumentService:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def get(
        self,
        index: str,
        id: str,
        *,
        realtime: bool = True,
        refresh: bool = False,
        version: int | None = None,
    ) -> Found:
        """The newest version of a document, or `found=False` inside.

        Raises IndexNotFoundException, IndexClosedException, IllegalArgumentException (an alias of several indices),
        VersionConflictEngineException when `version` is another.
        """
        resolved = resolve_one(await self._engine.metadata(), index).index
        if refresh:
            await self._engine.refresh([resolved.name])
        document = await self._engine.get(resolved.name, id, realtime=realtime)
        if version is not None and document.found and document.version != version:
            raise VersionConflictEngineException(
                f"[{id}]: version conflict, current version [{document.version}] is different than the one provided "
                f"[{version}]",
                metadata={"index": resolved.name, "shard": "0", "index_uuid": resolved.uuid},
            )
        return Found(resolved, document)

    async def multi_get(
        self, items: Sequence[MultiGetItem], *, realtime: bool = True
    ) -> list[Found | OpenSearchException]:
        """One answer per item, in order; a missing index is an error of its items only."""

        async def one(item: MultiGetItem) -> Found | OpenSearchException:
            try:
                return await self.get(item.index, item.id, realtime=realtime)
            except OpenSearchException as error:
                return error

        return list(await asyncio.gather(*(one(item) for item in items)))
