"""`_reindex`: copying what a search finds into another index."""

from __future__ import annotations

from ragstone.core import caller
from ragstone.core.errors import ActionRequestValidationException, IndexNotFoundException
from ragstone.documents.by_scroll import ByScrollOutcome, ByScrollPlan, ByScrollStatus, ByScrollWorker
from ragstone.dsl.bulk import BulkItem, item_faults
from ragstone.dsl.reindex import ReindexBody
from ragstone.engine.api import Engine
from ragstone.engine.values import Hit
from ragstone.indices.access import permitted
from ragstone.indices.resolver import is_alias, write_index

REINDEX = "indices:data/write/reindex"


class ReindexService:
    """See the module's docstring."""

    def __init__(self, engine: Engine, worker: ByScrollWorker) -> None:
        self._engine = engine
        self._worker = worker

    async def reindex(
        self, body: ReindexBody, progress: ByScrollStatus, *, require_alias: bool = False
    ) -> ByScrollOutcome:
        """Copy documents. They keep their ids, whatever version is there unless the destination counts versions.

        `body` is valid. Raises ActionRequestValidationException (into an index that is read from; versions that do not
        go with `create`), IndexNotFoundException, IllegalArgumentException (an alias without an index to write to),
        and what `ByScrollWorker.run` raises.
        """
        caller.require(REINDEX)
        await self._check(body, require_alias)
        destination = body.destination

        def item(hit: Hit, source: bytes) -> BulkItem:
            made = BulkItem(
                destination.op_type,
                destination.index,
                hit.id,
                destination.routing_of(hit.routing),
                version=hit.version if destination.version_type != "internal" else None,
                version_type=destination.version_type,
                pipeline=destination.pipeline,
                require_alias=require_alias,
                source=source,
            )
            faults = item_faults(made)
            if faults:
                raise ActionRequestValidationException.of(faults)
            return made

        plan = ByScrollPlan(body.expression, None, body.by_scroll, item, ("updated", "created", "deleted"))
        return await self._worker.run(plan, progress)

    async def _check(self, body: ReindexBody, require_alias: bool) -> None:
        """What can be told before a document is read."""
        metadata, name = await self._engine.metadata(), body.destination.index or ""
        read = permitted(metadata, body.expression, None, "indices:data/read/search")
        sources = {found.index.name for found in read}
        if require_alias and not is_alias(metadata, name):
            raise IndexNotFoundException(
                name,
                resource_type=None,
                suffix=f" and [require_alias] request flag is [true] and [{name}] is not an alias",
            )
        target = write_index(metadata, name)
        if target is not None and target.name in sources:
            raise ActionRequestValidationException.of(
                [f"reindex cannot write into an index its reading from [{target.name}]"]
            )
