"""`hybrid_score_explanation`: how a combined score came about, for searches that ask for explanations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ragstone.dsl.search_body import SearchBody
from ragstone.dsl.unsupported import unsupported
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.processor import PipelineContext, ProcessorServices, SearchResponse, response_processors


@response_processors.register("hybrid_score_explanation")
@dataclass(frozen=True)
class HybridScoreExplanation:
    """Searches without `explain` pass; with it they are refused, here as everywhere."""

    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self:
        return cls()

    async def process_response(
        self, body: SearchBody, response: SearchResponse, context: PipelineContext
    ) -> SearchResponse:
        if body.explain:
            raise unsupported("explain")
        return response
