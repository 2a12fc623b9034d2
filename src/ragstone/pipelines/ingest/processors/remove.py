"""`remove` and `remove_by_pattern`: take fields out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.names import matches
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import METADATA, IngestDocument
from ragstone.pipelines.ingest.processors.base import DocumentProcessor
from ragstone.pipelines.ingest.template import Template
from ragstone.pipelines.processor import ProcessorServices, ingest_processors

_KEPT = ("_index", "_version", "_version_type")


def _one_of(config: IngestConfig, wanted: str, excluded: str) -> tuple[list[str], bool]:
    """The texts of whichever of two options is given, and whether it is the excluding one."""
    field, exclude = config.optional(wanted), config.optional(excluded)
    if (field is None) == (exclude is None):
        raise config.fault(f"either {wanted} or {excluded} must be set", wanted)
    given: Any = exclude if field is None else field
    return [str(text) for text in (given if isinstance(given, list) else [given])], field is None


@ingest_processors.register("remove")
@dataclass(frozen=True)
class RemoveProcessor(DocumentProcessor):
    """Removes `fields`, or all top-level fields but those."""

    fields: tuple[Template, ...]
    excluding: bool
    ignore_missing: bool

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        texts, excluding = _one_of(config, "field", "exclude_field")
        fields = tuple(config.compiled(text, "field") for text in texts)
        return cls(fields, excluding, config.boolean("ignore_missing"))

    def process(self, document: IngestDocument) -> None:
        paths = [field.render(document) for field in self.fields]
        if self.excluding:
            paths = [name for name in document.fields if name not in METADATA and name not in paths]
        for path in paths:
            if path in _KEPT:
                raise IllegalArgumentException(f"cannot remove metadata field [{path}]")
            if not self.ignore_missing and not (path and document.has(path)):
                raise IllegalArgumentException(f"field [{path}] doesn't exist")
        for path in paths:
            # An earlier one of them may have taken this one along.
            if path and document.has(path):
                document.remove(path)


@ingest_processors.register("remove_by_pattern")
@dataclass(frozen=True)
class RemoveByPatternProcessor(DocumentProcessor):
    """Removes top-level fields whose name a pattern describes, or all others. Metadata stays."""

    patterns: tuple[str, ...]
    excluding: bool

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        texts, excluding = _one_of(config, "field_pattern", "exclude_field_pattern")
        return cls(tuple(texts), excluding)

    def process(self, document: IngestDocument) -> None:
        for name in [name for name in document.fields if name not in METADATA]:
            if any(matches(pattern, name) for pattern in self.patterns) != self.excluding:
                del document.fields[name]
