"""`drop`: the document is not written."""

from __future__ import annotations

from typing import Self

from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.ingest.processors.base import DocumentProcessor
from ragstone.pipelines.processor import ProcessorServices, ingest_processors


@ingest_processors.register("drop")
class DropProcessor(DocumentProcessor):
    """Has no options of its own; mostly used with `if`."""

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        return cls()

    def process(self, document: IngestDocument) -> None:
        document.dropped = True
