"""`sparse_encoding`: texts as weighted words, for fields of type `rank_features`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.processors.inference import InferenceProcessor
from ragstone.pipelines.processor import ProcessorServices, ingest_processors
from ragstone.pipelines.pruning import Pruning, read_pruning


@ingest_processors.register("sparse_encoding")
@dataclass(frozen=True)
class SparseEncodingProcessor(InferenceProcessor):
    """`{token: weight}` for each text, less what pruning takes; of a list, `[{"sparse_encoding": {...}}, ...]`."""

    list_key: ClassVar[str] = "sparse_encoding"

    pruning: Pruning | None

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        kind = config.optional_string("prune_type")
        if kind is None and config.has("prune_ratio"):
            raise IllegalArgumentException("prune_ratio field is not supported when prune_type is not provided")
        ratio = config.number("prune_ratio") if kind not in (None, "none") else None
        return cls(**cls.shared_options(config, services), pruning=read_pruning(kind, ratio))

    async def infer(self, texts: Sequence[str]) -> list[dict[str, float]]:
        found = await self.predictor.embed_sparse(self.model_id, texts)
        return [tokens if self.pruning is None else self.pruning.kept(tokens) for tokens in found]
