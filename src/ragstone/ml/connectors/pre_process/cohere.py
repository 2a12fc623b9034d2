"""Cohere's embeddings. Its rerank shape is the default one."""

from __future__ import annotations

from typing import Any, ClassVar

from ragstone.core.errors import IllegalArgumentException
from ragstone.ml.connectors.inputs import ModelInput
from ragstone.ml.connectors.pre_process.function import pre_process_functions, texts_of


@pre_process_functions.register("connector.pre_process.cohere.embedding")
class Embedding:
    one_call_per_text: ClassVar[bool] = False

    def parameters(self, given: ModelInput) -> dict[str, Any]:
        return {"texts": list(texts_of(given))}


@pre_process_functions.register("connector.pre_process.cohere.multimodal_embedding")
class MultimodalEmbedding:
    one_call_per_text: ClassVar[bool] = False

    def parameters(self, given: ModelInput) -> dict[str, Any]:
        images = list(texts_of(given))
        if not images:
            raise IllegalArgumentException("No image provided")
        return {"images": images}
