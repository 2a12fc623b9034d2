"""`pipeline`: runs another stored pipeline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Self

from ragstone.core.errors import IllegalStateException
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.ingest.pipeline import Failure, IngestPipeline
from ragstone.pipelines.ingest.template import Template
from ragstone.pipelines.processor import ProcessorsElsewhere, ProcessorServices, ingest_processors


@ingest_processors.register("pipeline")
@dataclass(frozen=True)
class PipelineProcessor:
    """The pipeline is looked up when a document comes by, so it may be stored later, or change."""

    name: Template
    find: Callable[[str], Awaitable[IngestPipeline | None]]
    elsewhere: ProcessorsElsewhere | None
    """Where a pipeline that is not ours may be."""

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        return cls(config.template("name"), config.find_pipeline, services.elsewhere)

    async def run(self, documents: Sequence[IngestDocument]) -> list[Exception | None]:
        outcomes: list[Exception | None] = [None] * len(documents)
        groups: dict[str, list[int]] = {}
        for position, document in enumerate(documents):
            groups.setdefault(self.name.render(document), []).append(position)
        for id, positions in groups.items():
            for position, outcome in zip(
                positions, await self._inner(id, [documents[i] for i in positions]), strict=True
            ):
                outcomes[position] = outcome
        return outcomes

    async def _inner(self, id: str, documents: Sequence[IngestDocument]) -> Sequence[Exception | None]:
        pipeline = await self.find(id)
        if pipeline is None and self.elsewhere is not None:
            return await self.elsewhere.run({"pipeline": {"name": id}}, documents)
        if pipeline is None:
            return [_fault(f"Pipeline processor configured for non-existent pipeline [{id}]") for _ in documents]
        # All documents of one group came the same way, so a circle is one for all of them.
        if id in documents[0].trail:
            return [_fault(f"Cycle detected for pipeline: {id}") for _ in documents]
        failures = await pipeline.run(documents)
        return [
            Failure(failure.error, failure.type, failure.tag, failure.pipeline or id) if failure is not None else None
            for failure in failures
        ]


def _fault(reason: str) -> IllegalStateException:
    error = IllegalStateException(reason)
    error.status = 500
    return error
