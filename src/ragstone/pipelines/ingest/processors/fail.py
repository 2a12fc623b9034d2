"""`fail`: refuses the document with a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ragstone.core.errors import FailProcessorException
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.ingest.processors.base import DocumentProcessor
from ragstone.pipelines.ingest.template import Template
from ragstone.pipelines.processor import ProcessorServices, ingest_processors


@ingest_processors.register("fail")
@dataclass(frozen=True)
class FailProcessor(DocumentProcessor):
    message: Template

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        return cls(config.template("message"))

    def process(self, document: IngestDocument) -> None:
        raise FailProcessorException(self.message.render(document))
