"""Data of the benchmarks, always the same for the same arguments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def clustered_vectors(count: int, dimension: int, seed: int, *, clusters: int = 1000) -> NDArray[np.float32]:
    """Unit vectors around centres in a space of 32 dimensions, with noise in all: as sentence embeddings lie.

    The centres are the same for every seed, so that queries (another seed) come from where the documents are.
    """
    shape, points = np.random.default_rng(1), np.random.default_rng(seed)
    basis = shape.standard_normal((32, dimension)).astype(np.float32)
    centres = shape.standard_normal((clusters, 32)).astype(np.float32)
    vectors = np.empty((count, dimension), np.float32)
    for start in range(0, count, 10_000):
        size = min(10_000, count - start)
        inner = centres[points.integers(0, clusters, size)] + 0.7 * points.standard_normal((size, 32))
        noise = points.standard_normal((size, dimension))
        vectors[start : start + size] = inner.astype(np.float32) @ basis + noise.astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors
