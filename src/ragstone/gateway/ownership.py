"""Which requests are ours: those that need something the cluster has not got.

Everything is decided on what the request says, on the pipelines we keep, and on the picture of the indices; only for an
index that does not exist yet is the cluster asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from ragstone.core import json
from ragstone.core.cluster_settings import find
from ragstone.core.errors import OpenSearchException
from ragstone.dsl import foreign
from ragstone.dsl.bulk import BulkDefaults, parse_bulk
from ragstone.engine.api import ClusterApi, Engine
from ragstone.gateway.catalogue import ClusterCatalogue
from ragstone.gateway.targets import meant
from ragstone.indices.resolver import write_index
from ragstone.pipelines.processor import (
    ingest_processors,
    phase_results_processors,
    request_processors,
    response_processors,
)

INGEST, SEARCH = "ingest_pipeline", "search_pipeline"
"""Kinds of records."""
NEED_MODELS = frozenset(
    {
        "text_embedding", "text_image_embedding", "sparse_encoding", "ml_inference", "neural_query_enricher", "rerank",
        "retrieval_augmented_generation", "normalization-processor", "score-ranker-processor",
    }
)  # fmt: skip
"""Processors that are ours even where the cluster has them too: they work with our models, or on our ranked lists."""
_DEFAULT = {INGEST: "index.default_pipeline", SEARCH: "index.search.default_pipeline"}
_MARKS = tuple(f'"{name}"'.encode() for name in (*sorted(foreign.CLAUSES), "generative_qa_parameters"))


class Ownership:
    """Each method answers whether a request needs us. None raises for what is wrong with a request: the cluster says
    that best."""

    def __init__(self, engine: Engine, api: ClusterApi, catalogue: ClusterCatalogue) -> None:
        self._engine = engine
        self._api = api
        self._catalogue = catalogue

    # ── searches ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def search(self, expression: str | None, named: str | None, body: bytes) -> bool:
        if any(mark in body for mark in _MARKS):
            return True
        if b'"hybrid"' in body and "opensearch-neural-search" not in (await self._catalogue.features()).plugins:
            return True
        if b'"search_pipeline"' in body and named is None:
            given = _decoded(body).get("search_pipeline")
            if isinstance(given, dict):
                return await self.definition(SEARCH, given)
            named = given if isinstance(given, str) else None
        ours = await self._names(SEARCH)
        if not ours:
            return False
        if named is not None:
            return named in ours
        metadata = await self._engine.metadata()
        return any(index.setting(_DEFAULT[SEARCH]) in ours for index in meant(metadata, expression))

    async def searches(self, expression: str | None, named: str | None, body: bytes) -> bool:
        """`_msearch`: all of them are ours when one is."""
        lines = [line for line in body.split(b"\n") if line.strip()]
        for header, search in zip(lines[::2], lines[1::2], strict=False):
            found = _decoded(header)
            index, pipeline = found.get("index"), found.get("search_pipeline", named)
            target = ",".join(map(str, index)) if isinstance(index, list) else index
            if await self.search(target or expression, pipeline, search):
                return True
        return False

    # ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def write(self, index: str, pipeline: str | None) -> bool:
        """A write of one document, by the name it goes to."""
        ours = await self._names(INGEST)
        return bool(ours) and await self._through(ours, index, pipeline)

    async def bulk(self, index: str | None, pipeline: str | None, body: bytes) -> bool:
        """Whether one of the items is ours; then the request is."""
        ours = await self._names(INGEST)
        if not ours:
            return False
        try:
            items = parse_bulk(body, BulkDefaults(index, None, pipeline, None, None))
        except OpenSearchException:
            return False
        targets = {(item.index or "", item.pipeline) for item in items if item.action != "delete"}
        for target in targets:
            if await self._through(ours, *target):
                return True
        return False

    async def keeps_ingest_pipelines(self) -> bool:
        """Whether any write could be ours."""
        return bool(await self._names(INGEST))

    async def _through(self, ours: frozenset[str], name: str, pipeline: str | None) -> bool:
        if pipeline is not None:
            return pipeline in ours
        try:
            index = write_index(await self._engine.metadata(), name)
        except OpenSearchException:
            return False
        if index is not None:
            return index.setting(_DEFAULT[INGEST]) in ours
        return await self._template_default(name) in ours

    async def _template_default(self, name: str) -> str | None:
        """The pipeline that an index of this name would be made with."""
        target = f"/_index_template/_simulate_index/{quote(name, safe='')}"
        try:
            answer = await self._api.call("POST", target, as_service=True)
        except OpenSearchException:
            return None  # the name is none; the cluster will say so
        settings = (answer or {}).get("template", {}).get("settings", {}).get("index", {})
        found: str | None = settings.get("default_pipeline")
        return found

    # ── pipelines and settings ───────────────────────────────────────────────────────────────────────────────────────

    async def pipeline(self, kind: str, id: str) -> bool:
        """Whether we keep the pipeline of this name."""
        return id in await self._names(kind)

    async def definition(self, kind: str, body: Any) -> bool:
        """Whether a pipeline needs a processor that only we have."""
        types = set(_processor_types(body))
        if kind == INGEST:
            known, theirs = ingest_processors.names(), (await self._catalogue.features()).ingest
        else:
            registries = (request_processors, phase_results_processors, response_processors)
            known = [name for registry in registries for name in registry.names()]
            theirs = (await self._catalogue.features()).search
        ours = set(known) & (NEED_MODELS | (set(known) - theirs))
        inner = {name for name in _inner_pipelines(body) if name in await self._names(kind)}
        return bool(types & ours) or bool(inner)

    def setting(self, key: str) -> bool:
        """Whether a cluster setting is one of ours."""
        return key.startswith(("plugins.ml_commons", "plugins.ragstone", "plugins.neural_search")) and (
            find(key) is not None or key.endswith("*")
        )

    async def _names(self, kind: str) -> frozenset[str]:
        return frozenset(record.name for record in await self._engine.list_records(kind))


def _decoded(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.decode(body)
    except OpenSearchException:
        return {}
    return found if isinstance(found, dict) else {}


def _processor_types(body: Any) -> Iterator[str]:
    """Names of processors anywhere in a pipeline's definition: in its lists, in `on_failure`, inside `foreach`."""
    if not isinstance(body, dict):
        return
    lists = ("processors", "on_failure", "request_processors", "phase_results_processors", "response_processors")
    for name in lists:
        for entry in _list(body.get(name)):
            if isinstance(entry, dict):
                for type, options in entry.items():
                    yield type
                    yield from _processor_types(options)
    inner = body.get("processor")
    if isinstance(inner, dict):
        yield from inner


def _inner_pipelines(body: Any) -> Iterator[str]:
    if not isinstance(body, dict):
        return
    for name in ("processors", "on_failure"):
        for entry in _list(body.get(name)):
            inner = entry.get("pipeline") if isinstance(entry, dict) else None
            if isinstance(inner, dict) and isinstance(inner.get("name"), str):
                yield inner["name"]


def _list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else ()
