"""The system indices of ML Commons, and documents in them.

An index is made when the first document is written. They are ordinary hidden indices of the engine in use, so backup,
search and both engines come for free.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from ragstone.core import json
from ragstone.core.errors import (
    OpenSearchException,
    ResourceAlreadyExistsException,
    VersionConflictEngineException,
)
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.query import parse_query
from ragstone.engine.api import Engine
from ragstone.engine.values import FetchOptions, QueryRequest, Refresh, WriteOperation, WriteResult

_TRIES = 10
"""How often a change is tried again when another one comes between reading and writing."""

_KEYWORD: JsonObject = {"type": "keyword"}
_TEXT: JsonObject = {"type": "text"}
_NAME: JsonObject = {"type": "text", "fields": {"keyword": {"type": "keyword"}}}
_ID: JsonObject = {"type": "keyword", "fields": {"keyword": {"type": "keyword"}}}
_INTEGER: JsonObject = {"type": "integer"}
_BOOLEAN: JsonObject = {"type": "boolean"}
_TIME: JsonObject = {"type": "date", "format": "strict_date_time||epoch_millis"}
# Kept, not searched: the names inside are the user's, and would clash as mapped fields.
_OPAQUE: JsonObject = {"type": "object", "enabled": False}


@dataclass(frozen=True)
class SystemIndex:
    """`mappings` names every field that searches may use; others are kept unsearched."""

    name: str
    mappings: JsonObject

    @property
    def settings(self) -> JsonObject:
        return {"index.number_of_shards": "1", "index.number_of_replicas": "0", "index.hidden": "true"}


def _index(name: str, /, **properties: JsonObject) -> SystemIndex:
    return SystemIndex(name, {"dynamic": "false", "properties": properties})


_TIMES = {"created_time": _TIME, "last_updated_time": _TIME}

CONNECTOR = SystemIndex(
    ".plugins-ml-connector",
    {
        "dynamic": "false",
        # Searchable as in OpenSearch, but neither sorted by nor aggregated: those would show the sealed values.
        "dynamic_templates": [
            {"sealed": {"path_match": "credential.*", "mapping": {"type": "keyword", "doc_values": False}}}
        ],
        "properties": {
            "name": _NAME,
            "version": _KEYWORD,
            "description": _TEXT,
            "protocol": _KEYWORD,
            "parameters": _OPAQUE,
            "credential": {"type": "object", "dynamic": "true"},
            "actions": _OPAQUE,
            "client_config": _OPAQUE,
            "provisioned_by": _KEYWORD,
            **_TIMES,
        },
    },
)
MODEL_GROUP = _index(
    ".plugins-ml-model-group",
    name=_NAME,
    latest_version=_INTEGER,
    description=_TEXT,
    access=_KEYWORD,
    **_TIMES,
)
MODEL = _index(
    ".plugins-ml-model",
    name=_NAME,
    algorithm=_KEYWORD,
    model_version=_KEYWORD,
    model_group_id=_KEYWORD,
    model_format=_KEYWORD,
    model_state=_KEYWORD,
    model_id=_KEYWORD,
    description=_TEXT,
    model_config=_OPAQUE,
    model_content_hash_value=_KEYWORD,
    model_content_size_in_bytes={"type": "long"},
    deploy_setting=_OPAQUE,
    is_enabled=_BOOLEAN,
    is_hidden=_BOOLEAN,
    rate_limiter=_OPAQUE,
    last_registered_time=_TIME,
    last_deployed_time=_TIME,
    last_undeployed_time=_TIME,
    auto_redeploy_retry_times=_INTEGER,
    chunk_number={"type": "long"},
    total_chunks={"type": "long"},
    planning_worker_node_count=_INTEGER,
    current_worker_node_count=_INTEGER,
    planning_worker_nodes=_KEYWORD,
    deploy_to_all_nodes=_BOOLEAN,
    connector_id=_ID,
    connector=_OPAQUE,
    guardrails=_OPAQUE,
    interface=_OPAQUE,
    provisioned_by=_KEYWORD,
    **_TIMES,
)
AGENT = _index(
    ".plugins-ml-agent",
    name=_NAME,
    type=_KEYWORD,
    description=_TEXT,
    llm=_OPAQUE,
    tools=_OPAQUE,
    parameters=_OPAQUE,
    memory=_OPAQUE,
    app_type=_KEYWORD,
    is_hidden=_BOOLEAN,
    **_TIMES,
)
TASK = _index(
    ".plugins-ml-task",
    model_id=_KEYWORD,
    task_type=_KEYWORD,
    function_name=_KEYWORD,
    state=_KEYWORD,
    worker_node=_KEYWORD,
    create_time=_TIME,
    last_update_time=_TIME,
    error=_TEXT,
    is_async=_BOOLEAN,
)


@dataclass(frozen=True)
class StoredDocument:
    id: str
    source: JsonObject


class SystemDocuments:
    """Documents of one system index."""

    def __init__(self, engine: Engine, index: SystemIndex) -> None:
        self._engine = engine
        self._index = index

    async def get(self, id: str) -> JsonObject | None:
        """The newest version. Raises IndexNotFoundException while nothing was ever stored."""
        found = await self._engine.get(self._index.name, id)
        return _source(found.source) if found.found and found.source is not None else None

    async def put(self, id: str, source: JsonObject, *, create: bool = False, refresh: Refresh = "true") -> WriteResult:
        """Store, and make the index if need be. Raises VersionConflictEngineException when `create` finds the id
        taken."""
        return await self._write(
            WriteOperation("create" if create else "index", id, json.encode(source)), refresh, make_index=True
        )

    async def change(
        self, id: str, change: Callable[[JsonObject], JsonObject], *, refresh: Refresh = "true"
    ) -> tuple[JsonObject, WriteResult] | None:
        """Read, change and store, as if nobody else wrote meanwhile; None when there is no such document.

        `change` may be called more than once. Raises IndexNotFoundException.
        """
        for attempt in range(_TRIES):
            found = await self._engine.get(self._index.name, id)
            if not found.found or found.source is None:
                return None
            source = change(_source(found.source))
            operation = WriteOperation(
                "index", id, json.encode(source), if_seq_no=found.seq_no, if_primary_term=found.primary_term
            )
            try:
                return source, await self._write(operation, refresh, make_index=False)
            except VersionConflictEngineException:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError("the last try returns or raises")

    async def delete(self, id: str) -> WriteResult:
        """Raises IndexNotFoundException."""
        return await self._write(WriteOperation("delete", id), "true", make_index=False)

    async def find(self, query: JsonObject, *, size: int = 10) -> list[StoredDocument]:
        """Documents matching a query clause; [] while nothing was ever stored."""
        if self._index.name not in (await self._engine.metadata()).indices:
            return []
        result = await self._engine.query(
            QueryRequest(indices=[self._index.name], queries=[parse_query(query)], size=size, track_total_hits=False)
        )
        try:
            hits = await self._engine.fetch(result, result.lists[0].hits, FetchOptions())
        finally:
            await self._engine.release(result)
        return [StoredDocument(hit.id, _source(hit.source)) for hit in hits if hit.source is not None]

    def write_response(self, result: WriteResult) -> JsonObject:
        """The body that answers an update or a delete."""
        return {
            "_index": self._index.name,
            "_id": result.id,
            "_version": result.version,
            "result": result.result,
            "forced_refresh": True,
            "_shards": {"total": 1, "successful": 1, "failed": 0},
            "_seq_no": result.seq_no,
            "_primary_term": result.primary_term,
        }

    async def _write(self, operation: WriteOperation, refresh: Refresh, *, make_index: bool) -> WriteResult:
        if make_index and self._index.name not in (await self._engine.metadata()).indices:
            with suppress(ResourceAlreadyExistsException):  # another request may be first
                await self._engine.create_index(self._index.name, self._index.settings, self._index.mappings, {})
        [outcome] = await self._engine.bulk(self._index.name, [operation], refresh=refresh)
        if isinstance(outcome, OpenSearchException):
            raise outcome
        return outcome


def _source(stored: bytes | None) -> JsonObject:
    source: JsonObject = json.decode(stored or b"{}")
    return source
