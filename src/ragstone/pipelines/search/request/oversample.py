"""`oversample`: asks for more hits than the client wants, for later processors to choose from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

from ragstone.dsl.search_body import SearchBody
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.processor import PipelineContext, ProcessorServices, request_processors

_DEFAULT_SIZE = 10


def original_size(context_prefix: str | None) -> str:
    """Where the wanted size is kept in the pipeline's context, for `truncate_hits`."""
    return "original_size" if context_prefix is None else f"{context_prefix}.original_size"


@request_processors.register("oversample")
@dataclass(frozen=True)
class OversampleProcessor:
    """`Differs:` a search without `size` counts as one of 10; OpenSearch multiplies -1."""

    sample_factor: float
    context_prefix: str | None

    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self:
        factor = config.number("sample_factor")
        if not factor >= 1.0:
            raise config.fault("Value must be >= 1.0", "sample_factor")
        return cls(factor, config.optional_string("context_prefix"))

    async def process_request(self, body: SearchBody, context: PipelineContext) -> SearchBody:
        size = body.size if body.size is not None else _DEFAULT_SIZE
        context.attributes[original_size(self.context_prefix)] = size
        return replace(body, size=math.ceil(size * self.sample_factor))
