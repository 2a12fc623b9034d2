"""`neural_query_enricher`: a model for `neural` and `neural_sparse` queries that name none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import java_text
from ragstone.dsl.queries.neural import Neural
from ragstone.dsl.queries.neural_sparse import NeuralSparse
from ragstone.dsl.query import Query
from ragstone.dsl.search_body import SearchBody
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.processor import PipelineContext, ProcessorServices, request_processors


@request_processors.register("neural_query_enricher")
@dataclass(frozen=True)
class NeuralQueryEnricher:
    """The field's model comes before the default one. Queries inside others are reached too."""

    default_model: str | None
    by_field: Mapping[str, str] | None

    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self:
        default_model = config.optional_string("default_model_id")
        by_field = config.optional_map("neural_field_default_id")
        if default_model is None and by_field is None:
            raise IllegalArgumentException("model Id or neural info map either of them should be provided")
        models = {field: java_text(id) for field, id in by_field.items()} if by_field is not None else None
        return cls(default_model, models)

    async def process_request(self, body: SearchBody, context: PipelineContext) -> SearchBody:
        return body if body.query is None else replace(body, query=self._enrich(body.query))

    def _enrich(self, query: Query) -> Query:
        children = query.children()
        enriched = tuple(self._enrich(child) for child in children)
        if enriched != children:
            query = query.with_children(enriched)
        if not isinstance(query, (Neural, NeuralSparse)) or query.model_id is not None:
            return query
        model = (self.by_field or {}).get(query.field, self.default_model)
        if isinstance(query, NeuralSparse):
            # It can do without: its tokens, or an analyzer.
            return query if model is None or query.query_tokens is not None else replace(query, model_id=model)
        if model is None:
            raise IllegalArgumentException(
                "model id must be provided in neural query or a default model id must be set in search request "
                "processor"
            )
        return replace(query, model_id=model)
