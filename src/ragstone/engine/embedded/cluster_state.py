"""Cluster state in one SQLite file: index metadata, aliases, records, and who this node is.

Every change is one durable transaction; readers get the immutable picture kept in memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import RLock
from types import MappingProxyType

from ragstone.core import json
from ragstone.core.errors import IndexNotFoundException, VersionConflictEngineException
from ragstone.core.files import sync
from ragstone.core.ids import IdGenerator
from ragstone.engine.embedded import sqlite
from ragstone.engine.values import IndexMetadata, JsonObject, Metadata, Record

FORMAT = 1
"""1: first."""

_SCHEMA = """
CREATE TABLE node (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE indices (
    uuid TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, settings TEXT NOT NULL, mappings TEXT NOT NULL,
    aliases TEXT NOT NULL, creation_date INTEGER NOT NULL, open INTEGER NOT NULL, version INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE records (
    kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT, version INTEGER NOT NULL, PRIMARY KEY (kind, name)
) WITHOUT ROWID
"""


class ClusterState:
    """Blocking; safe to call from many threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = RLock()
        node = dict(connection.execute("SELECT key, value FROM node").fetchall())
        self.node_id: str = node["node_id"]
        self.cluster_uuid: str = node["cluster_uuid"]
        self._metadata = self._picture({m.name: m for m in self._load()})
        self._records: dict[tuple[str, str], tuple[str, int]] = {
            (kind, name): (value, version)
            for kind, name, value, version in connection.execute(
                "SELECT kind, name, value, version FROM records WHERE value IS NOT NULL"
            )
        }
        """Encoded value and version of every record there is."""

    @classmethod
    def open(cls, file: Path, ids: IdGenerator) -> ClusterState:
        """Opens the file, or makes a new cluster when there is none.

        Raises StorageDamaged, IllegalStateException (a newer format).
        """
        if not file.exists():
            # Under another name first: a crash half way must not look like a damaged file.
            fresh = file.with_suffix(".new")
            for leftover in file.parent.glob(fresh.name + "*"):
                leftover.unlink()
            identity = {"node_id": ids.uuid22(), "cluster_uuid": ids.uuid22()}
            sqlite.create(
                fresh, FORMAT, _SCHEMA, lambda c: c.executemany("INSERT INTO node VALUES (?, ?)", identity.items())
            )
            fresh.rename(file)
            sync(file.parent)
        connection = sqlite.open_writer(file, FORMAT)
        try:
            return cls(connection)
        except (sqlite3.Error, KeyError) as error:
            connection.close()
            raise sqlite.StorageDamaged(f"[{file}] cannot be read: {error}") from error

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    # ── indices ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def metadata(self) -> Metadata:
        """The picture of this moment; never changes afterwards."""
        return self._metadata

    def add_index(self, index: IndexMetadata) -> None:
        """The caller has checked, inside `changing`, that the name is free."""
        with self.changing(), self._transaction():
            self._store(index)
            self._metadata = self._picture({**self._metadata.indices, index.name: index})

    def remove_index(self, name: str) -> None:
        with self.changing(), self._transaction():
            self._connection.execute("DELETE FROM indices WHERE uuid = ?", (self._metadata.indices[name].uuid,))
            self._metadata = self._picture({n: m for n, m in self._metadata.indices.items() if n != name})

    def change_indices(self, changes: Mapping[str, Callable[[IndexMetadata], IndexMetadata]]) -> None:
        """Apply a change to each named index, all or none; `version` grows where something did change.

        Raises IndexNotFoundException.
        """
        with self.changing(), self._transaction():
            indices = dict(self._metadata.indices)
            for name, change in changes.items():
                if name not in indices:
                    raise IndexNotFoundException(name)
                changed = change(indices[name])
                if changed != indices[name]:
                    indices[name] = replace(changed, version=changed.version + 1)
                    self._store(indices[name])
            self._metadata = self._picture(indices)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keeps everybody else from changing the state: for a look followed by a change. Re-entrant."""
        with self._lock:
            yield

    # ── records ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def get_record(self, kind: str, name: str) -> Record | None:
        """From memory: waits for nobody."""
        found = self._records.get((kind, name))
        return None if found is None else Record(kind, name, json.decode(found[0]), found[1])

    def list_records(self, kind: str) -> list[Record]:
        with self._lock:
            found = self._connection.execute(
                "SELECT name, value, version FROM records WHERE kind = ? AND value IS NOT NULL ORDER BY name", (kind,)
            ).fetchall()
        return [Record(kind, name, json.decode(value), version) for name, value, version in found]

    def put_record(self, kind: str, name: str, value: JsonObject, if_version: int | None) -> Record:
        """Raises VersionConflictEngineException when `if_version` (0: must be free) is not what is there."""
        encoded = json.encode(value).decode()
        with self.changing():
            version = self._demand(kind, name, if_version) + 1
            with self._transaction():
                self._connection.execute("REPLACE INTO records VALUES (?, ?, ?, ?)", (kind, name, encoded, version))
            self._records[kind, name] = encoded, version
        return Record(kind, name, json.decode(encoded), version)

    def delete_record(self, kind: str, name: str, if_version: int | None) -> bool:
        """The version stays behind, so that a later record of this name goes on counting."""
        with self.changing():
            self._demand(kind, name, if_version)
            with self._transaction():
                changed = self._connection.execute(
                    "UPDATE records SET value = NULL, version = version + 1"
                    " WHERE kind = ? AND name = ? AND value IS NOT NULL",
                    (kind, name),
                )
            self._records.pop((kind, name), None)
        return changed.rowcount == 1

    def _record(self, kind: str, name: str) -> tuple[str | None, int]:
        with self._lock:
            found = self._connection.execute(
                "SELECT value, version FROM records WHERE kind = ? AND name = ?", (kind, name)
            ).fetchone()
        return found or (None, 0)

    def _demand(self, kind: str, name: str, if_version: int | None) -> int:
        """The last version of a name, whatever became of it, if it meets the demand."""
        value, version = self._record(kind, name)
        present = 0 if value is None else version
        if if_version is not None and if_version != present:
            why = f"current version [{present}] is different than the one provided [{if_version}]"
            raise VersionConflictEngineException(f"[{name}]: version conflict, {why}")
        return version

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _picture(self, indices: dict[str, IndexMetadata]) -> Metadata:
        return Metadata(self.cluster_uuid, MappingProxyType(dict(sorted(indices.items()))))

    def _load(self) -> Iterator[IndexMetadata]:
        for uuid, name, settings, mappings, aliases, creation_date, is_open, version in self._connection.execute(
            "SELECT uuid, name, settings, mappings, aliases, creation_date, open, version FROM indices"
        ):
            yield IndexMetadata(
                name=name,
                uuid=uuid,
                settings=json.decode(settings),
                mappings=json.decode(mappings),
                aliases=json.decode(aliases),
                creation_date=creation_date,
                open=bool(is_open),
                version=version,
            )

    def _store(self, index: IndexMetadata) -> None:
        documents = [json.encode(dict(part)).decode() for part in (index.settings, index.mappings, index.aliases)]
        self._connection.execute(
            "REPLACE INTO indices VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (index.uuid, index.name, *documents, index.creation_date, index.open, index.version),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        before = self._metadata
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._metadata = before
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise sqlite.storage_error("cannot write the cluster state", error) from error


__all__ = ["FORMAT", "ClusterState"]
