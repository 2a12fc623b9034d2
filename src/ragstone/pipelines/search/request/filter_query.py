"""`filter_query`: a filter that every search passes through."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.query import Query, parse_query
from ragstone.dsl.search_body import SearchBody
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.processor import PipelineContext, ProcessorServices, request_processors


@request_processors.register("filter_query")
@dataclass(frozen=True)
class FilterQueryProcessor:
    query: Query

    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self:
        query = config.optional_map("query")
        if query is None:
            raise IllegalArgumentException("Did not specify the query property in processor of type filter_query")
        return cls(parse_query(query))

    async def process_request(self, body: SearchBody, context: PipelineContext) -> SearchBody:
        must = (body.query,) if body.query is not None else ()
        return replace(body, query=BoolQuery(must=must, filter=(self.query,)))
