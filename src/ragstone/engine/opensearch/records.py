"""RecordStore as documents of one hidden index, for any number of gateways.

A document per record, changed only at the sequence number it was read at. A deleted record stays as a tombstone, which
keeps its version from being used again. Every write makes one version grow by one, so the sum of all versions tells
whether anything has changed since the last look; the highest sequence number would not, because a refresh may show a
write before an earlier one that is still on its way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from ragstone.core import json
from ragstone.core.clock import Clock
from ragstone.core.errors import (
    IndexNotFoundException,
    ResourceAlreadyExistsException,
    VersionConflictEngineException,
)
from ragstone.core.ids import IdGenerator
from ragstone.engine.opensearch.cached import Cached
from ragstone.engine.opensearch.client import ClusterClient
from ragstone.engine.opensearch.errors import error_of
from ragstone.engine.opensearch.names import RECORDS, UNTOUCHED
from ragstone.engine.values import JsonObject, Record

_DEFINITION: JsonObject = {
    "settings": {
        "index.hidden": "true",
        "index.number_of_shards": "1",
        "index.auto_expand_replicas": "0-1",
        # Each write refreshes, so that the next look of another gateway finds it.
        "index.refresh_interval": "-1",
        **UNTOUCHED,
    },
    "mappings": {
        "dynamic": "false",
        "properties": {
            "kind": {"type": "keyword"},
            "name": {"type": "keyword", "ignore_above": 8191},
            "version": {"type": "long"},
            "deleted": {"type": "boolean"},
            "written": {"type": "keyword", "index": False, "doc_values": False},
            "value": {"type": "object", "enabled": False},
        },
    },
}
_PAGE = 1_000
_TRIES = 20
"""How often an unconditional write is tried again when another gateway comes between reading and writing."""


@dataclass(frozen=True)
class _Kept:
    """A record or its tombstone as it is in the cluster. Version 0 is none at all."""

    version: int = 0
    value: JsonObject | None = None
    seq_no: int = 0
    primary_term: int = 0
    written: str = ""
    """Which write made it."""


@dataclass(frozen=True)
class _Picture:
    by_kind: Mapping[str, Mapping[str, Record]]
    """Names in order."""
    versions: int
    """The sum of all, those of tombstones included."""


class Records:
    """See `RecordStore`. Everything is done with the gateway's rights."""

    def __init__(self, client: ClusterClient, clock: Clock, ids: IdGenerator) -> None:
        self._client = client
        self._ids = ids
        self._picture = Cached(self._read_all, clock)

    async def get_record(self, kind: str, name: str) -> Record | None:
        return (await self._picture.get()).by_kind.get(kind, {}).get(name)

    async def list_records(self, kind: str) -> list[Record]:
        return list((await self._picture.get()).by_kind.get(kind, {}).values())

    async def put_record(self, kind: str, name: str, value: JsonObject, if_version: int | None) -> Record:
        kept = await self._write(kind, name, value, if_version)
        assert kept is not None, "only a delete may find nothing to do"
        return Record(kind, name, value, kept.version)

    async def delete_record(self, kind: str, name: str, if_version: int | None) -> bool:
        return await self._write(kind, name, None, if_version) is not None

    async def close(self) -> None:
        await self._picture.close()

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _write(self, kind: str, name: str, value: JsonObject | None, if_version: int | None) -> _Kept | None:
        """Store the next version; None when there is nothing to delete."""
        try:
            for attempt in range(_TRIES):
                kept = await self._read(kind, name)
                current = 0 if kept.value is None else kept.version
                if if_version is not None and if_version != current:
                    raise VersionConflictEngineException(
                        f"[{name}]: version conflict, current version [{current}] is different than the one provided "
                        f"[{if_version}]"
                    )
                if value is None and not current:
                    return None
                try:
                    return await self._store(kind, name, value, kept)
                except VersionConflictEngineException:
                    # Whoever demanded a version is told in the next round, with the version that is there now.
                    if attempt == _TRIES - 1:
                        raise
        finally:
            self._picture.forget()  # after a conflict too: whoever tries again must see what was in the way
        raise AssertionError("the last try returns or raises")

    async def _read(self, kind: str, name: str) -> _Kept:
        """What is there at this moment; makes the index where there is none."""
        answer = await self._client.ask("GET", _target(kind, name), as_service=True)
        body = json.decode(answer.body) if answer.status in (200, 404) else {}
        if body.get("found") is False:
            return _Kept()
        if answer.status == 404:
            await self._make_index()
            return _Kept()
        if answer.status >= 400:
            raise error_of(answer)
        source = body["_source"]
        value = None if source["deleted"] else source["value"]
        return _Kept(source["version"], value, body["_seq_no"], body["_primary_term"], source["written"])

    async def _store(self, kind: str, name: str, value: JsonObject | None, before: _Kept) -> _Kept:
        written = self._ids.uuid22()
        document: JsonObject = {
            "kind": kind,
            "name": name,
            "version": before.version + 1,
            "deleted": value is None,
            "written": written,
        }
        if value is not None:
            document["value"] = value
        unchanged = f"if_seq_no={before.seq_no}&if_primary_term={before.primary_term}"
        demand = unchanged if before.version else "op_type=create"
        answer = await self._client.ask(
            "PUT",
            f"{_target(kind, name)}?refresh=true&pipeline=_none&{demand}",
            json.encode(document),
            as_service=True,
            repeatable=True,
        )
        if answer.status == 409:
            # Where the first answer was lost on its way, the second says that something is there: what we wrote.
            found = await self._read(kind, name)
            if found.written == written:
                return found
        if answer.status >= 400:
            raise error_of(answer)
        return _Kept(before.version + 1, value, written=written)

    async def _make_index(self) -> None:
        try:
            await self._client.call("PUT", f"/{RECORDS}", _DEFINITION, as_service=True)
        except ResourceAlreadyExistsException:
            # Another gateway is making it just now.
            health = f"/_cluster/health/{RECORDS}?wait_for_status=yellow&timeout=30s"
            await self._client.call("GET", health, as_service=True)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _read_all(self, before: _Picture | None) -> _Picture:
        try:
            if before is not None and await self._versions() == before.versions:
                return before
            found: dict[str, dict[str, Record]] = {}
            versions = 0
            for source in await self._sources():
                versions += source["version"]
                if not source["deleted"]:
                    record = Record(source["kind"], source["name"], source["value"], source["version"])
                    found.setdefault(record.kind, {})[record.name] = record
        except IndexNotFoundException:
            return _Picture({}, 0)
        by_kind = {
            kind: {record.name: record for record in sorted(records.values(), key=attrgetter("name"))}
            for kind, records in found.items()
        }
        return _Picture(by_kind, versions)

    async def _versions(self) -> int:
        body = {"size": 0, "track_total_hits": False, "aggregations": {"versions": {"sum": {"field": "version"}}}}
        answer = await self._search(body)
        return int(answer["aggregations"]["versions"]["value"])

    async def _sources(self) -> list[JsonObject]:
        """Of all documents. One that is changed meanwhile comes again, as the last of its name."""
        found: list[JsonObject] = []
        after: list[int] = [-1]
        while True:
            body = {"size": _PAGE, "sort": [{"_seq_no": "asc"}], "search_after": after, "track_total_hits": False}
            hits = (await self._search(body))["hits"]["hits"]
            found += [hit["_source"] for hit in hits]
            if len(hits) < _PAGE:
                return found
            after = hits[-1]["sort"]

    async def _search(self, body: JsonObject) -> Any:
        target = f"/{RECORDS}/_search?allow_partial_search_results=false&search_pipeline=_none"
        return await self._client.call("POST", target, body, as_service=True)


def _target(kind: str, name: str) -> str:
    """Names are as long as their users like; an id has at most 512 bytes."""
    return f"/{RECORDS}/_doc/{kind}-{hashlib.sha256(name.encode()).hexdigest()}"
