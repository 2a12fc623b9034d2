"""An item on its way to the engine: what it asks of the engine, and what may keep it from getting there."""

from __future__ import annotations

from dataclasses import dataclass

from ragstone.core import json
from ragstone.core.errors import (
    DocumentMissingException,
    DocumentSourceMissingException,
    VersionConflictEngineException,
)
from ragstone.documents.outcome import ItemOutcome
from ragstone.dsl.bulk import BulkItem
from ragstone.dsl.search_body import SourceFilter
from ragstone.dsl.source_filter import filter_source
from ragstone.dsl.update import UpdateBody
from ragstone.engine.values import GetResult, IndexMetadata, JsonObject, WriteOperation, WriteResult


@dataclass(slots=True)
class Pending:
    """An item that is to reach the engine. `update` is set for updates; `source` then is filled by resolving it."""

    position: int
    item: BulkItem
    index: IndexMetadata
    id: str
    routing: str | None
    source: bytes | None
    update: UpdateBody | None = None
    current: GetResult | None = None
    attempts: int = 0
    pipeline: str | None = None
    """For the engine, where that keeps pipelines of its own."""


def split_into_waves(pending: list[Pending]) -> list[list[Pending]]:
    """In order. A wave ends before an update of a document that it has already touched."""
    if all(one.update is None for one in pending):
        return [pending] if pending else []
    waves: list[list[Pending]] = []
    touched: set[tuple[str, str]] = set()
    for one in pending:
        key = (one.index.name, one.id)
        if not waves or (one.update is not None and key in touched):
            waves.append([])
            touched = set()
        waves[-1].append(one)
        touched.add(key)
    return waves


def operation(pending: Pending) -> WriteOperation:
    """What the engine is asked to do. An update writes only over the very version that it has read."""
    item = pending.item
    if item.action == "delete":
        return WriteOperation(
            "delete",
            pending.id,
            None,
            pending.routing,
            item.if_seq_no,
            item.if_primary_term,
            item.version,
            item.version_type,
        )
    if pending.update is not None:
        current = pending.current
        if current is None or not current.found:
            return WriteOperation("create", pending.id, pending.source, pending.routing, pipeline=pending.pipeline)
        return WriteOperation(
            "index",
            pending.id,
            pending.source,
            pending.routing,
            current.seq_no,
            current.primary_term,
            pipeline=pending.pipeline,
        )
    return WriteOperation(
        "create" if item.action == "create" else "index",
        pending.id,
        pending.source,
        pending.routing,
        item.if_seq_no,
        item.if_primary_term,
        item.version,
        item.version_type,
        pending.pipeline,
    )


_STATUS = {"created": 201, "not_found": 404}
"""Of results; the rest is 200."""


def written(pending: Pending, result: WriteResult, copies: int) -> ItemOutcome:
    """The outcome that the engine's result stands for, in an index that asks for so many copies."""
    return ItemOutcome(
        pending.item.action,
        pending.index.name,
        pending.id,
        _STATUS.get(result.result, 200),
        result.result,
        result.version,
        result.seq_no,
        result.primary_term,
        copies,
        get=shown_source(pending, pending.source or b"{}", result.seq_no, result.primary_term)
        if pending.update is not None
        else None,
    )


def shown_source(pending: Pending, source: bytes, seq_no: int, primary_term: int) -> JsonObject | None:
    """`get` of an update's reply, when its `_source` was asked for."""
    wanted: SourceFilter | None = pending.item.source_filter
    if pending.update is not None and pending.update.source_filter is not None:
        wanted = pending.update.source_filter
    if wanted is None or not wanted.enabled:
        return None
    return {
        "_seq_no": seq_no,
        "_primary_term": primary_term,
        "found": True,
        "_source": json.Raw(filter_source(source, wanted)),
    }


def missing(pending: Pending) -> DocumentMissingException:
    """The error of an update without anything to update."""
    return DocumentMissingException(
        f"[{pending.id}]: document missing",
        metadata={"index": pending.index.name, "shard": "0", "index_uuid": pending.index.uuid},
    )


def sourceless(pending: Pending) -> DocumentSourceMissingException:
    """The error of an update whose document is kept without its source."""
    return DocumentSourceMissingException(
        f"[{pending.id}]: document source missing",
        metadata={"index": pending.index.name, "shard": "0", "index_uuid": pending.index.uuid},
    )


def seq_no_conflict(pending: Pending, current: GetResult) -> VersionConflictEngineException | None:
    """The error of an update that was meant for another version than the current one; None when it fits."""
    update = pending.update
    wanted = pending.item.if_seq_no if update is None or update.if_seq_no is None else update.if_seq_no
    term = pending.item.if_primary_term if update is None or update.if_primary_term is None else update.if_primary_term
    if wanted is None or (wanted == current.seq_no and term == current.primary_term):
        return None
    return VersionConflictEngineException(
        f"[{pending.id}]: version conflict, required seqNo [{wanted}], primary term [{term}]. current document has "
        f"seqNo [{current.seq_no}] and primary term [{current.primary_term}]",
        metadata={"index": pending.index.name, "shard": "0", "index_uuid": pending.index.uuid},
    )
