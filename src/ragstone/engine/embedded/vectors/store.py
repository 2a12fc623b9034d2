"""The files of a VectorIndex: graphs, one flat rest, and the manifest that says which of them count.

    manifest.json     {"format", "spec", "covered_row", "graphs": [file...], "flat": file | null}, replaced atomically
    NAME.graph        faiss's own format            NAME.keys.npz    rows, shards, lengths, nodes and hashes of it
    NAME.flat.npz     vectors in no graph yet

Every file is written under a temporary name, synced, renamed, and only then named by a manifest, with its size and
CRC-32. What no manifest names is left over and removed at the next start. Nothing here is the truth: what is damaged
is dropped, and the log gives the vectors again.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from ragstone.core import json
from ragstone.core.errors import OpenSearchException
from ragstone.core.files import sync
from ragstone.core.log import get_logger
from ragstone.engine.embedded.vectors.exact import Matrix, squared_norms
from ragstone.engine.embedded.vectors.segments import FlatPart, Rows, Shards
from ragstone.engine.embedded.vectors.spaces import Floats, SpaceType, VectorSpec

if TYPE_CHECKING:
    from ragstone.engine.embedded.vectors.hnsw import GraphPart

_FORMAT = 2
_MANIFEST = "manifest.json"
_BLOCK = 1 << 20

log = get_logger("vectors")


class StoreClosed(Exception):
    """Something was written for an index that has been closed meanwhile."""


@dataclass(frozen=True)
class StoredFile:
    """A file that a manifest names."""

    name: str
    size: int
    crc: int


@dataclass(frozen=True)
class StoredGraph:
    """`last_row` is the highest row of the graph."""

    graph: StoredFile
    keys: StoredFile
    last_row: int


@dataclass(frozen=True)
class Manifest:
    covered_row: int = -1
    graphs: tuple[StoredGraph, ...] = ()
    flat: StoredFile | None = None
    flat_last_row: int = -1


class Store:
    """One directory. Its methods may be called by the writer and by a build at the same time."""

    def __init__(self, directory: Path, spec: VectorSpec) -> None:
        self._directory = directory
        self._spec = spec
        self._lock = threading.Lock()
        self._closed = False
        self._manifest = Manifest()
        self._next_name = 0

    @property
    def covered_row(self) -> int:
        return self._manifest.covered_row

    @property
    def closed(self) -> bool:
        return self._closed

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def load(self) -> tuple[list[tuple[StoredGraph, GraphPart]], FlatPart | None]:
        """All that is persisted and whole, in the order of rows; leftovers are removed.

        Rows ascend through the parts, so from the first damaged file on everything is dropped.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        manifest = self._read_manifest()
        graphs: list[tuple[StoredGraph, GraphPart]] = []
        flat: FlatPart | None = None
        covered = -1
        for stored in manifest.graphs:
            part = self._read_graph(stored)
            if part is None:
                break
            graphs.append((stored, part))
            covered = stored.last_row
        else:
            covered = manifest.covered_row
            if manifest.flat is not None:
                flat = self._read_flat(manifest.flat)
                if flat is None:
                    covered = graphs[-1][0].last_row if graphs else -1
        kept = manifest.flat if flat is not None else None
        self._manifest = Manifest(
            covered, tuple(stored for stored, _ in graphs), kept, manifest.flat_last_row if kept else -1
        )
        self._remove_leftovers()
        return graphs, flat

    def _read_manifest(self) -> Manifest:
        path = self._directory / _MANIFEST
        try:
            body = json.decode(path.read_bytes())
            if body["format"] != _FORMAT or body["spec"] != _identity(self._spec):
                return Manifest()
            graphs = tuple(
                StoredGraph(StoredFile(**graph["graph"]), StoredFile(**graph["keys"]), graph["last_row"])
                for graph in body["graphs"]
            )
            flat = StoredFile(**body["flat"]) if body["flat"] is not None else None
            self._next_name = body["next_name"]
            return Manifest(body["covered_row"], graphs, flat, body["flat_last_row"])
        except FileNotFoundError:
            return Manifest()
        except (OpenSearchException, OSError, KeyError, TypeError) as error:
            log.warning("vector manifest dropped", path=str(path), error=repr(error))
            return Manifest()

    def _read_graph(self, stored: StoredGraph) -> GraphPart | None:
        from ragstone.engine.embedded.vectors.hnsw import GraphPart, Keys

        if not self._is_whole(stored.graph) or not self._is_whole(stored.keys):
            return None
        with np.load(self._directory / stored.keys.name) as arrays:
            node_of = arrays["node_of"]
            keys = Keys(
                arrays["rows"],
                arrays["shards"],
                arrays["lengths"],
                node_of if len(node_of) else None,
                arrays["hashes"],
                int(arrays["tuned"][0]),
                int(arrays["tuned"][1]),
            )
        return GraphPart.read(self._spec, keys, self._directory / stored.graph.name)

    def _read_flat(self, stored: StoredFile) -> FlatPart | None:
        if not self._is_whole(stored):
            return None
        with np.load(self._directory / stored.name) as arrays:
            return flat_part(self._spec, arrays["rows"], arrays["shards"], arrays["lengths"], arrays["matrix"])

    def _is_whole(self, stored: StoredFile) -> bool:
        path = self._directory / stored.name
        try:
            whole = path.stat().st_size == stored.size and _crc(path) == stored.crc
        except OSError as error:
            log.warning("vector file dropped", path=str(path), error=repr(error))
            return False
        if not whole:
            log.warning("vector file dropped", path=str(path), error="its bytes are not those that were written")
        return whole

    def _remove_leftovers(self) -> None:
        named = {_MANIFEST}
        for stored in self._manifest.graphs:
            named |= {stored.graph.name, stored.keys.name}
        if self._manifest.flat is not None:
            named.add(self._manifest.flat.name)
        for path in self._directory.iterdir():
            if path.name not in named and path.is_file():
                path.unlink(missing_ok=True)

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def write_graph(self, part: GraphPart) -> tuple[StoredGraph, GraphPart]:
        """Persist a built graph; the part that comes back reads it from disk."""
        from ragstone.engine.embedded.vectors.hnsw import GraphPart

        name = self._new_name()
        keys = part.keys
        nothing = np.empty(0, np.int32)

        def write_keys(file: BinaryIO) -> None:
            np.savez(
                file,
                rows=keys.rows,
                shards=keys.shards,
                lengths=keys.lengths,
                node_of=nothing if keys.node_of is None else keys.node_of,
                hashes=keys.hashes,
                tuned=np.array([keys.breadth, keys.tuned]),
            )

        stored = StoredGraph(
            self._write_path(f"{name}.graph", part.write),
            self._write(f"{name}.keys.npz", write_keys),
            int(keys.rows[-1]),
        )
        return stored, GraphPart.read(self._spec, keys, self._directory / stored.graph.name)

    def commit_graphs(self, graphs: Sequence[StoredGraph]) -> None:
        """From now on these graphs count, and the flat rest only if it has higher rows."""
        with self._lock:
            old = self._manifest
            last = graphs[-1].last_row if graphs else -1
            keeps_flat = old.flat_last_row > last
            self._commit(
                Manifest(
                    max(old.covered_row, last),
                    tuple(graphs),
                    old.flat if keeps_flat else None,
                    old.flat_last_row if keeps_flat else -1,
                )
            )

    def write_flat(self, part: FlatPart, covered_row: int) -> None:
        """Persist the vectors that are in no graph. With them everything up to `covered_row` is."""

        def write(file: BinaryIO) -> None:
            np.savez(file, rows=part.rows, shards=part.shards, lengths=part.lengths, matrix=part.matrix)

        stored = self._write(f"{self._new_name()}.flat.npz", write) if len(part.rows) else None
        last = int(part.rows[-1]) if len(part.rows) else -1
        with self._lock:
            self._commit(Manifest(max(covered_row, last), self._manifest.graphs, stored, last))

    def cover(self, row: int) -> None:
        """All rows up to `row` have been fed, and no vector has come since the flat rest was written."""
        with self._lock:
            if row > self._manifest.covered_row:
                self._commit(replace(self._manifest, covered_row=row))

    def close(self) -> None:
        """Refuse every later commit, so that a build that is still writing can not disturb a successor."""
        with self._lock:
            self._closed = True

    def _new_name(self) -> str:
        with self._lock:
            self._next_name += 1
            return f"{self._next_name:08d}"

    def _write(self, name: str, write: Callable[[BinaryIO], None]) -> StoredFile:
        def write_path(path: Path) -> None:
            with path.open("wb") as file:
                write(file)

        return self._write_path(name, write_path)

    def _write_path(self, name: str, write: Callable[[Path], None]) -> StoredFile:
        temporary = self._directory / f"{name}.{os.urandom(4).hex()}.tmp"
        write(temporary)
        sync(temporary)
        stored = StoredFile(name, temporary.stat().st_size, _crc(temporary))
        with self._lock:
            if self._closed:
                temporary.unlink(missing_ok=True)
                raise StoreClosed
            temporary.rename(self._directory / name)
        return stored

    def _commit(self, manifest: Manifest) -> None:
        """Replace the manifest and remove what only the old one named. The lock is held."""
        if self._closed:
            raise StoreClosed
        body: dict[str, Any] = {
            "format": _FORMAT,
            "spec": _identity(self._spec),
            "next_name": self._next_name,
            **asdict(manifest),
        }
        temporary = self._directory / f"{_MANIFEST}.{os.urandom(4).hex()}.tmp"
        with temporary.open("wb") as file:
            file.write(json.encode(body))
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self._directory / _MANIFEST)
        sync(self._directory)
        gone = _names(self._manifest) - _names(manifest)
        self._manifest = manifest
        for name in gone:  # a reader that still has it mapped keeps it
            (self._directory / name).unlink(missing_ok=True)


def flat_part(spec: VectorSpec, rows: Rows, shards: Shards, lengths: Floats, matrix: Matrix) -> FlatPart:
    """A flat part of whole arrays."""
    return FlatPart(spec, rows, shards, lengths, matrix, squared_norms(matrix) if spec.space is SpaceType.L2 else None)


def _names(manifest: Manifest) -> set[str]:
    names = {file.name for stored in manifest.graphs for file in (stored.graph, stored.keys)}
    return names if manifest.flat is None else names | {manifest.flat.name}


def _identity(spec: VectorSpec) -> dict[str, Any]:
    """What files must have been written for."""
    return {
        "dimension": spec.dimension,
        "space": spec.space.value,
        "data_type": spec.data_type,
        "m": spec.m,
        "ef_construction": spec.ef_construction,
        "shards": spec.shards,
    }


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            crc = zlib.crc32(block, crc)
    return crc
