"""`sort`: orders the members of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.ingest.processors.base import DocumentProcessor
from ragstone.pipelines.processor import ProcessorServices, ingest_processors


@ingest_processors.register("sort")
@dataclass(frozen=True)
class SortProcessor(DocumentProcessor):
    """`Differs:` members that cannot be compared are a 400 argument error, not a failed cast."""

    field: str
    target: str
    descending: bool

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        field = config.string("field")
        target = config.target(field)
        order = config.string("order", "asc")
        if order not in ("asc", "desc"):
            raise config.fault(f"Sort direction [{order}] not recognized. Valid values are: [asc, desc]", "order")
        return cls(field, target, order == "desc")

    def process(self, document: IngestDocument) -> None:
        members = document.get_list(self.field)
        if members is None:
            raise IllegalArgumentException(f"field [{self.field}] is null, cannot sort.")
        try:
            document.set(self.target, sorted(members, reverse=self.descending))
        except TypeError:
            raise IllegalArgumentException(f"field [{self.field}] has members that cannot be compared") from None
