"""`rename`: moves a value to another field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.ingest.processors.base import DocumentProcessor
from ragstone.pipelines.ingest.template import Template
from ragstone.pipelines.processor import ProcessorServices, ingest_processors


@ingest_processors.register("rename")
@dataclass(frozen=True)
class RenameProcessor(DocumentProcessor):
    """The target must be free unless `override_target`."""

    field: Template
    target: Template
    ignore_missing: bool
    override_target: bool

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        return cls(
            field=config.template("field"),
            target=config.template("target_field"),
            ignore_missing=config.boolean("ignore_missing"),
            override_target=config.boolean("override_target"),
        )

    def process(self, document: IngestDocument) -> None:
        path, target = self.field.render(document), self.target.render(document)
        if not path or not document.has(path, fail_out_of_range=True):
            if self.ignore_missing:
                return
            raise IllegalArgumentException(
                f"field [{path}] doesn't exist" if path else "field path cannot be null nor empty"
            )
        if document.has(target, fail_out_of_range=True) and not self.override_target:
            raise IllegalArgumentException(f"field [{target}] already exists")
        value = document.get(path)
        document.remove(path)
        try:
            document.set(target, value)
        except IllegalArgumentException:
            document.set(path, value)
            raise
