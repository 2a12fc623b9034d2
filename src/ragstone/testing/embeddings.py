"""Embedding models without weights: the same text always gives the same vector, and texts that share words are near."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ragstone.providers.api import EmbeddingModel, ModelNotAvailable, PretrainedModel, Vectors
from ragstone.providers.embeddings.catalogue import CATALOGUE, find


class HashingModel:
    """EmbeddingModel: each word adds its own fixed pseudo-random direction; the sum has length 1."""

    def __init__(self, dimension: int = 384) -> None:
        self.dimension = dimension

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors: Vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()) or [""]:
                seed = int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest())
                vectors[row] += np.random.default_rng(seed).standard_normal(self.dimension, dtype=np.float32)
            vectors[row] /= np.linalg.norm(vectors[row])
        return vectors


class HashingRuntime:
    """EmbeddingRuntime that has a HashingModel of the right dimension for every dense model of the catalogue."""

    def catalogue(self) -> Sequence[PretrainedModel]:
        return CATALOGUE

    def locate(self, name: str) -> Path:
        self._dimension(name)
        return Path(name)

    def load(self, name: str) -> EmbeddingModel:
        return HashingModel(self._dimension(name))

    def _dimension(self, name: str) -> int:
        entry = find(name)
        if entry is None or entry.dimension is None:
            raise ModelNotAvailable(f"there is no pretrained text embedding model [{name}]")
        return entry.dimension
