"""What one search sees: text, vectors and sources of one moment, immutable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol
from weakref import ref

from ragstone.dsl.source_filter import SourceFilter, filter_source

if TYPE_CHECKING:
    from ragstone.engine.embedded.mapper.service import Mapper
    from ragstone.engine.embedded.text.reader import TextReader
    from ragstone.engine.embedded.vectors.reader import VectorReader
    from ragstone.engine.values import IndexMetadata
    from ragstone.engine.visibility import Visibility


class Seen(NamedTuple):
    """The parts of a snapshot as a view shows them."""

    mapper: Mapper
    text: TextReader
    vectors: Mapping[str, VectorReader]


class StoredRow(NamedTuple):
    """One version of one document as the log holds it. `row` is the key text and vectors know it by."""

    row: int
    id: str
    source: bytes | None
    """None where the mapping says that `_source` is not kept, and where nobody asked for it."""
    version: int
    seq_no: int
    primary_term: int
    routing: str | None


class RowSource(Protocol):
    """What a snapshot needs from the log. Thread-safe."""

    def rows(self, rows: Sequence[int], *, sources: bool = True) -> list[StoredRow]: ...

    def row_of(self, id: str, as_of: int) -> int | None: ...


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Published by a refresh; every part belongs to the same moment.

    As long as anybody holds a snapshot, the sources of its rows stay readable, superseded ones too: the purge asks
    which snapshots are still alive. Letting go of the last reference is all it takes to release one.
    """

    metadata: IndexMetadata
    mapper: Mapper
    """May know fields that were mapped after the moment; they have no values here."""
    text: TextReader
    vectors: Mapping[str, VectorReader]
    """By full field name. A knn_vector field mapped since the last refresh has no entry: it has no vectors yet."""
    max_row: int
    """Every operation up to this row is in; 0 when there was none."""
    node: str
    """The node id, which shard failures name."""
    documents: int
    """How many documents were live."""
    log: RowSource
    view: Visibility | None = None
    """What of it is visible; None: all. See `visible.through`, which makes the parts above fit."""
    whole: Snapshot | None = None
    """What `view` is a view of."""
    seen: dict[Visibility, Seen] = field(default_factory=dict, init=False)
    """The parts of views that have been asked for."""

    @property
    def max_seq_no(self) -> int:
        """-1 when there was no operation."""
        return self.max_row - 1

    def rows(self, rows: Sequence[int], *, sources: bool = True) -> list[StoredRow]:
        """The stored versions of `rows`, in the order given, with as much source as the mapping shows.

        Without any when no `sources` are wanted: those with vectors are long. Blocking; thread-safe.
        """
        found = self.log.rows(rows, sources=sources)
        if not self.mapper.source.is_whole:
            found = [shown(stored, self.mapper) for stored in found]
        return found if self.view is None else [_cut(stored, self.view) for stored in found]

    def originals(self, rows: Sequence[int]) -> list[StoredRow]:
        """As `rows`, with the whole source: for reading values again, never for clients."""
        return self.log.rows(rows)

    def row_of(self, id: str) -> int | None:
        """The row that was the document `id` at this moment; None when there was none. Blocking; thread-safe."""
        return self.log.row_of(id, self.max_row)


def _cut(stored: StoredRow, view: Visibility) -> StoredRow:
    return stored if stored.source is None else stored._replace(source=view.cut(stored.source))


def shown(stored: StoredRow, mapper: Mapper) -> StoredRow:
    """A document version as clients may see it: the mapping's `_source` may keep all of it, parts or nothing.

    The log has it whole in any case, because everything derived is rebuilt from there.
    """
    kept = mapper.source
    if not kept.enabled:
        return stored._replace(source=None)
    if stored.source is None or kept.is_whole:
        return stored
    wanted = SourceFilter(includes=kept.includes, excludes=kept.excludes)
    return stored._replace(source=filter_source(stored.source, wanted))


class LiveSnapshots:
    """The snapshots of one index that somebody still holds. Thread-safe."""

    def __init__(self) -> None:
        self._snapshots: list[ref[Snapshot]] = []
        self._lock = Lock()

    def add(self, snapshot: Snapshot) -> None:
        with self._lock:
            self._snapshots = [known for known in self._snapshots if known() is not None]
            self._snapshots.append(ref(snapshot))

    def oldest(self) -> int | None:
        """The lowest `max_row` of them; None when there are none."""
        with self._lock:
            alive = [snapshot.max_row for known in self._snapshots if (snapshot := known()) is not None]
        return min(alive, default=None)


__all__ = ["LiveSnapshots", "RowSource", "Seen", "Snapshot", "StoredRow", "shown"]
