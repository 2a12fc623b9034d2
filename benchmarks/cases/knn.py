"""k-NN in this process: 100,000 vectors of 384 numbers, default parameters, against raw faiss."""

from __future__ import annotations

import numpy as np
from benchmarks.cases._vectors import COUNT, DIMENSION, K, build, raw_graph, recall, smallest_ef, truth
from benchmarks.measure import Row, rates
from numpy.typing import NDArray


def run() -> list[Row]:
    both = build()
    raw = both.raw
    expected = truth(raw)
    best = smallest_ef(raw, expected)
    assert best is not None, "raw faiss never reaches a recall of 0.99"
    ef, raw_recall = best

    def ours(query: NDArray[np.float32]) -> NDArray[np.int64]:
        return both.reader.search(query, K)[0]

    our_recall = recall(ours, raw, expected)
    size = f"{COUNT // 1000}k x {DIMENSION}"
    searched = rates(ours, raw_graph(raw, ef), list(raw.queries)).row(
        f"knn {size}, k {K}",
        "q/s",
        f"recall {our_recall:.3f}, raw {raw_recall:.3f}",
        f"faiss HNSW m 16, the smallest ef with recall 0.99 ({ef}), one thread",
    )
    built = Row(
        f"knn {size}, from vectors to graphs",
        COUNT / both.seconds,
        COUNT / raw.seconds,
        "vectors/s",
        raw.seconds / both.seconds,
        None,
        "ours also written and synced to disk",
        "faiss HNSW m 16, ef_construction 100, one add of all, one thread",
    )
    return [searched, built]
