"""What a group of bulk calls does to an index, worked out before a byte is written.

Operations are looked at in order, each seeing those before it. One that fails leaves nothing: no row, no number, no
mapping. The rest become rows for the log and changes for the derived structures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ragstone.core.errors import OpenSearchException, RoutingMissingException
from ragstone.core.log import get_logger
from ragstone.engine.embedded.log import PRIMARY_TERM, LogRow, Newest
from ragstone.engine.embedded.versioning import conflict, next_version, version_conflict
from ragstone.engine.values import IndexMetadata, WriteOperation, WriteOutcome, WriteResult

if TYPE_CHECKING:
    from ragstone.engine.embedded.mapper.document_parser import ParsedDocument
    from ragstone.engine.embedded.mapper.service import Mapper

_log = get_logger("write_plan")


class Change(NamedTuple):
    """One row as the derived structures see it: `document` comes (None: nothing does), the row `replaced` goes."""

    row: int
    id: str
    document: ParsedDocument | None
    routing: str | None
    replaced: int | None


class WritePlan:
    """Build it with `add` for each bulk call; then `rows` and `superseded` go to the log, `changes` to the rest."""

    def __init__(self, index: IndexMetadata, mapper: Mapper, newest: Mapping[str, Newest], max_row: int) -> None:
        self._index = index
        self._newest = dict(newest)
        self._first = max_row + 1
        self.mapper = mapper
        """Grown, where documents brought new fields."""
        self.outcomes: list[list[WriteOutcome]] = []
        self.rows: list[LogRow] = []
        self.superseded: list[tuple[int, int]] = []
        """(by, row), for rows that are in the log already."""
        self.changes: list[Change] = []
        """One for each of `rows`."""
        self.documents = 0
        """How many more documents there will be."""

    def add(self, operations: Sequence[WriteOperation]) -> None:
        self.outcomes.append([self._outcome(operation) for operation in operations])

    def fail(self, error: OpenSearchException) -> None:
        """The log took none of it: every outcome that was a result becomes `error`."""
        self.outcomes = [
            [error if isinstance(outcome, WriteResult) else outcome for outcome in outcomes]
            for outcomes in self.outcomes
        ]

    def _outcome(self, operation: WriteOperation) -> WriteOutcome:
        try:
            return self._apply(operation)
        except OpenSearchException as error:
            return error
        except Exception as error:
            # A defect of ours in reading one document must not fail the others that share its commit.
            _log.exception("an operation failed unexpectedly", index=self._index.name, id=operation.id)
            failure = OpenSearchException(f"unexpected failure while writing [{operation.id}]")
            failure.__cause__ = error
            return failure

    def _apply(self, operation: WriteOperation) -> WriteResult:
        id, source = operation.id, operation.source
        if operation.routing is None and self.mapper.routing_required:
            raise RoutingMissingException(
                f"routing is required for [{self._index.name}]/[{id}]",
                metadata={"index": self._index.name, "index_uuid": "_na_"},
            )
        document = None if source is None else self.mapper.parse_document(id, source)
        current = self._newest.get(id)
        against = conflict(operation, current)
        if against is not None:
            raise version_conflict(id, against, index=self._index.name, index_uuid=self._index.uuid)
        if document is not None:
            self.mapper = document.mapper

        row = self._first + len(self.rows)
        version = next_version(operation, current)
        replaced = None
        if current is not None:
            if current.row < self._first:
                replaced = current.row
                self.superseded.append((row, replaced))
            else:
                self._supersede(current.row, row)
        self.rows.append((row, id, version, PRIMARY_TERM, operation.routing, source, None))
        self.changes.append(Change(row, id, document, operation.routing, replaced))
        self._newest[id] = Newest(row, version, source is None)
        existed = current is not None and not current.deleted
        self.documents += (source is not None) - existed
        if source is None:
            return WriteResult(id, "deleted" if existed else "not_found", version, row - 1, PRIMARY_TERM)
        return WriteResult(id, "updated" if existed else "created", version, row - 1, PRIMARY_TERM)

    def _supersede(self, earlier: int, by: int) -> None:
        """A row of this very plan is replaced: the log keeps it, the derived structures never see it."""
        at = earlier - self._first
        self.rows[at] = (*self.rows[at][:6], by)
        self.changes[at] = self.changes[at]._replace(document=None)


__all__ = ["Change", "WritePlan"]
