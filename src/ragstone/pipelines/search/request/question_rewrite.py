"""`question_rewrite`: a name that OpenSearch keeps for rewriting questions; it does nothing there either."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ragstone.core.cluster_settings import ClusterSettings
from ragstone.dsl.search_body import SearchBody
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.processor import PipelineContext, ProcessorServices, request_processors
from ragstone.pipelines.search.rag_feature import require_rag


@request_processors.register("question_rewrite")
@dataclass(frozen=True)
class QuestionRewriteProcessor:
    """Passes the search on, so that stored pipelines with it work."""

    settings: ClusterSettings

    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self:
        require_rag(services.cluster_settings)
        config.string("model_id")
        return cls(services.cluster_settings)

    async def process_request(self, body: SearchBody, context: PipelineContext) -> SearchBody:
        require_rag(self.settings)
        return body
