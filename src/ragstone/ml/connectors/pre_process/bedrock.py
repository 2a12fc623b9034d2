"""Amazon Bedrock's embeddings (Titan) and rerank."""

from __future__ import annotations

from typing import Any, ClassVar

from ragstone.ml.connectors.inputs import ModelInput
from ragstone.ml.connectors.pre_process.function import pre_process_functions, similarity_of, texts_of


@pre_process_functions.register("connector.pre_process.bedrock.embedding")
class Embedding:
    one_call_per_text: ClassVar[bool] = True

    def parameters(self, given: ModelInput) -> dict[str, Any]:
        return {"inputText": texts_of(given)[0]}


@pre_process_functions.register("connector.pre_process.bedrock.multimodal_embedding")
class MultimodalEmbedding:
    """The first text is the text, the second, if any, the image."""

    one_call_per_text: ClassVar[bool] = False

    def parameters(self, given: ModelInput) -> dict[str, Any]:
        texts = texts_of(given)
        return {"inputText": texts[0], **({"inputImage": texts[1]} if len(texts) > 1 else {})}


@pre_process_functions.register("connector.pre_process.bedrock.rerank")
class Rerank:
    one_call_per_text: ClassVar[bool] = False

    def parameters(self, given: ModelInput) -> dict[str, Any]:
        wanted = similarity_of(given)
        return {
            "queries": [{"textQuery": {"text": wanted.query}, "type": "TEXT"}],
            "sources": [
                {"inlineDocumentSource": {"textDocument": {"text": text}, "type": "TEXT"}, "type": "INLINE"}
                for text in wanted.texts
            ],
            "numberOfResults": len(wanted.texts),
        }
