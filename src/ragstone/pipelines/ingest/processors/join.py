"""`join`: a list to one text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import java_text
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.ingest.processors.base import DocumentProcessor
from ragstone.pipelines.processor import ProcessorServices, ingest_processors


@ingest_processors.register("join")
@dataclass(frozen=True)
class JoinProcessor(DocumentProcessor):
    field: str
    separator: str
    target: str

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        field = config.string("field")
        return cls(field, config.string("separator"), config.target(field))

    def process(self, document: IngestDocument) -> None:
        members = document.get_list(self.field)
        if members is None:
            raise IllegalArgumentException(f"field [{self.field}] is null, cannot join.")
        document.set(self.target, self.separator.join(java_text(member) for member in members))
