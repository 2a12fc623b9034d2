"""Reading single documents."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ragstone.core import caller
from ragstone.core.errors import (
    OpenSearchException,
    OpenSearchSecurityException,
    RoutingMissingException,
    VersionConflictEngineException,
)
from ragstone.dsl.queries.ids import IdsQuery
from ragstone.engine.api import Engine
from ragstone.engine.values import FetchOptions, GetResult, Hit, IndexMetadata, QueryRequest
from ragstone.indices.access import permitted_one
from ragstone.indices.views import view_of, views_of

_NO_UPDATE = "Update is not supported when FLS or DLS or Fieldmasking is activated"


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


def check_update(index: IndexMetadata) -> None:
    """Raises OpenSearchSecurityException where the caller sees not all of an index: an update keeps what it does not
    name, so they would write what they have not seen. `Differs:` 403, where OpenSearch answers 500."""
    if view_of(index) is not None:
        raise OpenSearchSecurityException(_NO_UPDATE)


def check_rewrite(indices: Iterable[IndexMetadata]) -> None:
    """Raises OpenSearchSecurityException where the caller sees documents in part: written as they see them, documents
    would lose the rest. `Differs:` OpenSearch lets that happen."""
    if any(view.fields is not None or view.masks is not None for view in views_of(indices).values()):
        raise OpenSearchSecurityException(_NO_UPDATE)


def _read(hit: Hit) -> GetResult:
    assert hit.version is not None
    assert hit.seq_no is not None
    assert hit.primary_term is not None
    return GetResult(hit.id, True, hit.source, hit.version, hit.seq_no, hit.primary_term, hit.routing)


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
        resolved = permitted_one(await self._engine.metadata(), index, "indices:data/read/get").index
        return await self._get(resolved, id, realtime=realtime, refresh=refresh, version=version, routing=routing)

    async def _get(
        self,
        resolved: IndexMetadata,
        id: str,
        *,
        realtime: bool,
        refresh: bool = False,
        version: int | None = None,
        routing: str | None,
    ) -> Found:
        check_routing(resolved, id, routing)
        if refresh:
            await self._engine.refresh([resolved.name])
        document = await self._document(resolved, id, realtime, routing)
        if version is not None and document.found and document.version != version:
            raise VersionConflictEngineException(
                f"[{id}]: version conflict, current version [{document.version}] is different than the one provided "
                f"[{version}]",
                metadata={"index": resolved.name, "shard": "0", "index_uuid": resolved.uuid},
            )
        return Found(resolved, document)

    async def _document(self, index: IndexMetadata, id: str, realtime: bool, routing: str | None) -> GetResult:
        """What the caller sees of a document. Whether a document is visible, only a search can tell."""
        view = view_of(index)
        if view is None or view.documents is None:
            document = await self._engine.get(index.name, id, realtime=realtime, routing=routing)
            if view is None or document.source is None:
                return document
            return replace(document, source=view.cut(document.source))
        if not view.documents:
            return GetResult(id, found=False)
        if realtime:
            await self._engine.refresh([index.name])
        request = QueryRequest([index.name], [IdsQuery(values=(id,))], size=2, views={index.name: view})
        _, hits = await self._engine.query_and_fetch(request, 0, FetchOptions(version=True, seq_no_primary_term=True))
        for hit in hits:
            if routing is None or hit.routing in (None, routing):
                return _read(hit)
        return GetResult(id, found=False)

    async def multi_get(
        self, items: Sequence[MultiGetItem], *, realtime: bool = True
    ) -> list[Found | OpenSearchException]:
        """One answer per item, in order; a missing index is an error of its items only."""
        caller.require("indices:data/read/mget")
        metadata = await self._engine.metadata()

        async def one(item: MultiGetItem) -> Found | OpenSearchException:
            try:
                index = permitted_one(metadata, item.index, "indices:data/read/mget[shard]").index
                return await self._get(index, item.id, realtime=realtime, routing=item.routing)
            except OpenSearchException as error:
                return error

        return list(await asyncio.gather(*(one(item) for item in items)))
