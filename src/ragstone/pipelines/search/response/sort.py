"""`sort`: orders the members of a list inside each hit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import java_type
from ragstone.dsl.search_body import SearchBody
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.processor import PipelineContext, ProcessorServices, SearchResponse, response_processors
from ragstone.pipelines.search.response.hit_fields import change_field


@response_processors.register("sort")
@dataclass(frozen=True)
class SortProcessor:
    field: str
    target: str
    descending: bool

    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self:
        field = config.string("field")
        target = config.string("target_field", field)
        order = config.string("order", "asc")
        if order.lower() not in ("asc", "desc"):
            raise config.fault(f"Sort direction [{order}] not recognized. Valid values are: [asc, desc]", "order")
        return cls(field, target, order.lower() == "desc")

    async def process_response(
        self, body: SearchBody, response: SearchResponse, context: PipelineContext
    ) -> SearchResponse:
        for hit in response.hits:
            change_field(hit, self.field, self.target, self._sorted)
        return response

    def _sorted(self, members: Any) -> list[Any]:
        if not isinstance(members, list):
            raise IllegalArgumentException(
                f"field [{self.field}] of type [{java_type(members)}] cannot be cast to [java.util.List]"
            )
        try:
            return sorted(members, reverse=self.descending)
        except TypeError:
            raise IllegalArgumentException(f"field [{self.field}] has members that cannot be compared") from None
