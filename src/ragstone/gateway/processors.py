"""Ingest processors that only the cluster has, run there by its simulation: nothing is written."""

from __future__ import annotations

from collections.abc import Sequence

from ragstone.core.errors import OpenSearchException
from ragstone.core.xcontent import JsonObject
from ragstone.engine.api import ClusterApi
from ragstone.gateway.catalogue import ClusterCatalogue
from ragstone.pipelines.ingest.document import METADATA, IngestDocument

_SIMULATED = ("_index", "_id", "_routing", "_version", "_version_type")
_NO_INDEX = "_index"
"""What the simulation calls the index of a document that has none."""


class ClusterProcessors:
    """`ProcessorsElsewhere` of a cluster."""

    def __init__(self, api: ClusterApi, catalogue: ClusterCatalogue) -> None:
        self._api = api
        self._catalogue = catalogue

    def knows(self, type: str) -> bool:
        """See `ProcessorsElsewhere`."""
        known = self._catalogue.known
        return type in known.ingest or type in known.search

    async def run(self, definition: JsonObject, documents: Sequence[IngestDocument]) -> list[Exception | None]:
        """See `ProcessorsElsewhere`. A definition that the cluster refuses is every document's error."""
        docs = [_simulated(document) for document in documents]
        body = {"pipeline": {"processors": [definition]}, "docs": docs}
        try:
            # Who may write through a pipeline need not be somebody who may simulate one.
            answer = await self._api.call("POST", "/_ingest/pipeline/_simulate", body, as_service=True)
        except OpenSearchException as error:
            return [error] * len(documents)
        return [self._taken(document, result) for document, result in zip(documents, answer["docs"], strict=True)]

    def _taken(self, document: IngestDocument, result: JsonObject | None) -> OpenSearchException | None:
        """Make the document what the cluster made of it."""
        if result is None:
            document.dropped = True
            return None
        if "error" in result:
            return self._api.error(result["error"], 400)
        made = result["doc"]
        kept = {key: value for key, value in document.metadata().items() if key not in _SIMULATED and value is not None}
        document.fields.clear()
        document.fields.update(made["_source"])
        document.fields.update(kept)
        document.fields.update({key: made[key] for key in METADATA if key in made and made[key] != _NO_INDEX})
        return None


def _simulated(document: IngestDocument) -> JsonObject:
    metadata = {key: value for key, value in document.metadata().items() if key in _SIMULATED and value is not None}
    return {**metadata, "_source": document.source()}
