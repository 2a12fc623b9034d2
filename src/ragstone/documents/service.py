"""Reading single documents."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ragstone.core.errors import (
    OpenSearchException,
    RoutingMissingException,
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
    routing: str | None = None


def check_routing(index: IndexMetadata, id: str, routing: str | None) -> None:
    """Raises RoutingMissingException when the mapping requires a routing and none is given."""
    if routing is None and index.mappings.get("_routing", {}).get("required"):
        raise RoutingMissingException(
            f"routing is required for [{index.name}]/[{id}]", metadata={"index": index.name, "index_uuid": "_na_"}
        )


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
        routing: str | None = None,
    ) -> Found:
        """The newest version of a document, or `found=False` inside.

        Raises IndexNotFoundException, IndexClosedException, IllegalArgumentException (an alias of several indices),
        VersionConflictEngineException when `version` is another, RoutingMissingException.
        """
        resolved = resolve_one(await self._engine.metadata(), index).index
        check_routing(resolved, id, routing)
        if refresh:
            await self._engine.refresh([resolved.name])
        document = await self._engine.get(resolved.name, id, realtime=realtime, routing=routing)
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
                return await self.get(item.index, item.id, realtime=realtime, routing=item.routing)
            except OpenSearchException as error:
                return error

        return list(await asyncio.gather(*(one(item) for item in items)))
