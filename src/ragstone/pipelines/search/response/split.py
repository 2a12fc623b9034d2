"""`split`: a text of each hit to a list, cut at a regular expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

from ragstone.dsl.search_body import SearchBody
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.processor import PipelineContext, ProcessorServices, SearchResponse, response_processors
from ragstone.pipelines.regex import compile_option, split
from ragstone.pipelines.search.response.hit_fields import change_field


@response_processors.register("split")
@dataclass(frozen=True)
class SplitProcessor:
    """Values that are no texts are left as they are."""

    field: str
    target: str
    separator: re.Pattern[str]
    preserve_trailing: bool

    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self:
        field = config.string("field")
        separator = compile_option(config, "separator")
        return cls(field, config.string("target_field", field), separator, config.boolean("preserve_trailing"))

    async def process_response(
        self, body: SearchBody, response: SearchResponse, context: PipelineContext
    ) -> SearchResponse:
        for hit in response.hits:
            change_field(hit, self.field, self.target, self._split)
        return response

    def _split(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return split(self.separator, value, preserve_trailing=self.preserve_trailing)
