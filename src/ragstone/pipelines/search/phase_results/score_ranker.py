"""`score-ranker-processor`: reciprocal rank fusion, which looks at places in lists and at no scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.search_body import SearchBody
from ragstone.engine.values import QueryPhaseResult
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.processor import PipelineContext, ProcessorServices, phase_results_processors
from ragstone.pipelines.search.phase_results.arithmetic import reciprocal_ranks, weighted_sum
from ragstone.pipelines.search.phase_results.merging import merge
from ragstone.pipelines.search.phase_results.options import read_weights, technique, weights_for
from ragstone.pipelines.search.phase_results.rank_constant import read_rank_constant


@phase_results_processors.register("score-ranker-processor")
@dataclass(frozen=True)
class ScoreRankerProcessor:
    """Works on hybrid searches, and leaves others as they are.

    `Differs:` techniques other than `rrf` are refused at once, where OpenSearch lets every search fail.
    """

    rank_constant: int
    weights: tuple[float, ...]

    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self:
        name, parameters, given = technique(config, "combination", "rrf")
        if name != "rrf":
            raise IllegalArgumentException("provided combination technique is not supported")
        return cls(read_rank_constant(given), read_weights(parameters))

    def process_results(self, result: QueryPhaseResult, body: SearchBody, context: PipelineContext) -> None:
        """Raises SearchPhaseExecutionException when weights are not one per sub-query."""
        if not isinstance(body.query, HybridQuery) or result.combined:
            return
        weights = weights_for(self.weights, len(result.lists))
        shares = [reciprocal_ranks(len(found.hits), self.rank_constant) for found in result.lists]
        merge(result, shares, lambda scores: weighted_sum(scores, weights))
