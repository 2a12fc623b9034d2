"""`json`: a text that is JSON to the value it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException, JavaException
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.ingest.processors.base import DocumentProcessor
from ragstone.pipelines.processor import ProcessorServices, ingest_processors


@ingest_processors.register("json")
@dataclass(frozen=True)
class JsonProcessor(DocumentProcessor):
    """`add_to_root` merges an object's members into the document."""

    field: str
    target: str
    add_to_root: bool

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        field = config.string("field")
        target = config.optional_string("target_field")
        add_to_root = config.boolean("add_to_root")
        if add_to_root and target is not None:
            raise config.fault("Cannot set a target field while also setting `add_to_root` to true", "target_field")
        return cls(field, target or field, add_to_root)

    def process(self, document: IngestDocument) -> None:
        value = document.get(self.field)
        if isinstance(value, str):
            try:
                value = json.decode(value)
            except JavaException as error:
                raise IllegalArgumentException(error.reason, cause=error) from None
        if not self.add_to_root:
            document.set(self.target, value)
        elif isinstance(value, dict):
            document.fields.update(value)
        else:
            raise IllegalArgumentException("cannot add non-map fields to root of document")
