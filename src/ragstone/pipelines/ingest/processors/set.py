"""`set`: puts a value, or a filled template, into a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.ingest.processors.base import DocumentProcessor
from ragstone.pipelines.ingest.template import Template, ValueSource
from ragstone.pipelines.processor import ProcessorServices, ingest_processors


@ingest_processors.register("set")
@dataclass(frozen=True)
class SetProcessor(DocumentProcessor):
    """`override` false keeps a value that is there and not null; `ignore_empty_value` skips null and empty texts."""

    field: Template
    value: ValueSource
    override: bool
    ignore_empty_value: bool

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        return cls(
            field=config.template("field"),
            value=config.template_value("value"),
            override=config.boolean("override", True),
            ignore_empty_value=config.boolean("ignore_empty_value"),
        )

    def process(self, document: IngestDocument) -> None:
        path = self.field.render(document)
        if not self.override and document.has(path) and document.get(path) is not None:
            return
        value = self.value.render(document)
        if self.ignore_empty_value and value in (None, ""):
            return
        document.set(path, value)
