"""`foreach`: runs one processor for each member of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from ragstone.core.errors import IllegalArgumentException, OpenSearchException
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.ingest.pipeline import Step
from ragstone.pipelines.processor import ProcessorServices, ingest_processors


@ingest_processors.register("foreach")
@dataclass(frozen=True)
class ForeachProcessor:
    """The member is at `_ingest._value` while the inner processor runs.

    `Differs:` a field that is no list fails its own document; OpenSearch fails the whole request.
    """

    field: str
    step: Step
    ignore_missing: bool

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        field = config.string("field")
        inner = config.map("processor")
        ignore_missing = config.boolean("ignore_missing")
        if len(inner) != 1:
            raise config.fault("Must specify exactly one processor type", "processor")
        [(type, body)] = inner.items()
        return cls(field, config.inner(type, body), ignore_missing)

    async def run(self, documents: Sequence[IngestDocument]) -> list[Exception | None]:
        return [await self._each(document) for document in documents]

    async def _each(self, document: IngestDocument) -> Exception | None:
        try:
            members = document.get_list(self.field, ignore_missing=self.ignore_missing)
        except OpenSearchException as error:
            return error
        if members is None:
            if self.ignore_missing:
                return None
            return IllegalArgumentException(f"field [{self.field}] is null, cannot loop over its elements.")
        outer = document.ingest.get("_value")
        changed = []
        try:
            for member in members:
                document.ingest["_value"] = member
                [failure] = await self.step.run([document])
                if failure is not None:
                    return failure
                if document.dropped:
                    return None
                changed.append(document.ingest.get("_value"))
        finally:
            document.ingest["_value"] = outer
        document.set(self.field, changed)
        return None
