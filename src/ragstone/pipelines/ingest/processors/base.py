"""Processors that look at one document at a time, and those that change one text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from ragstone.core.errors import IllegalArgumentException, OpenSearchException
from ragstone.core.xcontent import java_text, java_type
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument, not_castable
from ragstone.pipelines.processor import ProcessorServices


class DocumentProcessor:
    """A processor whose documents do not concern each other."""

    async def run(self, documents: Sequence[IngestDocument]) -> list[Exception | None]:
        outcomes: list[Exception | None] = []
        for document in documents:
            try:
                self.process(document)
            except OpenSearchException as error:
                outcomes.append(error)
            else:
                outcomes.append(None)
        return outcomes

    def process(self, document: IngestDocument) -> None:
        """Change the document, or raise and leave it as it is."""
        raise NotImplementedError


class TextProcessor(DocumentProcessor):
    """Changes a text, or each text of a list, and puts it into `target_field`."""

    def __init__(self, field: str, target: str, ignore_missing: bool) -> None:
        self.field = field
        self.target = target
        self.ignore_missing = ignore_missing

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        field = config.string("field")
        return cls(field, config.target(field), config.boolean("ignore_missing"))

    def change(self, text: str) -> Any:
        raise NotImplementedError

    def process(self, document: IngestDocument) -> None:
        value = document.get_or_none(self.field, ignore_missing=self.ignore_missing)
        if value is None:
            if self.ignore_missing:
                return
            raise IllegalArgumentException(f"field [{self.field}] is null, cannot process it.")
        if isinstance(value, list):
            document.set(self.target, [self.change(self._member(member)) for member in value])
        elif isinstance(value, str):
            document.set(self.target, self.change(value))
        else:
            raise not_castable(self.field, value, "java.lang.String")

    def _member(self, member: Any) -> str:
        if not isinstance(member, str):
            raise IllegalArgumentException(
                f"value [{java_text(member)}] of type [{java_type(member)}] in list field [{self.field}] "
                "cannot be cast to [java.lang.String]"
            )
        return member
