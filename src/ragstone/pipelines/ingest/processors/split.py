"""`split`: a text to a list, cut at a regular expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.ingest.processors.base import DocumentProcessor
from ragstone.pipelines.processor import ProcessorServices, ingest_processors
from ragstone.pipelines.regex import compile_option, split


@ingest_processors.register("split")
@dataclass(frozen=True)
class SplitProcessor(DocumentProcessor):
    """Empty parts at the end go unless `preserve_trailing`."""

    field: str
    target: str
    separator: re.Pattern[str]
    preserve_trailing: bool
    ignore_missing: bool

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        field = config.string("field")
        return cls(
            field=field,
            target=config.target(field),
            separator=compile_option(config, "separator"),
            preserve_trailing=config.boolean("preserve_trailing"),
            ignore_missing=config.boolean("ignore_missing"),
        )

    def process(self, document: IngestDocument) -> None:
        text = document.get_string(self.field, ignore_missing=self.ignore_missing)
        if text is None:
            if self.ignore_missing:
                return
            raise IllegalArgumentException(f"field [{self.field}] is null, cannot split.")
        document.set(self.target, split(self.separator, text, preserve_trailing=self.preserve_trailing))
