"""`collapse`: the best hit of each value of a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ragstone.core import json
from ragstone.core.errors import IllegalStateException
from ragstone.dsl.search_body import SearchBody
from ragstone.engine.values import Hit
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.processor import PipelineContext, ProcessorServices, SearchResponse, response_processors
from ragstone.pipelines.search.response.hit_fields import source_of


@response_processors.register("collapse")
@dataclass(frozen=True)
class CollapseProcessor:
    """Hits without the field are one group. What is left is sorted by score."""

    field: str

    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self:
        return cls(config.string("field"))

    async def process_response(
        self, body: SearchBody, response: SearchResponse, context: PipelineContext
    ) -> SearchResponse:
        best: dict[bytes, Hit] = {}
        for hit in response.hits:
            group = json.encode(self._value(hit))
            if group not in best or _score(hit) > _score(best[group]):
                best[group] = hit
        response.hits = sorted(best.values(), key=_score, reverse=True)
        return response

    def _value(self, hit: Hit) -> Any:
        values = hit.extra.get("fields", {}).get(self.field)
        if values is None:
            return source_of(hit).get(self.field, "<missing>")
        if len(values) > 1:
            raise IllegalStateException(
                f"Failed to collapse hits: field [{self.field}] of hit [{hit.id}] has more than one value"
            )
        return values[0] if values else "<missing>"


def _score(hit: Hit) -> float:
    return hit.score if hit.score is not None else float("-inf")
