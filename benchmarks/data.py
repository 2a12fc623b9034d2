"""Data of the benchmarks, always the same for the same arguments."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

VOCABULARY = 50_000
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"


def word(rank: int) -> str:
    """A word that can be spoken; the rank is its place among all, 0 is the commonest."""
    parts, rest = [], rank * 7919 % 343_000  # so that neighbours do not look alike
    for _ in range(3):
        rest, syllable = divmod(rest, 70)
        parts.append(_CONSONANTS[syllable // 5] + _VOWELS[syllable % 5])
    return "".join(parts)


def texts(count: int, shortest: int, longest: int, seed: int) -> Iterator[str]:
    """Texts of `shortest` to `longest` words of a vocabulary of 50,000, as unevenly common as those of a language."""
    random = np.random.default_rng(seed)
    words = np.array([word(rank) for rank in range(VOCABULARY)])
    common = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    common /= common[-1]
    for start in range(0, count, 1000):
        lengths = random.integers(shortest, longest + 1, min(1000, count - start))
        drawn = words[np.searchsorted(common, random.random(int(lengths.sum())))]
        at = 0
        for length in lengths.tolist():
            yield " ".join(drawn[at : at + length].tolist())
            at += length


def questions(count: int, words: int, ranks: range, seed: int) -> list[str]:
    """Texts of different words, all of them about as common as `ranks` says."""
    random = np.random.default_rng(seed)
    return [" ".join(word(ranks[at]) for at in random.choice(len(ranks), words, False).tolist()) for _ in range(count)]


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
