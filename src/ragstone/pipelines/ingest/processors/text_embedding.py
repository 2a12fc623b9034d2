"""`text_embedding`: vectors of texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ragstone.pipelines.ingest.processors.inference import InferenceProcessor
from ragstone.pipelines.processor import ingest_processors


@ingest_processors.register("text_embedding")
class TextEmbeddingProcessor(InferenceProcessor):
    """A vector for each text; of a list, `[{"knn": vector}, ...]`."""

    list_key: ClassVar[str] = "knn"

    async def infer(self, texts: Sequence[str]) -> list[list[float]]:
        return await self.predictor.embed(self.model_id, texts, content_type="passage")
