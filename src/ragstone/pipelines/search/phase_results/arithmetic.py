"""The arithmetic of hybrid search: scores of one list made comparable, scores of one document made one.

Source of all formulas and constants: opensearch-project/neural-search 3.4,
`processor/normalization/*Technique.java` and `processor/combination/*Technique.java`. Their steps are in 32-bit floats,
and so are these: an array goes in and an array comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
"""Scores. Of one list: in its order. Of all: a row per document, a column per sub-query, 0 where a list lacks it."""

LEAST = np.float32(0.001)
"""What the last of a list has, so that it still counts for more than a document that is not in it."""
_ONE = np.float32(1.0)
_RRF_PLACES = Decimal(1).scaleb(-10)


@dataclass(frozen=True)
class Bound:
    """A limit of min-max normalisation, in raw scores. `apply` moves the end of the scale there, `clip` cuts."""

    score: float
    mode: Literal["apply", "clip", "ignore"] = "apply"


def min_max(scores: Floats, lower: Bound | None = None, upper: Bound | None = None) -> Floats:
    """(s - min) / (max - min), with 0.001 in place of 0; all 1.0 where no score differs from another.

    A lower bound b that applies is the minimum for scores above it (if the maximum is above it too); one that clips is
    the minimum unless the maximum is below it, and scores below it become 0.001. Upper bounds mirror that, with 1.0.
    """
    if not len(scores):
        return scores
    least, most = scores.min(), scores.max()
    if least == most:
        return np.ones_like(scores)
    low, high = np.full_like(scores, least), np.full_like(scores, most)
    if lower is not None and lower.mode == "apply" and most > lower.score:
        low[scores > np.float32(lower.score)] = lower.score
    if upper is not None and upper.mode == "apply" and least < upper.score:
        high[scores < np.float32(upper.score)] = upper.score
    if lower is not None and lower.mode == "clip" and most >= lower.score:
        low[:] = lower.score
    if upper is not None and upper.mode == "clip" and least <= upper.score:
        high[:] = upper.score
    width = high - low
    normal: Floats = np.divide(scores - low, width, out=np.ones_like(scores), where=width != 0)
    normal[(normal == 0) & (width != 0)] = LEAST
    if upper is not None and upper.mode == "clip":
        normal[scores > high] = _ONE
    if lower is not None and lower.mode == "clip":
        normal[scores < low] = LEAST
    return normal


def l2(scores: Floats) -> Floats:
    """s / sqrt(sum of s²); 0 where that root is 0."""
    norm = np.sqrt(np.sum(np.square(scores), dtype=np.float32), dtype=np.float32)
    return scores / norm if norm else np.zeros_like(scores)


def z_score(scores: Floats) -> Floats:
    """(s - mean) / sample standard deviation, at least 0.001.

    As recorded: a score that equals the mean becomes the raw maximum; where all are equal but rounding hides it, the
    raw minimum.
    """
    if not len(scores):
        return scores
    exact = scores.astype(np.float64)
    mean = np.float32(exact.mean())
    deviation = np.float32(exact.std(ddof=1)) if len(scores) > 1 else np.float32(0)
    normal = np.maximum((scores - mean) / deviation, LEAST) if deviation else np.full_like(scores, scores.min())
    normal[scores == mean] = scores.max()
    return normal


def reciprocal_ranks(count: int, rank_constant: int) -> Floats:
    """1 / (rank_constant + rank) for the ranks 1 to `count`, rounded half up to ten decimals."""
    ranks = range(1, count + 1)
    shares = [(Decimal(1) / (rank_constant + rank)).quantize(_RRF_PLACES, ROUND_HALF_UP) for rank in ranks]
    return np.array([float(share) for share in shares], np.float32)


def arithmetic_mean(scores: Floats, weights: Sequence[float]) -> Floats:
    """sum(w·s) / sum(w) over all sub-queries: one that lacks the document counts as 0."""
    total = sum((np.float32(weight) for weight in weights), np.float32(0))
    return weighted_sum(scores, weights) / total if total else np.zeros(len(scores), np.float32)


def geometric_mean(scores: Floats, weights: Sequence[float]) -> Floats:
    """exp(sum(w·ln s) / sum(w)) over the sub-queries that have the document; 0 without any."""
    logarithms = np.log(scores, out=np.zeros_like(scores), where=scores > 0)
    totals = _weights_present(scores, weights)
    means = np.divide(weighted_sum(logarithms, weights), totals, out=np.zeros_like(totals), where=totals > 0)
    return np.where(totals > 0, np.exp(means), np.float32(0))


def harmonic_mean(scores: Floats, weights: Sequence[float]) -> Floats:
    """sum(w) / sum(w / s) over the sub-queries that have the document; 0 without any."""
    inverse = np.divide(_ONE, scores, out=np.zeros_like(scores), where=scores > 0)
    totals, below = _weights_present(scores, weights), weighted_sum(inverse, weights)
    means: Floats = np.divide(totals, below, out=np.zeros_like(totals), where=below > 0)
    return means


def weighted_sum(scores: Floats, weights: Sequence[float]) -> Floats:
    """sum(w·s)"""
    total = np.zeros(len(scores), np.float32)
    for column, weight in enumerate(weights):
        total += np.float32(weight) * scores[:, column]
    return total


def _weights_present(scores: Floats, weights: Sequence[float]) -> Floats:
    return weighted_sum((scores > 0).astype(np.float32), weights)
