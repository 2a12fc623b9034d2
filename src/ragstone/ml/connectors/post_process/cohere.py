"""Cohere's embeddings, in both versions of its API, and its rerank."""

from __future__ import annotations

from ragstone.ml.connectors.post_process.function import Scores, VectorList, post_process_functions


@post_process_functions.register("connector.post_process.cohere.embedding")
class Embedding(VectorList):
    path = "$.embeddings"


@post_process_functions.register("connector.post_process.cohere_v2.embedding.float")
class FloatEmbedding(VectorList):
    path = "$.embeddings.float"


@post_process_functions.register("connector.post_process.cohere_v2.embedding.int8")
class Int8Embedding(VectorList):
    path = "$.embeddings.int8"


@post_process_functions.register("connector.post_process.cohere_v2.embedding.uint8")
class Uint8Embedding(VectorList):
    path = "$.embeddings.uint8"


@post_process_functions.register("connector.post_process.cohere_v2.embedding.binary")
class BinaryEmbedding(VectorList):
    path = "$.embeddings.binary"


@post_process_functions.register("connector.post_process.cohere_v2.embedding.ubinary")
class UbinaryEmbedding(VectorList):
    path = "$.embeddings.ubinary"


@post_process_functions.register("connector.post_process.cohere.rerank")
class Rerank(Scores):
    path = "$.results"
