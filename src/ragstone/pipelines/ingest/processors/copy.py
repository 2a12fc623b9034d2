"""`copy`: a deep copy of a value in another field."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.ingest.processors.base import DocumentProcessor
from ragstone.pipelines.ingest.template import Template
from ragstone.pipelines.processor import ProcessorServices, ingest_processors


@ingest_processors.register("copy")
@dataclass(frozen=True)
class CopyProcessor(DocumentProcessor):
    """The target must be missing or null unless `override_target`."""

    source: Template
    target: Template
    ignore_missing: bool
    override_target: bool
    remove_source: bool

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        return cls(
            source=config.template("source_field"),
            target=config.template("target_field"),
            ignore_missing=config.boolean("ignore_missing"),
            override_target=config.boolean("override_target"),
            remove_source=config.boolean("remove_source"),
        )

    def process(self, document: IngestDocument) -> None:
        source, target = self.source.render(document), self.target.render(document)
        if not source or not document.has(source, fail_out_of_range=True):
            if self.ignore_missing:
                return
            raise IllegalArgumentException(
                f"source field [{source}] doesn't exist" if source else "source field path cannot be null nor empty"
            )
        if not target:
            raise IllegalArgumentException("target field path cannot be null nor empty")
        if source == target:
            raise IllegalArgumentException("source field path and target field path cannot be same")
        if not self.override_target and document.has(target) and document.get(target) is not None:
            raise IllegalArgumentException(f"target field [{target}] already exists")
        document.set(target, deepcopy(document.get(source)))
        if self.remove_source:
            document.remove(source)
