"""`dot_expander`: a field whose name has dots becomes an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.ingest.processors.base import DocumentProcessor
from ragstone.pipelines.processor import ProcessorServices, ingest_processors


@ingest_processors.register("dot_expander")
@dataclass(frozen=True)
class DotExpanderProcessor(DocumentProcessor):
    """`path` names the object that holds the field; `override` replaces a value that is there, else it is added to."""

    field: str
    path: str | None
    override: bool

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        field = config.string("field")
        if "." not in field:
            raise config.fault("field does not contain a dot", "field")
        if field.startswith(".") or field.endswith("."):
            raise config.fault("Field can't start or end with a dot", "field")
        if any(not part for part in field.split(".")):
            raise config.fault("No space between dots", "field")
        return cls(field, config.optional_string("path"), config.boolean("override"))

    def process(self, document: IngestDocument) -> None:
        holder: Any = document.fields
        if self.path is not None:
            holder = document.get(self.path) if document.has(self.path) else {}
        if not isinstance(holder, dict) or self.field not in holder:
            return
        full = self.field if self.path is None else f"{self.path}.{self.field}"
        value = holder[self.field]
        self._check_parents(document, full)
        del holder[self.field]
        if not document.has(full) or self.override:
            document.set(full, value)
        else:
            document.append(full, value)

    def _check_parents(self, document: IngestDocument, full: str) -> None:
        parts = full.split(".")
        for end in range(1, len(parts)):
            prefix = ".".join(parts[:end])
            if document.has(prefix) and not isinstance(document.get(prefix), dict):
                raise IllegalArgumentException(
                    f"cannot expend [{full}], because [{prefix}] is not an object field, but a value field"
                )
