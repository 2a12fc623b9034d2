"""Points in time: a moment of some indices that searches can name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ragstone.core.errors import (
    ActionRequestValidationException,
    IllegalArgumentException,
    OpenSearchRejectedExecutionException,
    SearchContextMissingException,
    SearchPhaseExecutionException,
    ShardFailure,
)
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.point_in_time import PointInTime
from ragstone.engine.api import Engine
from ragstone.indices.access import permitted, require_on
from ragstone.indices.blocks import check_blocks
from ragstone.indices.resolver import IndicesOptions, Resolved
from ragstone.search.contexts import POINT_IN_TIME, SearchContext, SearchContexts
from ragstone.search.hybrid import all_shards_failed
from ragstone.search.render import shards

_CREATE, _DELETE = "indices:data/read/point_in_time/create", "indices:data/read/point_in_time/delete"
_READ_ALL = "indices:data/read/point_in_time/readall"
_LEAST_KEEP_ALIVE = 30.0
"""Seconds; shorter wishes are heard, and this long is kept."""


class PointInTimeService:
    """Anybody who may search the indices may use a point in time, whoever made it."""

    def __init__(self, engine: Engine, contexts: SearchContexts) -> None:
        self._engine = engine
        self._contexts = contexts
        self._node = engine.capabilities().node

    async def create(
        self, expression: str, keep_alive: float | None, *, options: IndicesOptions | None = None
    ) -> JsonObject:
        """Raises ActionRequestValidationException, IndexNotFoundException, IndexClosedException, ClusterBlockException,
        IllegalArgumentException, SearchPhaseExecutionException (429: too many are open)."""
        if keep_alive is None:
            raise ActionRequestValidationException.of(["keep alive not specified"])
        targets = permitted(await self._engine.metadata(), expression, options, _CREATE)
        check_blocks((target.index for target in targets), "read")
        self._contexts.check_keep_alive(POINT_IN_TIME, keep_alive)
        if not targets:
            # Differs: says why; OpenSearch tries to read the id that it has not made.
            raise IllegalArgumentException(f"a point in time needs an index, but [{expression}] matches none")
        try:
            context = await self._contexts.open(POINT_IN_TIME, targets, max(keep_alive, _LEAST_KEEP_ALIVE))
        except OpenSearchRejectedExecutionException as refusal:
            failures = [ShardFailure(target.index.name, self._node, refusal) for target in targets]
            raise SearchPhaseExecutionException(failures=failures, cause=refusal, phase="create_pit") from None
        return {"pit_id": context.id, "_shards": shards(context.reader.shards), "creation_time": context.created}

    def targets(self, pit: PointInTime) -> Sequence[Resolved]:
        """The indices that a point in time is of. Raises as `using`."""
        _check_id(pit.id)
        context = self._contexts.get(POINT_IN_TIME, pit.id)
        if context is None:
            raise self._missing(pit.id, ())
        return context.targets

    @asynccontextmanager
    async def using(self, pit: PointInTime) -> AsyncIterator[SearchContext]:
        """For the time of a search. Raises IllegalArgumentException for what is no id, SearchPhaseExecutionException
        (404: it is not there any more), IndexNotFoundException, IndexClosedException."""
        targets = self.targets(pit)
        if pit.keep_alive is not None:
            self._check_keep_alive(targets, pit.keep_alive)
        try:
            async with self._contexts.using(POINT_IN_TIME, pit.id, pit.keep_alive) as context:
                yield context
        except SearchContextMissingException:
            raise self._missing(pit.id, targets) from None

    async def delete(self, ids: Sequence[str]) -> JsonObject:
        """One that is not there is deleted already. Raises ActionRequestValidationException and
        IllegalArgumentException for what is no id."""
        if not ids:
            raise ActionRequestValidationException.of(["no pit ids specified"])
        if "_all" in ids:
            return await self.delete_all()
        for id in ids:
            _check_id(id)
        wanted = list(dict.fromkeys(ids))
        found = [self._contexts.get(POINT_IN_TIME, id) for id in wanted]
        await self._free([context for context in found if context is not None])
        return _deleted(wanted)

    async def delete_all(self) -> JsonObject:
        found = self._contexts.all(POINT_IN_TIME)
        await self._free(found)
        return _deleted([context.id for context in found])

    async def list_all(self) -> JsonObject:
        _require(self._contexts.all(POINT_IN_TIME), _READ_ALL)
        return {
            "pits": [
                {
                    "pit_id": context.id,
                    "creation_time": context.created,
                    "keep_alive": int(context.keep_alive * 1000),
                }
                for context in self._contexts.all(POINT_IN_TIME)
            ]
        }

    async def _free(self, contexts: Sequence[SearchContext]) -> None:
        _require(contexts, _DELETE)
        for context in contexts:
            await self._contexts.free(context)

    def count_open(self) -> int:
        return len(self._contexts.all(POINT_IN_TIME))

    def _check_keep_alive(self, targets: Sequence[Resolved], keep_alive: float) -> None:
        try:
            self._contexts.check_keep_alive(POINT_IN_TIME, keep_alive)
        except IllegalArgumentException as error:
            refusal = error
            raise all_shards_failed([target.index for target in targets], self._node, lambda _: refusal) from None

    def _missing(self, id: str, targets: Sequence[Resolved]) -> SearchPhaseExecutionException:
        error = SearchContextMissingException(f"No search context found for id [{id}]")
        names: list[str | None] = [target.index.name for target in targets]
        return SearchPhaseExecutionException(
            failures=[ShardFailure(name, self._node, error) for name in names or [None]]
        )


def _require(contexts: Sequence[SearchContext], action: str) -> None:
    require_on((target.index for context in contexts for target in context.targets), action)


def _check_id(id: str) -> None:
    if not POINT_IN_TIME.check_id(id):
        # Differs: OpenSearch decodes what it can, and complains of that.
        raise IllegalArgumentException("invalid pit id")


def _deleted(ids: Sequence[str]) -> JsonObject:
    return {"pits": [{"successful": True, "pit_id": id} for id in ids]}


__all__ = ["PointInTimeService"]
