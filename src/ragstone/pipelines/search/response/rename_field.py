"""`rename_field`: another name for a field of hits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException
from ragstone.dsl.search_body import SearchBody
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.processor import PipelineContext, ProcessorServices, SearchResponse, response_processors
from ragstone.pipelines.search.response.hit_fields import source_of


@response_processors.register("rename_field")
@dataclass(frozen=True)
class RenameFieldProcessor:
    """`Differs:` a hit without the field is an error wherever it stands among the hits."""

    field: str
    target: str
    ignore_missing: bool

    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self:
        return cls(config.string("field"), config.string("target_field"), config.boolean("ignore_missing"))

    async def process_response(
        self, body: SearchBody, response: SearchResponse, context: PipelineContext
    ) -> SearchResponse:
        for hit in response.hits:
            source, fields = source_of(hit), hit.extra.get("fields", {})
            if self.field not in source and self.field not in fields:
                if self.ignore_missing:
                    continue
                raise IllegalArgumentException(f"Document with id {hit.id} is missing field {self.field}")
            if self.field in fields:
                renamed = {self.target if name == self.field else name: values for name, values in fields.items()}
                hit.extra = {**hit.extra, "fields": renamed}
            if self.field in source:
                source[self.target] = source.pop(self.field)
                hit.source = json.encode(source)
        return response
