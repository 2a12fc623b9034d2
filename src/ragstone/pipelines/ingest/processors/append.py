"""`append`: adds to a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.ingest.processors.base import DocumentProcessor
from ragstone.pipelines.ingest.template import Template, ValueSource
from ragstone.pipelines.processor import ProcessorServices, ingest_processors


@ingest_processors.register("append")
@dataclass(frozen=True)
class AppendProcessor(DocumentProcessor):
    """A scalar in the field becomes a list first, a missing field an empty one."""

    field: Template
    value: ValueSource
    allow_duplicates: bool

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        return cls(
            field=config.template("field"),
            value=config.template_value("value"),
            allow_duplicates=config.boolean("allow_duplicates", True),
        )

    def process(self, document: IngestDocument) -> None:
        value = self.value.render(document)
        document.append(self.field.render(document), value, allow_duplicates=self.allow_duplicates)
