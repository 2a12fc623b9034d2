"""The shape of OpenAI's embeddings, which is also the default, and the default rerank shape."""

from __future__ import annotations

from typing import Any, ClassVar

from ragstone.ml.connectors.inputs import ModelInput
from ragstone.ml.connectors.pre_process.function import pre_process_functions, similarity_of, texts_of


@pre_process_functions.register("connector.pre_process.default.embedding", "connector.pre_process.openai.embedding")
class Embedding:
    one_call_per_text: ClassVar[bool] = False

    def parameters(self, given: ModelInput) -> dict[str, Any]:
        return {"input": list(texts_of(given))}


@pre_process_functions.register("connector.pre_process.default.rerank", "connector.pre_process.cohere.rerank")
class Rerank:
    one_call_per_text: ClassVar[bool] = False

    def parameters(self, given: ModelInput) -> dict[str, Any]:
        wanted = similarity_of(given)
        return {"query": wanted.query, "documents": list(wanted.texts), "top_n": len(wanted.texts)}
