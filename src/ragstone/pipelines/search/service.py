"""Search pipelines as a service: stored definitions, and which of them a search goes through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ragstone.core import caller
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.engine.api import RecordStore
from ragstone.engine.values import IndexMetadata
from ragstone.pipelines.processor import ProcessorServices
from ragstone.pipelines.search import phase_results, request, response  # noqa: F401  (registers the processors)
from ragstone.pipelines.search.pipeline import SearchPipeline, compile_pipeline
from ragstone.pipelines.store import PipelineStore

NONE = "_none"
"""Says "no pipeline" where a pipeline's name is expected."""
_AD_HOC = "_ad_hoc_pipeline"
_DEFAULT = "index.search.default_pipeline"


class SearchPipelineService:
    """Stores search pipelines and chooses among them."""

    def __init__(self, engine: RecordStore, services: ProcessorServices) -> None:
        self._services = services
        self._store: PipelineStore[SearchPipeline] = PipelineStore(engine, "search_pipeline", self._compile)

    def _compile(self, id: str, body: JsonObject) -> SearchPipeline:
        return compile_pipeline(id, body, self._services)

    async def put(self, id: str, body: JsonObject) -> None:
        """Store or replace a pipeline. Raises for the first fault of its definition."""
        caller.require("cluster:admin/search/pipeline/put")
        await self._store.put(id, body)

    async def get(self, patterns: Sequence[str]) -> dict[str, JsonObject]:
        """Definitions as they were sent, by id; ids may hold `*`, none means all."""
        caller.require("cluster:admin/search/pipeline/get")
        return await self._store.bodies(patterns)

    async def delete(self, pattern: str) -> None:
        """Raises ResourceNotFoundException."""
        caller.require("cluster:admin/search/pipeline/delete")
        await self._store.delete(pattern)

    async def choose(
        self, named: str | None, in_body: str | JsonObject | None, indices: Iterable[IndexMetadata]
    ) -> SearchPipeline | None:
        """The pipeline of a search: the request's, else the body's, else the default that its indices agree on.

        Indices without a default do not count; two different defaults make none. A name that is not ours makes none
        either where there are processors elsewhere, for then it is theirs.
        Raises IllegalArgumentException (unknown name; a name beside a definition), and the faults of a definition.
        """
        if isinstance(in_body, dict):
            if named is not None:
                raise IllegalArgumentException(
                    "Both named and inline search pipeline were specified. Please only specify one or the other."
                )
            return self._compile(_AD_HOC, in_body)
        name = named if named is not None else in_body
        if name is None:
            defaults = {index.setting(_DEFAULT) for index in indices} - {None, NONE}
            name = defaults.pop() if len(defaults) == 1 else None
        if name is None or name == NONE:
            return None
        pipeline = await self._store.get(name)
        if pipeline is None and self._services.elsewhere is None:
            raise IllegalArgumentException(f"Pipeline {name} is not defined")
        return pipeline
