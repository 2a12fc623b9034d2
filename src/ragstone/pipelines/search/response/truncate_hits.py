"""`truncate_hits`: cuts the list of hits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ragstone.core.errors import IllegalStateException
from ragstone.dsl.search_body import SearchBody
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.processor import PipelineContext, ProcessorServices, SearchResponse, response_processors
from ragstone.pipelines.search.request.oversample import original_size


@response_processors.register("truncate_hits")
@dataclass(frozen=True)
class TruncateHitsProcessor:
    """To `target_size`, or to what was wanted before `oversample` asked for more. Totals stay."""

    target_size: int | None
    context_prefix: str | None

    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self:
        target = config.optional_integer("target_size")
        if target is not None and target < 0:
            raise config.fault("Value must be >= 0", "target_size")
        return cls(target, config.optional_string("context_prefix"))

    async def process_response(
        self, body: SearchBody, response: SearchResponse, context: PipelineContext
    ) -> SearchResponse:
        size = self.target_size
        if size is None:
            key = original_size(self.context_prefix)
            if key not in context.attributes:
                raise IllegalStateException(f"Must specify target_size unless an earlier processor set {key}")
            size = context.attributes[key]
        response.hits = response.hits[:size]
        return response
