"""`rerank`: another order of hits, by a number in each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject, java_text, java_type
from ragstone.dsl.search_body import SearchBody
from ragstone.dsl.source_filter import SourceFilter, filter_tree
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.values import Hit
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.processor import PipelineContext, ProcessorServices, SearchResponse, response_processors
from ragstone.pipelines.search.response.hit_fields import source_of

_TYPES = ("ml_opensearch", "by_field")


@response_processors.register("rerank")
@dataclass(frozen=True)
class RerankProcessor:
    """By field: the number at `target_field` of the shown source becomes the score; equal ones keep their order.

    `remove_target_field` takes the number out, and objects that are empty then; `keep_previous_score` notes the old
    score under `previous_score_field`. `Differs:` a search of size 0 stays as it is, and OpenSearch's empty `profile`
    is not added.
    """

    target_field: str
    remove_target_field: bool
    keep_previous_score: bool
    previous_score_field: str

    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self:
        given = [name for name in _TYPES if config.has(name)]
        if not given:
            raise IllegalArgumentException(f"No rerank type found. Possible rerank types are: [{', '.join(_TYPES)}]")
        if len(given) > 1:
            raise IllegalArgumentException(f"Multiple rerank types found: [{', '.join(given)}]. Only one is permitted.")
        if given == ["ml_opensearch"]:
            raise unsupported("rerank by ml_opensearch")
        # What else is in the map does not matter.
        options = ProcessorConfig(config.map("by_field"), type=config.type, tag=config.tag)
        return cls(
            target_field=options.string("target_field"),
            remove_target_field=options.boolean("remove_target_field"),
            keep_previous_score=options.boolean("keep_previous_score"),
            previous_score_field=options.string("previous_score_field", "previous_score"),
        )

    async def process_response(
        self, body: SearchBody, response: SearchResponse, context: PipelineContext
    ) -> SearchResponse:
        if not response.hits:
            return response
        shown = body.source or SourceFilter()
        scores = [self._score(hit, position, shown) for position, hit in enumerate(response.hits, 1)]
        for hit, score in zip(response.hits, scores, strict=True):
            self._note(hit)
            hit.score = score
        response.hits = sorted(response.hits, key=lambda hit: -(hit.score or 0.0))
        response.max_score = response.hits[0].score
        return response

    def _score(self, hit: Hit, position: int, shown: SourceFilter) -> float:
        if hit.source is None or not shown.enabled:
            raise IllegalArgumentException(f"There is no source field to be able to perform rerank on hit [{position}]")
        value: Any = filter_tree(source_of(hit), shown)
        for part in self.target_field.split("."):
            if not isinstance(value, dict) or value.get(part) is None:
                raise IllegalArgumentException(f"The field to rerank by is not found at hit [{hit.id}]")
            value = value[part]
        try:
            return float(value) if isinstance(value, str) or type(value) in (int, float) else float("x")
        except ValueError:
            kind = java_type(value).rpartition(".")[2]
            raise IllegalArgumentException(
                f"The field mapping to rerank by [{java_text(value)}] is not Numerical, instead of type [{kind}]"
            ) from None

    def _note(self, hit: Hit) -> None:
        if not (self.remove_target_field or self.keep_previous_score):
            return
        source = source_of(hit)
        if self.remove_target_field:
            _remove(source, self.target_field.split("."))
        if self.keep_previous_score:
            node = source
            *way, leaf = self.previous_score_field.split(".")
            for part in way:
                if not isinstance(node.get(part), dict):
                    node[part] = {}
                node = node[part]
            node[leaf] = hit.score
        hit.source = json.encode(source)


def _remove(node: JsonObject, path: list[str]) -> None:
    below = node.get(path[0])
    if len(path) > 1 and isinstance(below, dict):
        _remove(below, path[1:])
        if not below:
            del node[path[0]]
    else:
        node.pop(path[0], None)
