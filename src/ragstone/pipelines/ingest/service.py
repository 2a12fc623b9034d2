"""Ingest pipelines as a service: the documents of one request go in, what to write comes out."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ragstone.core import caller, json
from ragstone.core.clock import Clock
from ragstone.core.errors import (
    IllegalArgumentException,
    IllegalStateException,
    JavaException,
    OpenSearchException,
    ParseException,
    error_body,
)
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.engine.api import RecordStore
from ragstone.engine.values import Metadata, VersionType
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.errors import configuration_error
from ragstone.pipelines.ingest import processors  # noqa: F401  (registers them)
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.ingest.pipeline import Compiler, Failure, IngestPipeline
from ragstone.pipelines.processor import ProcessorServices
from ragstone.pipelines.store import PipelineStore

NONE = "_none"
"""Says "no pipeline" where a pipeline's name is expected."""
_INLINE = "_simulate_pipeline"


@dataclass(frozen=True, slots=True)
class IngestItem:
    """One document on its way to be written.

    `index` is the concrete name it shall go to (which need not exist yet), `pipeline` what the request or the bulk
    item asked for (None: nothing said; `_none`: no default pipeline). `id` None means that one will be generated.
    """

    index: str
    id: str | None
    source: bytes
    routing: str | None = None
    pipeline: str | None = None
    version: int | None = None
    version_type: VersionType = "internal"
    if_seq_no: int | None = None
    if_primary_term: int | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """The document is not to be written (processor `drop`)."""


IngestOutcome = IngestItem | Dropped | OpenSearchException
"""What to write instead, or nothing, or why this one document failed."""


@dataclass(frozen=True)
class IngestResult:
    """`outcomes` are in the order of the items. `ran` tells that some item used a pipeline (`ingest_took` is due)."""

    outcomes: Sequence[IngestOutcome]
    ran: bool


@dataclass
class _Passage:
    """One item on its way: the pipelines still before it, and what became of it."""

    item: IngestItem
    request: str | None
    final: str | None
    document: IngestDocument | None = None
    failure: OpenSearchException | None = None

    @property
    def done(self) -> bool:
        return self.failure is not None or (self.document is not None and self.document.dropped)

    def outcome(self) -> IngestOutcome:
        if self.failure is not None:
            return self.failure
        if self.document is None:
            return self.item
        return Dropped() if self.document.dropped else _item(self.item, self.document)


class _Everything(Container[str]):
    def __contains__(self, name: object) -> bool:
        return True


class IngestService:
    """Stores ingest pipelines and runs documents through them."""

    def __init__(self, engine: RecordStore, services: ProcessorServices) -> None:
        self._clock: Clock = services.clock
        self._elsewhere = services.elsewhere
        self._ours: Container[str] = _Everything()
        self._compiler = Compiler(services, self._find)
        self._store: PipelineStore[IngestPipeline] = PipelineStore(engine, "ingest_pipeline", self._compiler.pipeline)

    async def _find(self, id: str) -> IngestPipeline | None:
        return await self._store.get(id)

    # ── definitions ──────────────────────────────────────────────────────────────────────────────────────────────

    async def put(self, id: str, body: JsonObject) -> None:
        """Store or replace a pipeline. Raises for the first fault of its definition."""
        caller.require("cluster:admin/ingest/pipeline/put")
        await self._store.put(id, body)

    async def get(self, patterns: Sequence[str]) -> dict[str, JsonObject]:
        """Definitions as they were sent, by id; ids may hold `*`, none means all."""
        caller.require("cluster:admin/ingest/pipeline/get")
        return await self._store.bodies(patterns)

    async def delete(self, pattern: str) -> None:
        """Raises ResourceNotFoundException."""
        caller.require("cluster:admin/ingest/pipeline/delete")
        await self._store.delete(pattern)

    # ── documents ────────────────────────────────────────────────────────────────────────────────────────────────

    async def learn_names(self) -> None:
        """Tell our pipelines from those of an engine that keeps its own: as of now. To be called before `has_pipeline`
        and `run`."""
        if self._elsewhere is not None:
            self._ours = await self._store.names()

    def has_pipeline(self, asked: str | None, index: str, metadata: Metadata) -> bool:
        """Whether `run` would do anything with an item that asks for this pipeline on its way to this index."""
        request, final = self._pipelines(asked, index, metadata)
        return request is not None or final is not None

    def _pipelines(self, asked: str | None, index: str, metadata: Metadata) -> tuple[str | None, str | None]:
        """Of those that are to be run here, the request's and the final pipeline of a document.

        Where rights are asked for here, that is every pipeline that could lead a document into another index: inside
        an engine that asks nobody it would get there. A final pipeline cannot.
        """
        request, final = _pipelines(asked, index, metadata)
        here = request in self._ours or caller.subject.get() is not None
        return request if here else None, final if final in self._ours else None

    async def run(self, items: Sequence[IngestItem], metadata: Metadata) -> IngestResult:
        """Run each item through its pipelines: the asked or the index's default one, then the index's final one.

        Items of one pipeline go through a processor together, so a model is called per batch and not per document.
        Never raises for the fault of a single document. Items without any pipeline come back as they are.
        """
        passages = [_Passage(item, *self._pipelines(item.pipeline, item.index, metadata)) for item in items]
        used = [passage for passage in passages if passage.request or passage.final]
        if used:
            await self._stage(used, final=False)
            for passage in used:
                if not passage.done and passage.document is not None:
                    index = passage.document.fields.get("_index")
                    if index != passage.item.index:
                        passage.final = _name(_setting(metadata, java_text(index), "index.final_pipeline"))
            await self._stage(used, final=True)
        return IngestResult([passage.outcome() for passage in passages], ran=bool(used))

    async def _stage(self, passages: Sequence[_Passage], *, final: bool) -> None:
        groups: dict[str, list[_Passage]] = {}
        for passage in passages:
            id = passage.final if final else passage.request
            if id is not None and not passage.done:
                groups.setdefault(id, []).append(passage)
        for id, group in groups.items():
            await self._run_group(id, group, final=final)

    async def _run_group(self, id: str, group: Sequence[_Passage], *, final: bool) -> None:
        pipeline = await self._store.get(id)
        if pipeline is None and self._elsewhere is None:
            for passage in group:
                passage.failure = IllegalArgumentException(f"pipeline with id [{id}] does not exist")
            return
        live: list[tuple[_Passage, IngestDocument, Any]] = []
        for passage in group:
            try:
                document = passage.document or self._document(passage.item)
            except OpenSearchException as error:
                passage.failure = error
                continue
            passage.document = document
            live.append((passage, document, document.fields.get("_index")))
        faults = await self._faults(id, pipeline, [document for _, document, _ in live])
        for (passage, document, index), fault in zip(live, faults, strict=True):
            if isinstance(fault, OpenSearchException):
                passage.failure = fault
            elif fault is not None:
                raise fault
            elif final and document.fields.get("_index") != index and not document.dropped:
                passage.failure = IllegalStateException(f"FINAL pipeline [{id}] can't change the target index")
                passage.failure.status = 500

    async def _faults(
        self, id: str, pipeline: IngestPipeline | None, documents: Sequence[IngestDocument]
    ) -> Sequence[Exception | None]:
        """What the documents failed on in a pipeline of ours or, without one, in the engine's own of that name."""
        if pipeline is not None:
            return [None if failure is None else failure.error for failure in await pipeline.run(documents)]
        assert self._elsewhere is not None
        return await self._elsewhere.run({"pipeline": {"name": id}}, documents)

    def _document(self, item: IngestItem) -> IngestDocument:
        try:
            source = json.decode(item.source)
        except JavaException as error:
            raise ParseException("Failed to parse content to map", cause=error) from None
        if not isinstance(source, dict):
            raise ParseException("Failed to parse content to map")
        metadata = {
            "_index": item.index,
            "_id": item.id,
            "_routing": item.routing,
            "_version": item.version,
            "_version_type": item.version_type if item.version is not None else None,
            "_if_seq_no": item.if_seq_no,
            "_if_primary_term": item.if_primary_term,
        }
        return IngestDocument(source, metadata, self._clock.now())

    # ── simulation ───────────────────────────────────────────────────────────────────────────────────────────────

    async def simulate(self, id: str | None, body: JsonObject, *, verbose: bool = False) -> JsonObject:
        """What a stored pipeline, or the body's own, would make of the body's documents. Nothing is written.

        Raises IllegalArgumentException (unknown pipeline, no documents), ParseException.
        """
        caller.require("cluster:admin/ingest/pipeline/simulate")
        config = ProcessorConfig(body)
        if id is None:
            pipeline: IngestPipeline | None = self._compiler.pipeline(_INLINE, config.map("pipeline"))
        else:
            pipeline = await self._store.get(id)
        if pipeline is None:
            raise IllegalArgumentException(f"pipeline [{id}] does not exist")
        definitions = config.required_list("docs")
        if not definitions:
            raise IllegalArgumentException("must specify at least one document in [docs]")
        documents = [self._simulated(definition) for definition in definitions]
        if verbose:
            return {"docs": [await self._verbose(pipeline, document) for document in documents]}
        failures = await pipeline.run(documents)
        return {"docs": [_shown(document, failure) for document, failure in zip(documents, failures, strict=True)]}

    async def _verbose(self, pipeline: IngestPipeline, document: IngestDocument) -> JsonObject:
        document.trace = []
        await pipeline.run([document])
        return {"processor_results": document.trace}

    def _simulated(self, definition: Any) -> IngestDocument:
        if not isinstance(definition, dict):
            raise IllegalArgumentException("malformed [docs] section, should include an inner object")
        config = ProcessorConfig(definition)
        source = config.map("_source")
        metadata: JsonObject = {
            "_index": config.string_or_int("_index", "_index"),
            "_id": config.string_or_int("_id", "_id"),
            "_routing": config.string_or_int("_routing", "") or None,
            "_version": config.optional_integer("_version"),
            "_version_type": config.optional_string("_version_type"),
            "_if_seq_no": config.optional_integer("_if_seq_no"),
            "_if_primary_term": config.optional_integer("_if_primary_term"),
        }
        return IngestDocument(source, metadata, self._clock.now())


def _shown(document: IngestDocument, failure: Failure | None) -> JsonObject | None:
    if failure is not None:
        return {"error": error_body(failure.error)["error"]}
    return None if document.dropped else {"doc": document.to_json()}


def _name(pipeline: str | None) -> str | None:
    return None if not pipeline or pipeline == NONE else pipeline


def _pipelines(asked: str | None, index: str, metadata: Metadata) -> tuple[str | None, str | None]:
    """The request's and the final pipeline of a document."""
    return (
        _name(asked or _setting(metadata, index, "index.default_pipeline")),
        _name(_setting(metadata, index, "index.final_pipeline")),
    )


def _setting(metadata: Metadata, index: str, key: str) -> str | None:
    found = metadata.indices.get(index)
    return found.setting(key) if found is not None else None


def _item(item: IngestItem, document: IngestDocument) -> IngestItem | OpenSearchException:
    """The item as the document says it shall be written."""
    metadata = document.metadata()
    if metadata["_index"] is None:
        return configuration_error("[_index] was removed, so there is nowhere to write the document to")
    numbers: dict[str, int | None] = {}
    for key in ("_version", "_if_seq_no", "_if_primary_term"):
        try:
            numbers[key] = None if metadata[key] is None else int(java_text(metadata[key]))
        except ValueError:
            return IllegalArgumentException(f"[{key}] is no whole number: [{java_text(metadata[key])}]")
    version_type: Any = metadata["_version_type"] or "internal"
    if version_type not in ("internal", "external", "external_gte"):
        return IllegalArgumentException(f"No version type match [{java_text(version_type)}]")
    return replace(
        item,
        index=java_text(metadata["_index"]),
        id=None if metadata["_id"] is None else java_text(metadata["_id"]),
        routing=None if metadata["_routing"] is None else java_text(metadata["_routing"]),
        source=json.encode(document.source()),
        version=numbers["_version"],
        version_type=version_type,
        if_seq_no=numbers["_if_seq_no"],
        if_primary_term=numbers["_if_primary_term"],
    )
