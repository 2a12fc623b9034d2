"""The four kinds of processors, their registries, and what they are built with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

from ragstone.core.clock import Clock
from ragstone.core.cluster_settings import ClusterSettings
from ragstone.core.errors import ShardFailure
from ragstone.core.registry import Registry
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.search_body import SearchBody
from ragstone.engine.values import Hit, QueryPhaseResult, Total
from ragstone.ml.ports import Predictor

if TYPE_CHECKING:
    from ragstone.pipelines.config import ProcessorConfig
    from ragstone.pipelines.ingest.config import IngestConfig
    from ragstone.pipelines.ingest.document import IngestDocument
    from ragstone.rag.generative_qa import GenerativeQA


@dataclass(frozen=True)
class ProcessorServices:
    """What processors may use. Built once by `node.py`."""

    predictor: Predictor
    generative_qa: GenerativeQA
    cluster_settings: ClusterSettings
    clock: Clock
    elsewhere: ProcessorsElsewhere | None = None
    """Who runs processors that we have not got; None: they are unknown."""


class ProcessorsElsewhere(Protocol):
    """An engine with pipelines of its own. Its search processors run where it searches."""

    def knows(self, type: str) -> bool:
        """Whether it has a processor of that name, of any kind."""
        ...

    async def run(self, definition: JsonObject, documents: Sequence[IngestDocument]) -> list[Exception | None]:
        """As `IngestProcessor.run`, for the ingest processor of that definition, `{type: options}`, with everything
        that its options say of conditions and failures."""
        ...


class RunsDocuments(Protocol):
    """Changes documents before they are written."""

    async def run(self, documents: Sequence[IngestDocument]) -> list[Exception | None]:
        """Process documents in place, all of one bulk request that reach this processor.

        One outcome each, in order: None, or the error of that document (a document with an error is unchanged).
        Must not raise for the fault of a single document.
        """
        ...


class IngestProcessor(RunsDocuments, Protocol):
    """One that is made from the options of its definition."""

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        """Read the options; whatever is left in `config` afterwards is an unknown option and refused.

        Raises ParseException with processor_type, processor_tag, property_name.
        """
        ...


@dataclass
class SearchResponse:
    """A search response while response processors work on it.

    `shards` counts what the query phase asked, `failures` are those of them that failed. `ext` is merged from all
    processors and written last.
    """

    hits: list[Hit]
    total: Total | None
    max_score: float | None
    shards: int
    timed_out: bool = False
    terminated_early: bool | None = None
    failures: list[ShardFailure] = field(default_factory=list)
    aggregations: JsonObject = field(default_factory=dict)
    processor_results: list[JsonObject] | None = None
    ext: JsonObject = field(default_factory=dict)


@dataclass
class PipelineContext:
    """State that processors of one request share, e.g. `original_size` of `oversample`."""

    attributes: dict[str, Any] = field(default_factory=dict)
    pipeline_id: str | None = None


class SearchRequestProcessor(Protocol):
    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self: ...

    async def process_request(self, body: SearchBody, context: PipelineContext) -> SearchBody:
        """A changed copy of the search. Raises to fail it."""
        ...


class PhaseResultsProcessor(Protocol):
    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self: ...

    def process_results(self, result: QueryPhaseResult, body: SearchBody, context: PipelineContext) -> None:
        """Turn the ranked lists of sub-queries into one, in place, between query and fetch."""
        ...


class SearchResponseProcessor(Protocol):
    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self: ...

    async def process_response(
        self, body: SearchBody, response: SearchResponse, context: PipelineContext
    ) -> SearchResponse:
        """The response to pass on. Raises to fail the search."""
        ...


ingest_processors: Registry[IngestProcessor] = Registry("ingest processor")
request_processors: Registry[SearchRequestProcessor] = Registry("search request processor")
phase_results_processors: Registry[PhaseResultsProcessor] = Registry("search phase results processor")
response_processors: Registry[SearchResponseProcessor] = Registry("search response processor")
