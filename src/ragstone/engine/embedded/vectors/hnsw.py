"""Graphs: an HNSW over the distinct vectors of a part. The only importer of faiss.

A graph is searched by any number of threads and never changes: adding to an HNSW that is being searched crashes the
process. Equal vectors share a node, because they would fill each other's neighbour lists and cut the graph apart: in
a part of 200 vectors with 100 copies each, plain HNSW finds half of the nearest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import faiss as _faiss
import numpy as np
from numpy.typing import NDArray

from ragstone.engine.embedded.vectors.exact import Matrix, Positions, best, index_form, raw_values
from ragstone.engine.embedded.vectors.segments import Flags, FlatPart, Rows, Selection, Shards, flags_of
from ragstone.engine.embedded.vectors.spaces import Floats, SpaceType, VectorSpec

faiss: Any = _faiss  # its type stubs lack most of what is used here

Nodes = NDArray[np.int32]
Hashes = NDArray[np.uint64]

_METRICS = {
    SpaceType.L2: faiss.METRIC_L2,
    SpaceType.COSINESIMIL: faiss.METRIC_INNER_PRODUCT,
    SpaceType.INNERPRODUCT: faiss.METRIC_INNER_PRODUCT,
    SpaceType.L1: faiss.METRIC_L1,
    SpaceType.LINF: faiss.METRIC_Linf,
}
_LEAST_BREADTH = 16
_CHUNK_WORK = 20_000_000
"""Components times ef_construction that are added in about a tenth of a second."""
_SCANS_PER_BREADTH = 5
"""A walk of breadth ef costs about as much as 5 ef exact comparisons in a row."""
_BREADTH_PER_RANK = 2
"""What lies at rank r is found with a recall above 0.99 by a walk of breadth `tune` + 2 r. Measured for r up to 1000 on
sentence embeddings."""
_thread = threading.local()


_PAGE = 4096
"""Bytes that come into memory together, at least."""


def _calm() -> None:
    """One faiss thread per calling thread: its own threads make single queries slower on a busy machine."""
    if not getattr(_thread, "calm", False):
        faiss.omp_set_num_threads(1)
        _thread.calm = True


@dataclass(frozen=True)
class Keys:
    """What a graph's nodes stand for.

    `node_of` gives the node of each position, None when every position is its own. `hashes` has one entry per node.
    """

    rows: Rows
    shards: Shards
    lengths: Floats
    node_of: Nodes | None
    hashes: Hashes
    breadth: int
    """The ef of a search that names none: found by `tune`, when there were `tuned` nodes."""
    tuned: int


class GraphPart:
    """A part with a graph. `path` is the file it was read from."""

    def __init__(self, spec: VectorSpec, keys: Keys, index: Any, path: Path | None) -> None:
        self.spec = spec
        self.keys = keys
        self.path = path
        self.rows = keys.rows
        self.shards = keys.shards
        self.lengths = keys.lengths
        self._index = index
        self._count: int = index.ntotal
        self._storage = _storage_of(index)
        self._matrix = _matrix_of(spec, self._storage, self._count)
        if keys.node_of is not None:
            self._members = np.argsort(keys.node_of, kind="stable")
            self._starts = np.searchsorted(keys.node_of[self._members], np.arange(self._count + 1))

    @property
    def graph_size(self) -> int:
        edges: int = self._index.hnsw.neighbors.size()
        return self._matrix.nbytes + 4 * edges

    def touch(self) -> None:
        np.count_nonzero(self._matrix.reshape(-1).view(np.uint8)[::_PAGE])

    # ── search ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def select(self, positions: Positions) -> Selection:
        flags = flags_of(positions, len(self.rows))
        if self.keys.node_of is None:
            return Selection(positions, flags, positions, flags)
        node_flags = flags_of(self.keys.node_of[positions], self._count)
        return Selection(positions, flags, np.flatnonzero(node_flags), node_flags)

    def nearest(self, query: Matrix, k: int, *, ef: int | None, among: Selection | None) -> tuple[Positions, Floats]:
        if among is not None:
            nodes, raw = self._nearest_of(query, k, ef, among)
            return self._expand(nodes, raw, k, among.flags)
        wanted = min(k, self._count)
        broad = max(k, ef) if ef is not None else self.keys.breadth + _BREADTH_PER_RANK * k
        if broad * _SCANS_PER_BREADTH < self._count:
            nodes, raw = self.walk(query, wanted, broad)
            if len(nodes) == wanted:
                return self._expand(nodes, raw, k, None)
        nodes, raw = self._scan(query, wanted, None)
        return self._expand(nodes, raw, k, None)

    def _nearest_of(self, query: Matrix, k: int, ef: int | None, among: Selection) -> tuple[Positions, Floats]:
        """The k nearest nodes of a selection, by the cheaper of two ways.

        A walk ignores the selection and is taken as far as needed: at first so far that k selected nodes would be met
        if they were spread evenly, and where they are not, as far as the rank shows at which the k-th was met. When
        all that costs more than to compare with every selected node, that is done.
        """
        passing = len(among.nodes)
        wanted = min(k, passing)
        breadth = self.keys.breadth if ef is None else max(ef - _BREADTH_PER_RANK * k, _LEAST_BREADTH)
        broad = breadth + _BREADTH_PER_RANK * (3 * wanted * self._count // (2 * max(1, passing)))
        spent = 0
        while _SCANS_PER_BREADTH * (spent + broad) < passing:
            spent += broad
            nodes, raw = self.walk(query, broad, broad)
            met = np.flatnonzero(among.node_flags[nodes])[:wanted]
            if len(met) == wanted:
                needed = breadth + _BREADTH_PER_RANK * (int(met[-1]) + 1)
                if broad >= needed:
                    return nodes[met], raw[met]
                broad = needed * 6 // 5
            else:
                broad *= 4
        return self._scan(query, wanted, among)

    def raw_values(self, query: Matrix, positions: Positions | None) -> Floats:
        if self.keys.node_of is None:
            return self._raw(query, positions)
        nodes = self.keys.node_of if positions is None else self.keys.node_of[positions]
        distinct, back = np.unique(nodes, return_inverse=True)
        raw: Floats = self._raw(query, distinct.astype(np.int64))[back]
        return raw

    def vectors(self, positions: Positions) -> Matrix:
        nodes = positions if self.keys.node_of is None else self.keys.node_of[positions]
        return self.nodes(nodes)

    def nodes(self, nodes: Positions | Nodes) -> Matrix:
        """The vectors of some nodes, copied."""
        return _decoded(self.spec, self._matrix[nodes])

    def walk(self, query: Matrix, k: int, ef: int) -> tuple[Positions, Floats]:
        """The k nearest nodes the graph leads to, best first; fewer where it leads to no more."""
        _calm()
        query = np.ascontiguousarray(query)
        distances = np.empty(k, np.int32 if self.spec.data_type == "binary" else np.float32)
        nodes = np.empty(k, np.int64)
        parameters = faiss.SearchParametersHNSW(efSearch=max(ef, k))
        swig_ptr = faiss.swig_ptr  # the C++ method itself: faiss's wrapper for arrays takes as long as a short walk
        self._index.search_c(1, swig_ptr(query), k, swig_ptr(distances), swig_ptr(nodes), parameters)
        if nodes[-1] < 0:
            there = nodes >= 0
            nodes, distances = nodes[there], distances[there]
        return nodes, distances.astype(np.float32, copy=False)

    def k_th(self, queries: Matrix, k: int) -> Floats:
        """The raw value of the k-th nearest node of each query, exactly."""
        _calm()
        distances: Floats = self._storage.search(np.ascontiguousarray(queries), k)[0]
        return distances[:, -1]

    def _scan(self, query: Matrix, k: int, among: Selection | None) -> tuple[Positions, Floats]:
        """The k nearest nodes, or of a selection, exactly, best first."""
        many = among is not None and 16 * len(among.nodes) > self._count
        if among is None or not many or self.spec.data_type == "binary":
            nodes = None if among is None else among.nodes
            raw = self._raw(query, nodes)
            chosen = best(self.spec.space, raw, k)
            return (chosen if nodes is None else nodes[chosen]), raw[chosen]
        _calm()
        selector = faiss.IDSelectorBitmap(np.packbits(among.node_flags, bitorder="little"))
        parameters = faiss.SearchParameters(sel=selector)
        distances, found = self._storage.search(query[np.newaxis], k, params=parameters)
        there = found[0] >= 0
        return found[0][there], distances[0][there]

    def _raw(self, query: Matrix, nodes: Positions | None) -> Floats:
        """Exact raw values of some nodes, or of all."""
        by_ids, by_all = _KERNELS.get(self.spec.space, (None, None))
        if by_ids is None or by_all is None or self._matrix.dtype != np.float32:
            if nodes is None:
                nodes = np.arange(self._count)
            pieces = [
                raw_values(self.spec.space, self.nodes(nodes[start : start + 4096]), query)
                for start in range(0, len(nodes), 4096)
            ]
            return np.concatenate(pieces) if pieces else np.empty(0, np.float32)
        _calm()
        raw = np.empty(self._count if nodes is None else len(nodes), np.float32)
        out, left, right = faiss.swig_ptr(raw), faiss.swig_ptr(query), faiss.swig_ptr(self._matrix)
        if not len(raw):
            return raw
        if nodes is None:
            by_all(out, left, right, self.spec.width, self._count)
        else:
            ids = np.ascontiguousarray(nodes, np.int64)
            by_ids(out, left, right, faiss.swig_ptr(ids), self.spec.width, 1, len(ids))
        return raw

    def _expand(self, nodes: Positions, raw: Floats, k: int, flags: Flags | None) -> tuple[Positions, Floats]:
        """From nodes to positions: the k best, ties by position, of those that `flags` allow."""
        if self.keys.node_of is None:
            return nodes, raw
        starts, stops = self._starts[nodes], self._starts[nodes + 1]
        positions = np.concatenate(
            [self._members[start:stop] for start, stop in zip(starts, stops, strict=True)] or [nodes]
        )
        raw = np.repeat(raw, stops - starts)
        if flags is not None:
            positions, raw = positions[flags[positions]], raw[flags[positions]]
        order = np.argsort(positions, kind="stable")
        positions, raw = positions[order], raw[order]
        chosen = best(self.spec.space, raw, k)
        return positions[chosen], raw[chosen]

    # ── build, read, write ───────────────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def build(
        cls,
        spec: VectorSpec,
        base: GraphPart | None,
        more: FlatPart,
        stopped: Callable[[], bool],
    ) -> GraphPart | None:
        """A new graph of `base` (read from its file again) and further vectors; None when `stopped` said so.

        `stopped` is asked about every tenth of a second.
        """
        _calm()
        index = _new_index(spec) if base is None or base.path is None else _read(spec, base.path, mapped=False)
        known = base.keys if base is not None else _no_keys()
        node_of, hashes, first = _share_nodes(base, known.hashes, more.matrix)
        index.hnsw.efConstruction = spec.ef_construction
        if not _add(index, more.matrix[first], stopped):
            return None
        old = np.arange(len(known.rows), dtype=np.int32) if known.node_of is None else known.node_of
        together = np.concatenate((old, node_of))
        distinct = len(hashes) == len(together)
        keys = Keys(
            np.concatenate((known.rows, more.rows)),
            np.concatenate((known.shards, more.shards)),
            np.concatenate((known.lengths, more.lengths)),
            None if distinct else together,
            hashes,
            known.breadth,
            known.tuned,
        )
        part = cls(spec, keys, index, None)
        if index.ntotal >= 2 * known.tuned:
            part.keys = replace(keys, breadth=tune(part), tuned=index.ntotal)
        return None if stopped() else part

    @classmethod
    def read(cls, spec: VectorSpec, keys: Keys, path: Path) -> GraphPart:
        """A graph that stays on disk and is mapped into memory. The file is whole: the caller has checked it."""
        return cls(spec, keys, _read(spec, path, mapped=True), path)

    def write(self, path: Path) -> None:
        if self.spec.data_type == "binary":
            faiss.write_index_binary(self._index, str(path))
        else:
            faiss.write_index(self._index, str(path))


_KERNELS: dict[SpaceType, tuple[Any, Any]] = {
    SpaceType.L2: (faiss.fvec_L2sqr_by_idx, faiss.fvec_L2sqr_ny),
    SpaceType.COSINESIMIL: (faiss.fvec_inner_products_by_idx, faiss.fvec_inner_products_ny),
    SpaceType.INNERPRODUCT: (faiss.fvec_inner_products_by_idx, faiss.fvec_inner_products_ny),
}


def _no_keys() -> Keys:
    return Keys(
        np.empty(0, np.int64), np.empty(0, np.uint16), np.empty(0, np.float32), None, np.empty(0, np.uint64), 0, 0
    )


def _is_quantised(spec: VectorSpec) -> bool:
    """Bytes are kept as bytes where that loses nothing; a cosine needs unit vectors, which are none."""
    return spec.data_type == "byte" and spec.space in (SpaceType.L2, SpaceType.INNERPRODUCT)


def _new_index(spec: VectorSpec) -> Any:
    if spec.data_type == "binary":
        return faiss.IndexBinaryHNSW(spec.dimension, spec.m)
    if _is_quantised(spec):
        kind = faiss.ScalarQuantizer.QT_8bit_direct_signed
        return faiss.IndexHNSWSQ(spec.dimension, kind, spec.m, _METRICS[spec.space])
    return faiss.IndexHNSWFlat(spec.dimension, spec.m, _METRICS[spec.space])


def _read(spec: VectorSpec, path: Path, *, mapped: bool) -> Any:
    flags = faiss.IO_FLAG_MMAP_IFC if mapped else 0
    read = faiss.read_index_binary if spec.data_type == "binary" else faiss.read_index
    return read(str(path), flags)


def _storage_of(index: Any) -> Any:
    downcast = faiss.downcast_IndexBinary if isinstance(index, faiss.IndexBinary) else faiss.downcast_index
    return downcast(index.storage)


def _matrix_of(spec: VectorSpec, storage: Any, count: int) -> Matrix:
    """faiss's own memory as an array: float32, packed bits, or bytes shifted by 128."""
    if spec.data_type == "binary":
        pointer = storage.xb.data()
    elif _is_quantised(spec):
        pointer = storage.codes.data()
    else:
        pointer = storage.get_xb()
    memory: Matrix = faiss.rev_swig_ptr(pointer, count * spec.width)
    return memory.reshape(count, spec.width)


def _decoded(spec: VectorSpec, codes: Matrix) -> Matrix:
    """Index form of rows of `_matrix_of`."""
    return codes.astype(np.float32) - np.float32(128) if _is_quantised(spec) else codes


def _add(index: Any, matrix: Matrix, stopped: Callable[[], bool]) -> bool:
    """Add all, in pieces that take about a tenth of a second each; False when stopped."""
    size = min(4096, max(8, _CHUNK_WORK // (matrix.shape[1] * index.hnsw.efConstruction)))
    for start in range(0, len(matrix), size):
        if stopped():
            return False
        index.add(np.ascontiguousarray(matrix[start : start + size]))
    return True


# ── how broadly to search ────────────────────────────────────────────────────────────────────────────────────────────

_TRIED = (32, 40, 48, 56, 64, 80, 96, 128, 192, 256, 384, 512)
_SAMPLE = 128
_RECALL = 0.99


def tune(part: GraphPart) -> int:
    """An ef that, with 2 k more, keeps recall above 0.99: half as much again as the smallest that does for a sample.

    A sample query is three parts one stored vector and one part another, because stored vectors themselves are found
    too easily. The half covers queries that lie farther off. For 30,000 sentence embeddings the result is 72.
    """
    count = len(part.keys.hashes)
    random = np.random.default_rng(count)
    near, far = (part.nodes(random.integers(0, count, _SAMPLE)) for _ in range(2))
    queries = _mixed(part.spec, near, far, random)
    k = min(10, count)
    limits = part.k_th(queries, k)
    better = -1 if part.spec.space.is_similarity else 1
    for ef in _TRIED:
        hits = 0
        for query, limit in zip(queries, limits, strict=True):
            raw = part.walk(query, k, ef)[1]
            hits += int((better * raw <= better * limit + 1e-6 * abs(limit)).sum())
        if hits >= _RECALL * k * _SAMPLE:
            return ef * 3 // 2
    return _TRIED[-1] * 3 // 2


def _mixed(spec: VectorSpec, near: Matrix, far: Matrix, random: np.random.Generator) -> Matrix:
    if spec.data_type == "binary":
        chosen = random.integers(0, 256, near.shape, np.uint8) & random.integers(0, 256, near.shape, np.uint8)
        flipped: Matrix = (near & ~chosen) | (far & chosen)
        return flipped
    mixed: Matrix = np.float32(0.75) * near + np.float32(0.25) * far
    return mixed if spec.data_type == "byte" else index_form(spec, mixed)


# ── equal vectors ────────────────────────────────────────────────────────────────────────────────────────────────────


def hash_vectors(matrix: Matrix) -> Hashes:
    """A 64-bit hash of each row's bytes: a sum of 32-bit words times fixed random odd numbers (multilinear hashing)."""
    data = np.ascontiguousarray(matrix).view(np.uint8).reshape(len(matrix), -1)
    padding = -data.shape[1] % 4
    if padding:
        data = np.pad(data, ((0, 0), (0, padding)))
    words = np.ascontiguousarray(data).view(np.uint32)
    factors = np.random.default_rng(20_240_229).integers(0, 2**63, words.shape[1], np.uint64) * np.uint64(
        2
    ) + np.uint64(1)
    hashes = np.empty(len(words), np.uint64)
    for start in range(0, len(words), 1024):
        hashes[start : start + 1024] = (words[start : start + 1024] * factors).sum(axis=1, dtype=np.uint64)
    return hashes


def _share_nodes(base: GraphPart | None, known: Hashes, matrix: Matrix) -> tuple[Nodes, Hashes, Positions]:
    """Nodes for new vectors: that of an equal one in `base` or before it, or a new one.

    Returns the node of each vector, the hashes of all nodes, and which vectors become new nodes, in their order.
    Vectors with equal hashes are compared; ones that differ after all get nodes of their own.
    """
    hashes = hash_vectors(matrix)
    _, first, group = np.unique(hashes, return_index=True, return_inverse=True)
    leader = first[group]
    node_of = np.full(len(matrix), -1, np.int64)
    if base is not None and len(known):
        order = np.argsort(known)
        places = np.minimum(np.searchsorted(known, hashes, sorter=order), len(known) - 1)
        candidates = order[places]
        hit = np.flatnonzero(known[candidates] == hashes)
        same = (base.nodes(candidates[hit]) == matrix[hit]).all(axis=1)
        node_of[hit[same]] = candidates[hit[same]]
    own = leader == np.arange(len(matrix))
    following = np.flatnonzero(~own & (node_of < 0))
    differs = (matrix[following] != matrix[leader[following]]).any(axis=1)
    own[following[differs]] = True
    new = np.flatnonzero(own & (node_of < 0))
    node_of[new] = len(known) + np.arange(len(new))
    rest = np.flatnonzero(node_of < 0)
    node_of[rest] = node_of[leader[rest]]
    return node_of.astype(np.int32), np.concatenate((known, hashes[new])), new
