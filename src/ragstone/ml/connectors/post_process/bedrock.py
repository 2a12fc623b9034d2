"""Amazon Bedrock: Titan's and Nova's embeddings, rerank, batch jobs."""

from __future__ import annotations

from typing import Any, ClassVar

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.ml.connectors.post_process.function import OneVector, Scores, VectorList, post_process_functions


@post_process_functions.register("connector.post_process.bedrock.embedding")
class Embedding(OneVector):
    path = "$.embedding"


@post_process_functions.register("connector.post_process.bedrock_v2.embedding.float")
class FloatEmbedding(OneVector):
    path = "$.embeddingsByType.float"


@post_process_functions.register("connector.post_process.bedrock_v2.embedding.binary")
class BinaryEmbedding(OneVector):
    path = "$.embeddingsByType.binary"


@post_process_functions.register("connector.post_process.bedrock.nova.embedding")
class NovaEmbedding(VectorList):
    path = "$.embeddings[*].embedding"


@post_process_functions.register("connector.post_process.bedrock.rerank")
class Rerank(Scores):
    path = "$.results"
    score = "relevanceScore"


@post_process_functions.register("connector.post_process.bedrock.batch_job_arn")
class BatchJobArn:
    """Adds the job's ARN in a form that fits into a URL's path."""

    path: ClassVar[str] = "$"

    def tensors(self, value: Any, path: str) -> list[JsonObject]:
        if not isinstance(value, dict) or not isinstance(value.get("jobArn"), str):
            raise IllegalArgumentException("The answer to a batch job request should contain jobArn.")
        return [{"name": "response", "dataAsMap": {**value, "processedJobArn": value["jobArn"].replace("/", "%2F")}}]
