"""OpenAI's embeddings, and the default shapes."""

from __future__ import annotations

from ragstone.ml.connectors.post_process.function import Scores, VectorList, post_process_functions


@post_process_functions.register("connector.post_process.openai.embedding")
class OpenAiEmbedding(VectorList):
    path = "$.data[*].embedding"


@post_process_functions.register("connector.post_process.default.embedding")
class Embedding(VectorList):
    path = "$[*]"


@post_process_functions.register("connector.post_process.default.rerank")
class Rerank(Scores):
    path = "$[*]"
