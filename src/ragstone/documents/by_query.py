"""Deleting and updating what a query finds."""

from __future__ import annotations

from ragstone.core.errors import ActionRequestValidationException
from ragstone.documents.by_scroll import ByScrollOutcome, ByScrollPlan, ByScrollStatus, ByScrollWorker
from ragstone.documents.service import check_rewrite
from ragstone.dsl.bulk import BulkItem
from ragstone.dsl.by_scroll import ByScroll
from ragstone.engine.api import Engine
from ragstone.engine.values import Hit
from ragstone.indices.access import permitted
from ragstone.indices.resolver import IndicesOptions

DELETE_BY_QUERY = "indices:data/write/delete/byquery"
UPDATE_BY_QUERY = "indices:data/write/update/byquery"


class ByQueryService:
    """One method per action. Every write is for the very version that the search found: a document that has changed
    since is a version conflict."""

    def __init__(self, engine: Engine, worker: ByScrollWorker) -> None:
        self._engine = engine
        self._worker = worker

    async def delete_by_query(
        self,
        expression: str,
        request: ByScroll,
        progress: ByScrollStatus,
        *,
        options: IndicesOptions | None = None,
    ) -> ByScrollOutcome:
        """Delete what is found. Raises what `ByScrollWorker.run` raises."""
        permitted(await self._engine.metadata(), expression, options, DELETE_BY_QUERY)
        plan = ByScrollPlan(expression, options, request, _delete, ("deleted",), needs_source=False)
        return await self._worker.run(plan, progress)

    async def update_by_query(
        self,
        expression: str,
        request: ByScroll,
        progress: ByScrollStatus,
        *,
        options: IndicesOptions | None = None,
        pipeline: str | None = None,
    ) -> ByScrollOutcome:
        """Write what is found once more, through `pipeline`, so that it is indexed as mappings are now.

        Raises what `ByScrollWorker.run` raises.
        """
        targets = permitted(await self._engine.metadata(), expression, options, UPDATE_BY_QUERY)
        check_rewrite(target.index for target in targets)

        def item(hit: Hit, source: bytes) -> BulkItem:
            return BulkItem(
                "index",
                hit.index,
                hit.id,
                hit.routing,
                if_seq_no=hit.seq_no,
                if_primary_term=hit.primary_term,
                pipeline=pipeline,
                source=source,
            )

        plan = ByScrollPlan(expression, options, request, item, ("updated", "deleted"))
        return await self._worker.run(plan, progress)


def check_delete_by_query(request: ByScroll) -> None:
    """Raises ActionRequestValidationException; a query is a must."""
    faults = request.faults()
    if request.search.query is None:
        faults.append("query is missing")
    if faults:
        raise ActionRequestValidationException.of(faults)


def check_update_by_query(request: ByScroll) -> None:
    """Raises ActionRequestValidationException."""
    faults = request.faults()
    if faults:
        raise ActionRequestValidationException.of(faults)


def _delete(hit: Hit, _: bytes) -> BulkItem:
    return BulkItem("delete", hit.index, hit.id, hit.routing, if_seq_no=hit.seq_no, if_primary_term=hit.primary_term)
