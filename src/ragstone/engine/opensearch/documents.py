"""Documents in the cluster: writing many, reading one, and handing out all."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from ragstone.core import caller, json
from ragstone.core.errors import (
    IllegalArgumentException,
    IndexClosedException,
    IndexNotFoundException,
    OpenSearchException,
)
from ragstone.core.log import get_logger
from ragstone.engine.opensearch import maintenance
from ragstone.engine.opensearch.answers import SearchAnswer, demand_all, read_get, read_search, understood
from ragstone.engine.opensearch.client import ClusterClient
from ragstone.engine.opensearch.errors import error_of, from_json
from ragstone.engine.opensearch.metadata import Indices
from ragstone.engine.opensearch.names import is_system, part
from ragstone.engine.values import (
    GetResult,
    IndexMetadata,
    JsonObject,
    Refresh,
    ScanPage,
    StoredDocument,
    WriteOperation,
    WriteOutcome,
    WriteResult,
)

_LARGEST = 32 * 1024 * 1024
"""Bytes of one request; a cluster refuses those above `http.max_content_length`, which is 100 MB unless told."""
_KEEP_ALIVE = "10m"
"""How long a scan's moment is kept while its reader works on a page."""
_PLACE = re.compile(r"([\w-]+):(\d+):(-?\d+)")
_NO_POINT_IN_TIME = frozenset({400, 403, 405, 501})
"""Statuses of a cluster that gives none: it does not know how, or the caller has not the right."""

_log = get_logger("opensearch")


class Documents:
    """See `DocumentEngine`."""

    def __init__(self, client: ClusterClient, indices: Indices) -> None:
        self._client = client
        self._indices = indices

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def bulk(self, name: str, operations: Sequence[WriteOperation], refresh: Refresh) -> list[WriteOutcome]:
        """Operations on one id see each other's effect because the cluster keeps their order within a shard.

        The index is looked for first, because a write would make it; one that another client deletes within the last
        second is made again by `action.auto_create_index`, as for every client of the cluster.
        """
        index = await self._indices.usable(name)
        if refresh == "wait_for" and not _refreshes_itself(index):
            refresh = "true"  # nobody would ever come to refresh
        requests = list(_requests(operations))
        if len(requests) == 1:
            return await self._write(name, *requests[0], refresh)
        outcomes: list[WriteOutcome] = []
        for some, body in requests:
            try:
                outcomes += await self._write(name, some, body, "false")
            except OpenSearchException as error:
                if not outcomes:
                    raise
                outcomes += [error] * len(some)
        if refresh != "false":
            await maintenance.refresh(self._client, [name])
        return [
            outcome._replace(forced_refresh=True) if isinstance(outcome, WriteResult) and refresh == "true" else outcome
            for outcome in outcomes
        ]

    async def _write(
        self, name: str, operations: Sequence[WriteOperation], body: bytes, refresh: Refresh
    ) -> list[WriteOutcome]:
        options = {} if is_system(name) else caller.write_options.get()
        answer = await self._client.ask(
            "POST",
            f"/{part(name)}/_bulk?{urlencode({'refresh': refresh, **options})}",
            body,
            content_type="application/x-ndjson",
            as_service=is_system(name),
            # Everything else that is done again would undo what others wrote in between, or report a conflict with
            # itself.
            repeatable=all(operation.version_type == "external_gte" for operation in operations),
        )
        if answer.status >= 400:
            raise error_of(answer)
        items = json.decode(answer.body)["items"]
        outcomes = [_outcome(operation, item) for operation, item in zip(operations, items, strict=True)]
        gone = outcomes[0]
        if isinstance(gone, (IndexNotFoundException, IndexClosedException)) and all(
            type(outcome) is type(gone) for outcome in outcomes
        ):
            self._indices.changed()
            raise gone
        return outcomes

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def get(self, name: str, id: str, realtime: bool, routing: str | None) -> GetResult:
        target = f"/{part(name)}/_doc/{part(id)}?realtime={str(realtime).lower()}"
        if routing is not None:
            target += f"&routing={part(routing)}"
        answer = await self._client.ask("GET", target, as_service=is_system(name))
        if answer.status == 404 and json.decode(answer.body).get("found") is False:
            return GetResult(id, found=False)
        found = understood(read_get, answer)
        return GetResult(
            id,
            found=True,
            source=bytes(found["_source"]) if "_source" in found else None,
            version=found["_version"],
            seq_no=found["_seq_no"],
            primary_term=found["_primary_term"],
            routing=found.get("_routing"),
        )

    # ── scanning ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def scan(self, name: str, resume: str | None, size: int) -> AsyncIterator[ScanPage]:
        """Shard by shard, each in the order of its sequence numbers: a place in it outlives the point in time, and
        what is written later lies behind it.

        Where the cluster gives no point in time, a document that is changed during the scan may come twice, the
        second time in its new version.
        """
        index = await self._indices.usable(name)
        place = _Place.first(index) if resume is None else _Place.read(resume, index)
        size = min(size, int(index.setting("index.max_result_window", "10000") or size))
        await maintenance.refresh(self._client, [name])
        moment = await self._moment(name)
        try:
            for shard in range(place.shard, index.number_of_shards):
                at = place if shard == place.shard else _Place(index.uuid, shard)
                while True:
                    answer = await self._page(index, moment, at, size)
                    moment = answer.get("pit_id", moment)
                    documents = [_stored(hit) for hit in answer["hits"]["hits"]]
                    if not documents:
                        break
                    at = at._replace(seq_no=documents[-1].seq_no)
                    yield ScanPage(documents, resume=str(at))
                    if len(documents) < size:
                        break
        finally:
            if moment is not None:
                await self._let_go(name, moment)

    async def _moment(self, name: str) -> str | None:
        """The id of a point in time; None where the cluster gives none."""
        target = f"/{part(name)}/_search/point_in_time?keep_alive={_KEEP_ALIVE}&allow_partial_pit_creation=false"
        answer = await self._client.ask("POST", target, as_service=is_system(name))
        if answer.status in _NO_POINT_IN_TIME:
            _log.warning("a scan without a point in time", index=name, why=error_of(answer).reason)
            return None
        if answer.status >= 400:
            raise error_of(answer)
        made: str = json.decode(answer.body)["pit_id"]
        return made

    async def _page(self, index: IndexMetadata, moment: str | None, at: _Place, size: int) -> SearchAnswer:
        body: JsonObject = {
            "query": {"range": {"_seq_no": {"gt": at.seq_no}}},
            "sort": [{"_seq_no": "asc"}],
            "size": size,
            "version": True,
            "seq_no_primary_term": True,
            "track_total_hits": False,
        }
        target = "/_search?"
        if moment is None:
            target = f"/{part(index.name)}/_search?preference=_shards:{at.shard}&"
        else:
            body["pit"] = {"id": moment, "keep_alive": _KEEP_ALIVE}
            if index.number_of_shards > 1:
                # As many slices as shards: each is one of them.
                body["slice"] = {"id": at.shard, "max": index.number_of_shards}
        answer = await self._client.ask(
            "POST",
            target + "allow_partial_search_results=false&search_pipeline=_none",
            json.encode(body),
            as_service=is_system(index.name),
        )
        page = understood(read_search, answer)
        demand_all(page["_shards"])
        return page

    async def _let_go(self, name: str, moment: str) -> None:
        try:
            body = {"pit_id": [moment]}
            await self._client.call("DELETE", "/_search/point_in_time", body, as_service=is_system(name))
        except OpenSearchException as why:
            _log.debug("a point in time is left to expire", index=name, why=why.reason)


# ── bulk lines ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _requests(operations: Sequence[WriteOperation]) -> Iterator[tuple[list[WriteOperation], bytes]]:
    """The operations as bodies of requests, each with those that it holds."""
    some: list[WriteOperation] = []
    lines: list[bytes] = []
    length = 0
    for operation in operations:
        line = _lines(operation)
        if some and length + len(line) > _LARGEST:
            yield some, b"".join(lines)
            some, lines, length = [], [], 0
        some.append(operation)
        lines.append(line)
        length += len(line)
    if some:
        yield some, b"".join(lines)


def _lines(operation: WriteOperation) -> bytes:
    options: dict[str, Any] = {"_id": operation.id}
    for name in ("routing", "if_seq_no", "if_primary_term", "version", "pipeline"):
        value = getattr(operation, name)
        if value is not None:
            options[name] = value
    if operation.version is not None:
        options["version_type"] = operation.version_type
    if operation.op == "delete":
        options.pop("pipeline", None)
    action = json.encode({operation.op: options}) + b"\n"
    if operation.source is None:
        return action
    # A line break ends a bulk line. JSON has one only between values, where a carriage return means as little; and
    # where it is an error, that is one too.
    return action + operation.source.replace(b"\n", b"\r") + b"\n"


def _outcome(operation: WriteOperation, item: JsonObject) -> WriteOutcome:
    [told] = item.values()
    if "error" in told:
        return from_json(told["error"], told["status"])
    return WriteResult(
        operation.id,
        told["result"],
        told["_version"],
        told["_seq_no"],
        told["_primary_term"],
        told.get("forced_refresh", False),
    )


def _refreshes_itself(index: IndexMetadata) -> bool:
    return not (index.setting("index.refresh_interval") or "").startswith("-")


# ── places in a scan ─────────────────────────────────────────────────────────────────────────────────────────────────


class _Place(NamedTuple):
    """Behind the document of that sequence number, in one shard of one index."""

    uuid: str
    shard: int
    seq_no: int = -1

    def __str__(self) -> str:
        return f"{self.uuid}:{self.shard}:{self.seq_no}"

    @classmethod
    def first(cls, index: IndexMetadata) -> _Place:
        return cls(index.uuid, 0)

    @classmethod
    def read(cls, text: str, index: IndexMetadata) -> _Place:
        """Raises IllegalArgumentException for what is no place in this very index."""
        found = _PLACE.fullmatch(text)
        place = cls(found[1], int(found[2]), int(found[3])) if found else None
        if place is None or place.uuid != index.uuid or place.shard >= index.number_of_shards:
            raise IllegalArgumentException(f"[{text}] is no place in a scan of [{index.name}]")
        return place


def _stored(hit: Any) -> StoredDocument:
    source = bytes(hit["_source"]) if "_source" in hit else b"{}"
    return StoredDocument(
        hit["_id"], source, hit["_version"], hit["_seq_no"], hit["_primary_term"], hit.get("_routing")
    )
