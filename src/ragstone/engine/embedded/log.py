"""The document log of one index: one SQLite file, the truth and the point of acknowledgement.

    rows (row, id, version, primary_term, routing, source, superseded_by)

Every operation that changes something, a delete too, appends one row; rows are numbered 1, 2, 3, ... and never
reused. The operation's sequence number is `row - 1`: one counter is enough, because both count operations. A delete's
row has no source (a tombstone). When an operation replaces an older row, that one's `superseded_by` names it; so the
newest row of an id is the one with none.

    manifest (key, value)    cluster_uuid, index_uuid; generation and checkpoint of the text index

The checkpoint says: everything up to this row is durable in the text index of this generation.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from threading import RLock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragstone.engine.embedded import sqlite
from ragstone.engine.embedded.snapshot import StoredRow
from ragstone.engine.embedded.sqlite import storage_error

FORMAT = 1
"""1: first."""
PRIMARY_TERM = 1
"""There is one copy of every shard and it is the primary, so the term never changes."""

_SCHEMA = """
CREATE TABLE rows (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL, version INTEGER NOT NULL, primary_term INTEGER NOT NULL,
    routing TEXT, source BLOB, superseded_by INTEGER
);
CREATE INDEX ids ON rows (id);
CREATE INDEX superseded ON rows (superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX tombstones ON rows (superseded_by) WHERE source IS NULL;
CREATE TABLE manifest (key TEXT PRIMARY KEY, value) WITHOUT ROWID
"""
_STORED = "row, id, source, version, row - 1, primary_term, routing"
_WITHOUT_SOURCE = _STORED.replace("source", "NULL")
_CHUNK = 512  # values in one IN list: below every SQLite's limit of variables
_INSERT = "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)"
_AT_ONCE = 50  # rows in one statement: other threads run while SQLite stores them
_INSERT_MANY = _INSERT + ", (?, ?, ?, ?, ?, ?, ?)" * (_AT_ONCE - 1)
_IDLE = 4  # reading connections kept open

LogRow = tuple[int, str, int, int, str | None, bytes | None, int | None]
"""A row to append: row, id, version, primary term, routing, source (None: tombstone), superseded_by."""


class Newest(NamedTuple):
    """The newest row of an id."""

    row: int
    version: int
    deleted: bool


class Counts(NamedTuple):
    """How many rows are live documents, replaced or deleted versions, and newest tombstones."""

    live: int
    superseded: int
    tombstones: int


class DocumentLog:
    """Any thread may read, and store a checkpoint. Whoever appends counts the rows, under the index's write lock."""

    def __init__(self, file: Path, writer: sqlite3.Connection) -> None:
        self._file = file
        self._writer = writer
        self._turn = RLock()
        """Of the writing connection: it knows one transaction at a time, whichever thread began it."""
        self._full = True
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False
        manifest = dict(writer.execute("SELECT key, value FROM manifest").fetchall())
        self.cluster_uuid: str = manifest["cluster_uuid"]
        self.index_uuid: str = manifest["index_uuid"]
        self.generation: int = manifest["generation"]
        self.checkpoint: int = manifest["checkpoint"]
        self.max_row: int = writer.execute("SELECT max(row) FROM rows").fetchone()[0] or 0

    @staticmethod
    def create(file: Path, *, cluster_uuid: str, index_uuid: str) -> None:
        """A new, empty log; durable when this returns."""

        def fill(connection: sqlite3.Connection) -> None:
            values = {"cluster_uuid": cluster_uuid, "index_uuid": index_uuid, "generation": 1, "checkpoint": 0}
            connection.executemany("INSERT INTO manifest VALUES (?, ?)", values.items())

        sqlite.create(file, FORMAT, _SCHEMA, fill)

    @classmethod
    def open(cls, file: Path) -> DocumentLog:
        """Raises StorageDamaged (missing, unreadable), IllegalStateException (a newer format)."""
        writer = sqlite.open_writer(file, FORMAT)
        try:
            return cls(file, writer)
        except (sqlite3.Error, KeyError) as error:
            writer.close()
            raise sqlite.StorageDamaged(f"[{file}] cannot be read: {error}") from error

    def close(self) -> None:
        """Move the WAL into the file and let go. Reads that are running finish; later ones fail."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()
        with self._turn:
            self._writer.close()

    # ── writing, one thread at a time ─────────────────────────────────────────────────────────────────────────────────

    def newest(self, ids: Collection[str]) -> dict[str, Newest]:
        """The newest row of each of `ids` that has one."""
        found: dict[str, Newest] = {}
        sql = "SELECT id, row, version, source IS NULL FROM rows WHERE id IN ({}) AND superseded_by IS NULL"
        with self._turn, self._translated("cannot read the document log"):
            for values, marks in _chunks(list(ids)):
                for id, row, version, deleted in self._writer.execute(sql.format(marks), values):
                    found[id] = Newest(row, version, bool(deleted))
        return found

    def append(self, rows: Sequence[LogRow], superseded: Sequence[tuple[int, int]], *, durable: bool) -> None:
        """Store rows and mark the older ones they replace (`(by, row)`), all or nothing: THE ACK POINT.

        Durable means on the disk when this returns; otherwise it is with the operating system, and survives a kill of
        the process but not of the machine. Raises IOException (500) when the disk refuses, and nothing is stored.
        """
        with self._transaction("cannot write the document log", durable=durable):
            if superseded:
                self._writer.executemany("UPDATE rows SET superseded_by = ? WHERE row = ?", superseded)
            whole = len(rows) - len(rows) % _AT_ONCE
            for start in range(0, whole, _AT_ONCE):
                values = tuple(chain.from_iterable(rows[start : start + _AT_ONCE]))
                self._writer.execute(_INSERT_MANY, values)
            self._writer.executemany(_INSERT, rows[whole:])
        self.max_row = rows[-1][0]

    def record_checkpoint(self, checkpoint: int, *, generation: int | None = None) -> None:
        """The text index of `generation` (None: the present one) holds everything up to row `checkpoint`.

        Not synced by itself: a checkpoint lost with the machine's power only means that more is replayed.
        """
        generation = self.generation if generation is None else generation
        with self._transaction("cannot store the checkpoint", durable=False):
            values = [(checkpoint, "checkpoint"), (generation, "generation")]
            self._writer.executemany("UPDATE manifest SET value = ? WHERE key = ?", values)
        self.checkpoint, self.generation = checkpoint, generation

    def sync(self) -> None:
        """Bring rows appended with `durable=False` to the disk."""
        with self._transaction("cannot sync the document log", durable=True):
            self._writer.execute("UPDATE manifest SET value = value WHERE key = 'checkpoint'")

    def purge(self, replaced_up_to: int, deleted_up_to: int, limit: int) -> int:
        """Forget at most `limit` rows nobody can ask for any more; how many it were.

        Those replaced by rows up to `replaced_up_to`, and tombstones up to row `deleted_up_to`. The highest row
        stays, because the numbering goes on from it.
        """
        with self._transaction("cannot purge the document log", durable=False):
            gone = self._writer.execute(
                "DELETE FROM rows WHERE row IN (SELECT row FROM rows WHERE superseded_by IS NOT NULL"
                " AND superseded_by <= ? LIMIT ?)",
                (replaced_up_to, limit),
            ).rowcount
            if gone < limit:
                gone += self._writer.execute(
                    "DELETE FROM rows WHERE row IN (SELECT row FROM rows WHERE source IS NULL"
                    " AND superseded_by IS NULL AND row <= ? AND row < ? LIMIT ?)",
                    (deleted_up_to, self.max_row, limit - gone),
                ).rowcount
        return gone

    # ── reading: any thread ──────────────────────────────────────────────────────────────────────────────────────────

    def get(self, id: str) -> StoredRow | None:
        """The newest version of a document, however young; None when it is deleted or never was."""
        with self._reading() as connection:
            found = connection.execute(
                f"SELECT {_STORED} FROM rows WHERE id = ? ORDER BY row DESC LIMIT 1", (id,)
            ).fetchone()
        return None if found is None or found[2] is None else StoredRow(*found)

    def rows(self, rows: Sequence[int], *, sources: bool = True) -> list[StoredRow]:
        """The versions stored under `rows`, in that order. Raises KeyError for one that is not there."""
        columns = _STORED if sources else _WITHOUT_SOURCE
        found = []
        with self._reading() as connection:
            for values, marks in _chunks(list(rows)):
                found += connection.execute(f"SELECT {columns} FROM rows WHERE row IN ({marks})", values).fetchall()
        by_row = {row[0]: row for row in found}
        return [StoredRow._make(by_row[row]) for row in rows]

    def row_of(self, id: str, as_of: int) -> int | None:
        """The row that was document `id` when `as_of` was the highest row; None when it was not there."""
        with self._reading() as connection:
            found = connection.execute(
                "SELECT row, source IS NULL FROM rows WHERE id = ? AND row <= ? ORDER BY row DESC LIMIT 1", (id, as_of)
            ).fetchone()
        return None if found is None or found[1] else int(found[0])

    def live_rows(self) -> NDArray[np.int64]:
        """All rows that are the newest, undeleted version of their document, ascending."""
        with self._reading() as connection:
            connection.execute("BEGIN")  # all three answers from one moment
            every = _numbers(connection.execute("SELECT row FROM rows INDEXED BY ids"))
            replaced = _numbers(
                connection.execute("SELECT row FROM rows INDEXED BY superseded WHERE superseded_by IS NOT NULL")
            )
            deleted = _numbers(connection.execute("SELECT row FROM rows INDEXED BY tombstones WHERE source IS NULL"))
            connection.execute("COMMIT")
        return np.setdiff1d(every, np.concatenate([replaced, deleted]))

    def scan(self, after: int, up_to: int, chunk: int) -> Iterator[list[StoredRow]]:
        """The documents with rows in (after, up_to] that were live when `up_to` was the highest row, ascending.

        In lists of at most `chunk`.
        """
        while True:
            with self._reading() as connection:
                stored = connection.execute(
                    f"SELECT {_STORED} FROM rows WHERE row > ? AND row <= ? AND source IS NOT NULL"
                    " AND (superseded_by IS NULL OR superseded_by > ?) ORDER BY row LIMIT ?",
                    (after, up_to, up_to, chunk),
                ).fetchall()
            if not stored:
                return
            yield [StoredRow(*row) for row in stored]
            after = stored[-1][0]

    def replaced_between(self, after: int, up_to: int) -> list[int]:
        """Rows that were replaced or deleted by operations in (after, up_to]."""
        with self._reading() as connection:
            found = connection.execute(
                "SELECT row FROM rows WHERE superseded_by > ? AND superseded_by <= ?", (after, up_to)
            ).fetchall()
        return [number for (number,) in found]

    def counts(self) -> Counts:
        """Counted from the indexes, without reading documents."""
        with self._reading() as connection:
            connection.execute("BEGIN")
            every = connection.execute("SELECT count(*) FROM rows INDEXED BY ids").fetchone()[0]
            superseded = connection.execute(
                "SELECT count(*) FROM rows INDEXED BY superseded WHERE superseded_by IS NOT NULL"
            ).fetchone()[0]
            tombstones = connection.execute(
                "SELECT count(*) FROM rows INDEXED BY tombstones WHERE source IS NULL AND superseded_by IS NULL"
            ).fetchone()[0]
            connection.execute("COMMIT")
        return Counts(every - superseded - tombstones, superseded, tombstones)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def _transaction(self, what: str, *, durable: bool) -> Iterator[None]:
        with self._turn, self._translated(what):
            if durable != self._full:
                self._writer.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
                self._full = durable
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise storage_error(what, error) from error

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        connection = None
        try:
            if self._closed:
                raise sqlite3.ProgrammingError("it is closed")
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = sqlite.open_reader(self._file)
            yield connection
            if self._closed or len(self._idle) >= _IDLE:
                connection.close()
            else:
                self._idle.append(connection)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, sqlite3.Error):
                raise storage_error("cannot read the document log", error) from error
            raise


def _numbers(cursor: sqlite3.Cursor) -> NDArray[np.int64]:
    return np.fromiter((row for (row,) in cursor), dtype=np.int64)


def _chunks(values: list[str] | list[int]) -> Iterator[tuple[list[str] | list[int], str]]:
    """Values in chunks, each with as many question marks; padded to powers of two, so that few statements exist."""
    for start in range(0, len(values), _CHUNK):
        part = values[start : start + _CHUNK]
        size = 1 << (len(part) - 1).bit_length()
        part.extend([part[-1]] * (size - len(part)))  # type: ignore[list-item]
        yield part, ",".join("?" * size)


__all__ = ["FORMAT", "PRIMARY_TERM", "Counts", "DocumentLog", "LogRow", "Newest"]
