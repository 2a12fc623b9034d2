"""Exact distances and exact nearest neighbours with numpy alone: no graph, and no faiss to load for a small index."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragstone.engine.embedded.vectors.spaces import Floats, SpaceType, VectorSpec

Positions = NDArray[np.int64]
Matrix = NDArray[Any]
"""Vectors in index form, one per row: float32, or packed uint8 for binary data."""

_CHUNK = 1 << 20
"""Components handled at once where a difference of all vectors is built: bounds the scratch memory to 4 MiB."""


def index_form(spec: VectorSpec, vector: Floats) -> Matrix:
    """A document's or query's vector(s) as they are stored and compared: unit length for cosinesimil, bits for binary.

    `vector` has shape (width,) or (n, width). A zero vector stays zero.
    """
    if spec.data_type == "binary":
        return vector.astype(np.int8).view(np.uint8)
    if spec.space is SpaceType.COSINESIMIL:
        wide = vector.astype(np.float64)
        if wide.ndim == 1:
            unit: Matrix = (wide / (math.sqrt(wide @ wide) or 1.0)).astype(np.float32)
            return unit
        norms = np.sqrt((wide * wide).sum(axis=-1, keepdims=True))
        units: Matrix = (wide / np.where(norms == 0, 1, norms)).astype(np.float32)
        return units
    return vector.astype(np.float32)


def length(spec: VectorSpec, vector: Floats) -> float:
    """What `index_form` divided a vector by, to give it back: its length for cosinesimil, else 1."""
    if spec.space is not SpaceType.COSINESIMIL:
        return 1.0
    wide = vector.astype(np.float64)
    return math.sqrt(wide @ wide)


def raw_values(space: SpaceType, matrix: Matrix, query: Matrix) -> Floats:
    """The raw value of every vector of `matrix` (index form) against one query, as float32 of shape (n,)."""
    with np.errstate(over="ignore", invalid="ignore"):
        if space.is_similarity:
            return np.asarray(matrix @ query, np.float32)
        raw = np.empty(len(matrix), np.float32)
        step = max(1, _CHUNK // max(1, matrix.shape[1]))
        for start in range(0, len(matrix), step):
            part = matrix[start : start + step]
            if space is SpaceType.HAMMING:
                raw[start : start + step] = np.bitwise_count(part ^ query).sum(axis=1)
                continue
            difference = part - query
            if space is SpaceType.L2:
                raw[start : start + step] = np.einsum("ij,ij->i", difference, difference)
            elif space is SpaceType.L1:
                raw[start : start + step] = np.abs(difference).sum(axis=1)
            else:
                raw[start : start + step] = np.abs(difference).max(axis=1)
        return raw


def squared_norms(matrix: Matrix) -> Floats:
    """|v|² of each vector: what `nearest` needs beside the vectors for l2."""
    with np.errstate(over="ignore"):
        squares: Floats = np.einsum("ij,ij->i", matrix, matrix)
    return squares


def best(space: SpaceType, raw: Floats, k: int) -> Positions:
    """Positions of the k best raw values, best first, equal ones in the order of their positions."""
    cost = -raw if space.is_similarity else raw
    if len(cost) > k:
        limit = np.partition(cost, k - 1)[k - 1]
        if np.isnan(limit):  # an overflowed value is the farthest of all
            cost, limit = np.where(np.isnan(cost), np.inf, cost), np.inf
        candidates = np.flatnonzero(cost <= limit)
        return candidates[np.argsort(cost[candidates], kind="stable")[:k]]
    return np.argsort(cost, kind="stable")


def nearest(
    space: SpaceType, matrix: Matrix, squares: Floats | None, query: Matrix, k: int, alive: NDArray[np.bool_] | None
) -> tuple[Positions, Floats]:
    """Positions and raw values of the k nearest vectors that are `alive` (None: all), best first, ties by position.

    With `squares` (see `squared_norms`) l2 costs one matrix product: |v|² - 2 v·q + |q|² chooses the candidates,
    whose distances are then taken exactly. Rounding errors of the short form are bounded (Higham: an n-term dot
    product errs by at most n·u·|v||q|), and every vector that could be among the k within them is a candidate.
    """
    if space is SpaceType.L2 and squares is not None and len(matrix) > max(64, 2 * k):
        candidates = _l2_candidates(matrix, squares, query, k, alive)
    elif alive is not None:
        candidates = np.flatnonzero(alive)
    else:
        candidates = None
    if candidates is None or 2 * len(candidates) > len(matrix):  # cheaper than to copy most of the matrix
        raw = raw_values(space, matrix, query)
        if candidates is None:
            chosen = best(space, raw, k)
            return chosen, raw[chosen]
        raw = raw[candidates]
    else:
        raw = raw_values(space, matrix[candidates], query)
    chosen = best(space, raw, k)
    return candidates[chosen], raw[chosen]


def _l2_candidates(
    matrix: Matrix, squares: Floats, query: Matrix, k: int, alive: NDArray[np.bool_] | None
) -> Positions | None:
    """Every alive vector that may be among the k nearest, ascending; None when that can not be told."""
    with np.errstate(over="ignore", invalid="ignore"):
        own = np.float32(query @ query)
        rough = squares - np.float32(2) * np.asarray(matrix @ query, np.float32) + own
        slack = np.float32(4 * (matrix.shape[1] + 4) * 2.0**-24) * (squares.max() + own)
        if alive is not None:
            rough = np.where(alive, rough, np.float32(np.inf))
        limit = np.partition(rough, k - 1)[k - 1] + slack
    if np.isfinite(limit):
        return np.flatnonzero(rough <= limit)
    return None if alive is None else np.flatnonzero(alive)
