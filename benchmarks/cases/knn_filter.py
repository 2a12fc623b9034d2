"""k-NN with a filter, in this process: from half of 100,000 vectors down to one in a thousand pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from benchmarks.cases._vectors import (
    COUNT,
    DIMENSION,
    Found,
    K,
    Raw,
    build,
    faiss,
    raw_graph,
    recall,
    smallest_ef,
    truth,
)
from benchmarks.measure import Row, rate, rates
from numpy.typing import NDArray


def filters(raw: Raw) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Random rows; and the half that lies farthest from one vector, which some queries sit in the middle of."""
    random = np.random.default_rng(4)
    for share in (0.5, 0.1, 0.01, 0.001):
        yield f"{share:.1%} of", np.sort(random.choice(COUNT, int(COUNT * share), replace=False))
    away = np.argsort(raw.vectors @ raw.vectors[0])[: COUNT // 2]
    yield "far half of", np.sort(away)


def exact(raw: Raw, allowed: NDArray[np.int64]) -> Found:
    def search(query: NDArray[np.float32]) -> NDArray[np.int64]:
        similarity = raw.vectors[allowed] @ query
        return allowed[np.argpartition(-similarity, K)[:K]]

    return search


def run() -> list[Row]:
    rows = []
    both = build()
    raw = both.raw
    for name, allowed in filters(raw):
        expected = truth(raw, allowed)
        flags = np.zeros(COUNT, np.bool_)
        flags[allowed] = True
        bits = np.packbits(flags, bitorder="little")
        choices: list[tuple[str, Found, float]] = [("numpy, gather and compare", exact(raw, allowed), 1.0)]
        best = smallest_ef(raw, expected, faiss.IDSelectorBitmap(bits))
        if best is not None:
            graph = raw_graph(raw, best[0], faiss.IDSelectorBitmap(bits))
            choices.append((f"faiss HNSW with a bitmap, ef {best[0]}", graph, best[1]))
        baseline_is, baseline, raw_recall = max(choices, key=lambda choice: rate(choice[1], list(raw.queries[:50])))

        def ours(query: Any, allowed: NDArray[np.int64] = allowed) -> NDArray[np.int64]:
            return both.reader.search(query, K, allowed=allowed)[0]

        our_recall = recall(ours, raw, expected)
        rows.append(
            rates(ours, baseline, list(raw.queries), count=5).row(
                f"knn filtered, {name} {COUNT // 1000}k x {DIMENSION}",
                "q/s",
                f"recall {our_recall:.3f}, raw {raw_recall:.3f}",
                f"the faster at recall 0.99: {baseline_is}",
            )
        )
    return rows
