"""Scrolls: a search whose pages are fetched one after another, from the moment of the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragstone.core import caller
from ragstone.core.clock import Clock
from ragstone.core.errors import (
    ActionRequestValidationException,
    IllegalArgumentException,
    IndexClosedException,
    IndexNotFoundException,
    JavaException,
    OpenSearchException,
    OpenSearchRejectedExecutionException,
    OpenSearchSecurityException,
    SearchContextMissingException,
    SearchException,
    SearchPhaseExecutionException,
    ShardFailure,
)
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.search_body import SearchBody
from ragstone.indices.resolver import Resolved
from ragstone.pipelines.processor import SearchResponse
from ragstone.search.contexts import SCROLL, Scroll, SearchContext, SearchContexts
from ragstone.search.execution import DEFAULT_SIZE, Place, SearchExecution
from ragstone.search.hybrid import all_shards_failed
from ragstone.search.pages import check_size
from ragstone.search.render import render

_CONTINUE, _CLEAR = "indices:data/read/scroll", "indices:data/read/scroll/clear"


class EOFException(JavaException):
    wire_type = "e_o_f_exception"
    status = 400


class ScrollService:
    def __init__(self, contexts: SearchContexts, execution: SearchExecution, clock: Clock) -> None:
        self._contexts = contexts
        self._execution = execution
        self._clock = clock

    async def open(self, targets: Sequence[Resolved], body: SearchBody, keep_alive: float) -> SearchContext:
        """For the first page, whose place is `Place(context.reader)`; `begin` or `Contexts.free` follows.

        Raises SearchPhaseExecutionException for what every shard refuses.
        """
        indices = [target.index for target in targets]
        size = body.size if body.size is not None else DEFAULT_SIZE
        if body.search_after is not None:
            # Differs: 400, where OpenSearch lets every shard fail with 500.
            raise SearchException("`search_after` cannot be used in a scroll context.")
        check_size(targets, size, self._execution.node)
        try:
            self._contexts.check_keep_alive(SCROLL, keep_alive)
            return await self._contexts.open(SCROLL, targets, keep_alive)
        except (IllegalArgumentException, OpenSearchRejectedExecutionException) as error:
            refusal = error
            failed = all_shards_failed(indices, self._execution.node, lambda _: refusal)
            failed.cause = failed.cause or refusal
            raise failed from None

    def begin(self, context: SearchContext, place: Place, response: SearchResponse) -> None:
        """The first page is there, and `place` has moved behind it."""
        later = replace(place.body or SearchBody(), track_total_hits=False, aggregations={})
        context.scroll = Scroll(place, later, response.total, response.max_score)

    def check_query(self, targets: Sequence[Resolved], body: SearchBody) -> None:
        """Raises SearchPhaseExecutionException for a hybrid query."""
        if isinstance(body.query, HybridQuery):
            reason = "Scroll operation is not supported in hybrid query"
            indices = [target.index for target in targets]
            raise all_shards_failed(indices, self._execution.node, lambda _: IllegalArgumentException(reason))

    async def page(self, id: str | None, keep_alive: float | None = None, *, total_as_int: bool = False) -> JsonObject:
        """The next page; empty behind the last. Without a `keep_alive`, in seconds, nothing comes after this one.

        Raises ActionRequestValidationException and IllegalArgumentException for what is no id,
        SearchPhaseExecutionException (404 when there is no such scroll, 403 when it is another user's).
        """
        start = self._clock.monotonic()
        if not id:
            raise ActionRequestValidationException.of(["scrollId is missing"])
        caller.require(_CONTINUE)
        _check_id(id)
        try:
            if keep_alive is not None:
                self._contexts.check_keep_alive(SCROLL, keep_alive)
            async with self._contexts.using(SCROLL, id, keep_alive) as context, context.turn:
                await self._check_owner(context)
                body, response = await self._next(context)
                if keep_alive is None:
                    await self._contexts.free(context)
        except (IndexNotFoundException, IndexClosedException):
            raise _nowhere(SearchContextMissingException(f"No search context found for id [{id}]")) from None
        except (SearchContextMissingException, OpenSearchSecurityException, IllegalArgumentException) as error:
            raise _nowhere(error) from None
        took = int((self._clock.monotonic() - start) * 1000)
        return {"_scroll_id": id, **render(body, response, took, total_as_int=total_as_int)}

    async def clear(self, ids: Sequence[str]) -> int:
        """Free these scrolls; how many there were. Own ones need no right.

        Raises ActionRequestValidationException, IllegalArgumentException, OpenSearchSecurityException.
        """
        if not ids:
            raise ActionRequestValidationException.of(["no scroll ids specified"])
        if "_all" in ids:
            return await self.clear_all()
        for id in ids:
            _check_id(id)
        found = [self._contexts.get(SCROLL, id) for id in dict.fromkeys(ids)]
        if not all(context is not None and context.is_own() for context in found):
            caller.require(_CLEAR)
        return await self._free([context for context in found if context is not None])

    async def clear_all(self) -> int:
        """Raises OpenSearchSecurityException."""
        caller.require(_CLEAR)
        return await self._free(self._contexts.all(SCROLL))

    def count_open(self) -> int:
        return len(self._contexts.all(SCROLL))

    async def _next(self, context: SearchContext) -> tuple[SearchBody, SearchResponse]:
        scroll = context.scroll
        if scroll is None or self._contexts.get(SCROLL, context.id) is None:
            raise SearchContextMissingException(f"No search context found for id [{context.id}]")
        try:
            response = await self._execution.run(context.targets, scroll.body, place=scroll.place)
        except (IndexNotFoundException, IndexClosedException, SearchContextMissingException):
            await self._contexts.free(context)
            raise
        response.total, response.max_score = scroll.total, scroll.max_score
        return scroll.body, response

    async def _check_owner(self, context: SearchContext) -> None:
        """Recorded OpenSearch behaviour: whoever tries somebody else's scroll ends it."""
        if not context.is_own():
            await self._contexts.free(context)
            raise OpenSearchSecurityException("Wrong user in reader context")

    async def _free(self, contexts: Sequence[SearchContext]) -> int:
        for context in contexts:
            await self._contexts.free(context)
        return len(contexts)


def _check_id(id: str) -> None:
    if not SCROLL.check_id(id):
        raise IllegalArgumentException("Cannot parse scroll id", cause=EOFException("the id is cut short, or no id"))


def _nowhere(error: OpenSearchException) -> SearchPhaseExecutionException:
    return SearchPhaseExecutionException(failures=[ShardFailure(None, None, error, shard=-1)], cause=error)


__all__ = ["ScrollService"]
