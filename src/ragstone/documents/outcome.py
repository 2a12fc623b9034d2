"""What became of the items of a write request."""

from __future__ import annotations

from dataclasses import dataclass

from ragstone.core.errors import OpenSearchException
from ragstone.engine.values import JsonObject


@dataclass(slots=True)
class ItemOutcome:
    """What became of one item. `error` set means that it failed; else `result` is created, updated, deleted,
    not_found or noop."""

    action: str
    index: str
    id: str
    status: int = 200
    result: str = ""
    version: int = 0
    seq_no: int | None = None
    primary_term: int | None = None
    copies: int = 0
    """How many copies the index asks for; 0 when nothing was written (a noop in a bulk request counts as written)."""
    forced_refresh: bool = False
    get: JsonObject | None = None
    error: OpenSearchException | None = None

    def to_json(self) -> JsonObject:
        """The members that a write reply and a bulk item share, in OpenSearch's order."""
        body: JsonObject = {
            "_index": self.index,
            "_id": self.id,
            "_version": self.version,
            "result": self.result,
        }
        if self.forced_refresh:
            body["forced_refresh"] = True
        body["_shards"] = {"total": self.copies, "successful": min(self.copies, 1), "failed": 0}
        if self.seq_no is not None:
            body["_seq_no"] = self.seq_no
            body["_primary_term"] = self.primary_term
        if self.get is not None:
            body["get"] = self.get
        return body


@dataclass
class BulkOutcome:
    """One outcome per item, in the order of the request. `ingest_took` in ms when a pipeline ran."""

    items: list[ItemOutcome]
    took: int
    ingest_took: int | None
