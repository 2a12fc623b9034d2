"""Readers on a cluster: points in time of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ragstone.core.errors import OpenSearchException, SearchContextMissingException
from ragstone.core.log import get_logger
from ragstone.dsl.sort import sort_to_json
from ragstone.engine.opensearch.client import ClusterClient
from ragstone.engine.opensearch.names import are_system, part
from ragstone.engine.values import JsonObject, QueryRequest, RankedHit, Reader

_log = get_logger("readers")

_SHARD_DOC = "_shard_doc"
_TIEBREAK: list[JsonObject] = [{"_index": {"order": "asc"}}, {_SHARD_DOC: {"order": "asc"}}]
"""The cluster numbers the documents of every index from 0, so the number alone tells only those of one index apart."""


@dataclass
class Moment:
    """The handle of a reader. A search may be told a new id of the same moment."""

    id: str | None
    """None once it is closed."""
    keep_alive: str

    def to_json(self) -> JsonObject:
        """The `pit` of a search. Raises SearchContextMissingException."""
        if self.id is None:
            raise SearchContextMissingException("No search context found: the reader is closed")
        return {"id": self.id, "keep_alive": self.keep_alive}


class Readers:
    def __init__(self, client: ClusterClient) -> None:
        self._client = client

    async def open(self, indices: Sequence[str], keep_alive: float) -> Reader:
        lasting = f"{max(1, int(keep_alive * 1000))}ms"
        names = ",".join(map(part, indices))
        target = f"/{names}/_search/point_in_time?keep_alive={lasting}&allow_partial_pit_creation=false"
        made = await self._client.call("POST", target, as_service=are_system(indices))
        return Reader(tuple(indices), made["_shards"]["total"], Moment(made["pit_id"], lasting))

    async def close(self, reader: Reader) -> None:
        moment: Moment = reader.handle
        gone, moment.id = moment.id, None
        if gone is None:
            return
        try:
            body = {"pit_id": [gone]}
            await self._client.call("DELETE", "/_search/point_in_time", body, as_service=are_system(reader.indices))
        except OpenSearchException as why:
            _log.debug("a point in time is left to expire", indices=reader.indices, why=why.reason)


def order(request: QueryRequest) -> JsonObject:
    """`sort` and what belongs to it, for a search of a reader."""
    if not breaks_ties(request):
        return {"sort": sort_to_json(request.sort)} if request.sort else {}
    by_score: list[JsonObject] = [{"_score": {"order": "desc"}}]
    shown: JsonObject = {"sort": [*(sort_to_json(request.sort) or by_score), *_TIEBREAK]}
    if not request.sort:
        shown["track_scores"] = True
    if request.behind is not None:
        last = request.behind
        shown["search_after"] = [*(last.sort if request.sort else (last.score,)), last.index, last.ref]
    return shown


def breaks_ties(request: QueryRequest) -> bool:
    """Whether the order has keys of ours behind those of the request."""
    mine = request.search_after is not None or any(key.field == _SHARD_DOC for key in request.sort)
    return request.reader is not None and not mine


def ranked(request: QueryRequest, index: str, score: float | None, sort: Sequence[Any]) -> RankedHit:
    """A hit of a search whose order breaks ties; its `ref` lasts as long as the reader."""
    return RankedHit(index, sort[-1], score, tuple(sort[: len(request.sort)]))


def is_missing(error: OpenSearchException) -> bool:
    """Whether the cluster says that a point in time is not there."""
    return any(isinstance(root, SearchContextMissingException) for root in error.root_causes())


__all__ = ["Moment", "Readers", "breaks_ties", "is_missing", "order", "ranked"]
