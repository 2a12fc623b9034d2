"""What the k-NN cases share: the same vectors in our index and in raw faiss, and the exact answers."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss as _faiss
import numpy as np
from benchmarks.data import clustered_vectors
from benchmarks.measure import shared_folder
from numpy.typing import NDArray

from ragstone.engine.embedded.analysis.registry import Analyzers
from ragstone.engine.embedded.mapper.knn_vector import KnnVectorField
from ragstone.engine.embedded.mapper.parameter import MappingContext
from ragstone.engine.embedded.mapper.settings import IndexSettings
from ragstone.engine.embedded.vectors.index import VectorIndex
from ragstone.engine.embedded.vectors.reader import VectorReader

faiss: Any = _faiss
COUNT, DIMENSION, QUERIES, K = 100_000, 384, 300, 10
EFS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024)
Found = Callable[[NDArray[np.float32]], NDArray[np.int64]]


@dataclass(frozen=True)
class Raw:
    """`seconds`: from the first vector to the finished graph, one thread."""

    vectors: NDArray[np.float32]
    queries: NDArray[np.float32]
    graph: Any
    seconds: float


@dataclass(frozen=True)
class Both:
    """`seconds`: ours from the first vector to the last graph, one thread."""

    raw: Raw
    reader: VectorReader
    seconds: float


def build_raw() -> Raw:
    """Built by the first case of a run that asks, read from the disk by the others."""
    vectors = clustered_vectors(COUNT, DIMENSION, seed=2)
    queries = clustered_vectors(QUERIES, DIMENSION, seed=3)
    faiss.omp_set_num_threads(1)
    folder = shared_folder() / "raw"
    seconds = _seconds(folder)
    if seconds is None:
        began = time.perf_counter()
        graph = faiss.IndexHNSWFlat(DIMENSION, 16, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = 100
        graph.add(vectors)
        seconds = time.perf_counter() - began
        faiss.write_index(graph, str(folder / "graph"))
        _finish(folder, seconds)
    return Raw(vectors, queries, faiss.read_index(str(folder / "graph")), seconds)


def build() -> Both:
    """Both, each built by the first case of a run that asks."""
    raw = build_raw()
    folder = shared_folder() / "ours"
    seconds = _seconds(folder)
    if seconds is None:
        began = time.perf_counter()
        index = _open(folder)
        for row, vector in enumerate(raw.vectors):
            index.add(row, vector)
        index.publish()
        while not index.is_settled:
            index.wait_for_build(600)
            index.publish()
        seconds = time.perf_counter() - began
        index.close()
        _finish(folder, seconds)
    return Both(raw, _open(folder).publish(), seconds)


def _open(folder: Path) -> VectorIndex:
    context = MappingContext(IndexSettings({"index.knn": "true"}), Analyzers({}))
    field = KnnVectorField.from_mapping(
        "v", {"type": "knn_vector", "dimension": DIMENSION, "space_type": "cosinesimil"}, context
    )
    return VectorIndex.open(folder, field, lambda rows: rows >= 0)


def _seconds(folder: Path) -> float | None:
    """How long what lies in `folder` took to build. None, and an empty folder, when it is not there or not finished."""
    finished = folder / "seconds"
    if finished.is_file():
        return float(finished.read_text())
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return None


def _finish(folder: Path, seconds: float) -> None:
    (folder / "seconds").write_text(str(seconds))


def truth(raw: Raw, allowed: NDArray[np.int64] | None = None) -> list[set[int]]:
    """The K nearest rows of each query, by comparing with all."""
    rows = np.arange(COUNT) if allowed is None else allowed
    similarity = raw.queries @ raw.vectors[rows].T
    return [set(rows[np.argsort(-line)[:K]].tolist()) for line in similarity]


def recall(found: Found, raw: Raw, expected: Sequence[set[int]]) -> float:
    hits = sum(len(set(found(query).tolist()) & nearest) for query, nearest in zip(raw.queries, expected, strict=True))
    return hits / sum(map(len, expected))


def raw_graph(raw: Raw, ef: int, selector: Any = None) -> Found:
    """A search of raw faiss."""
    parameters = faiss.SearchParametersHNSW(efSearch=ef)
    if selector is not None:
        parameters.sel = selector

    def search(query: NDArray[np.float32]) -> NDArray[np.int64]:
        rows: NDArray[np.int64] = raw.graph.search(query[np.newaxis], K, params=parameters)[1][0]
        return rows

    return search


def smallest_ef(raw: Raw, expected: Sequence[set[int]], selector: Any = None) -> tuple[int, float] | None:
    """The smallest ef of raw faiss with a recall of 0.99, and the recall; None when none does."""
    for ef in EFS:
        reached = recall(raw_graph(raw, ef, selector), raw, expected)
        if reached >= 0.99:
            return ef, reached
    return None
