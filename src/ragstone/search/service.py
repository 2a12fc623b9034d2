"""Search as clients know it: names, pipelines, models, engine, response."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from dataclasses import replace

from ragstone.core.clock import Clock, Deadline
from ragstone.core.errors import IllegalArgumentException, SearchException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.queries.match_all import MatchAllQuery
from ragstone.dsl.query import Query
from ragstone.dsl.search_body import SearchBody
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.api import Engine
from ragstone.indices.access import named_security_index, permitted, require_on
from ragstone.indices.blocks import check_blocks
from ragstone.indices.resolver import IndicesOptions, Resolved
from ragstone.indices.views import views_of
from ragstone.ml.ports import Predictor
from ragstone.pipelines.processor import PipelineContext, SearchResponse
from ragstone.pipelines.search.pipeline import SearchPipeline
from ragstone.pipelines.search.service import SearchPipelineService
from ragstone.search.contexts import SCROLL, SearchContexts
from ragstone.search.execution import Place, SearchExecution, surviving
from ragstone.search.hybrid import MisplacedHybridException, all_shards_failed
from ragstone.search.pages import Page, pages
from ragstone.search.point_in_time import PointInTimeService
from ragstone.search.render import render, shards
from ragstone.search.rewrite import rewrite_neural
from ragstone.search.scroll import ScrollService
from ragstone.search.trace import VerboseTrace
from ragstone.search.validation import check_search, check_slice


class SearchService:
    """`search` is a straight list; reading it is reading the feature."""

    def __init__(
        self,
        engine: Engine,
        pipelines: SearchPipelineService,
        predictor: Predictor,
        contexts: SearchContexts,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._pipelines = pipelines
        self._predictor = predictor
        self._contexts = contexts
        self._clock = clock
        self._node = engine.capabilities().node
        self._execution = SearchExecution(engine, clock, self._node)
        self.scrolls = ScrollService(contexts, self._execution, clock)
        self.points_in_time = PointInTimeService(engine, contexts)

    async def search(
        self,
        expression: str | None,
        body: SearchBody,
        *,
        options: IndicesOptions | None = None,
        pipeline: str | None = None,
        total_as_int: bool = False,
        scroll: float | None = None,
        parameters: Collection[str] = (),
    ) -> JsonObject:
        """The response of one search. `pipeline` is the one that the URL names; `scroll` keeps it open for that many
        seconds, for further pages; `parameters` are those of `validation.PARAMETERS` that were given.

        Raises IndexNotFoundException, ClusterBlockException, IllegalArgumentException, SearchPhaseExecutionException,
        and what processors and models raise. Cancelling the caller cancels what a processor waits for.
        """
        start = self._clock.monotonic()
        check_search(body, expression=expression, options=options, scroll=scroll is not None, parameters=parameters)
        _refuse(body)
        held: JsonObject = {}
        if body.pit is not None:
            async with self.points_in_time.using(body.pit) as context:
                require_on((target.index for target in context.targets), "indices:data/read/search")
                held = {"pit_id": context.id}
                body, response = await self._answer(context.targets, body, pipeline, Place(context.reader))
        else:
            targets = await self._targets(expression, options)
            if scroll is not None and targets:
                held, body, response = await self._first_page(targets, body, pipeline, scroll)
            else:
                body, response = await self._answer(targets, body, pipeline)
            if not targets and named_security_index(expression):
                response.max_score = None  # as of an index in which nothing is found
        return {**held, **render(body, response, self._elapsed(start), total_as_int=total_as_int)}

    async def _first_page(
        self, targets: list[Resolved], body: SearchBody, pipeline: str | None, keep_alive: float
    ) -> tuple[JsonObject, SearchBody, SearchResponse]:
        context = await self.scrolls.open(targets, body, keep_alive)
        try:
            place = Place(context.reader)
            async with self._contexts.using(SCROLL, context.id):
                # Whatever was said, a scroll counts all.
                counting = replace(body, track_total_hits=True)
                body, response = await self._answer(targets, counting, pipeline, place, scrolling=True)
            self.scrolls.begin(context, place, response)
        except BaseException:
            await self._contexts.free(context)
            raise
        return {"_scroll_id": context.id}, body, response

    async def _answer(
        self,
        targets: Sequence[Resolved],
        body: SearchBody,
        pipeline: str | None,
        place: Place | None = None,
        *,
        scrolling: bool = False,
    ) -> tuple[SearchBody, SearchResponse]:
        """The search and its response, as a pipeline leaves both."""
        indices = [target.index for target in targets]
        check_slice(body.slice, indices, scroll=scrolling, held=place is not None, node=self._node)
        chosen = await self._pipelines.choose(pipeline, body.search_pipeline, (target.index for target in targets))
        if body.verbose_pipeline and chosen is None:
            raise IllegalArgumentException("The 'verbose pipeline' option requires a search pipeline to be defined.")
        if chosen is not None:
            return await self._through(chosen, targets, body, place, scrolling)
        rewritten = await self._rewritten(targets, body, scrolling)
        return body, await self._execution.run(targets, rewritten, place=place)

    async def _through(
        self,
        pipeline: SearchPipeline,
        targets: Sequence[Resolved],
        body: SearchBody,
        place: Place | None,
        scrolling: bool,
    ) -> tuple[SearchBody, SearchResponse]:
        context = PipelineContext(pipeline_id=pipeline.id)
        trace = VerboseTrace(body) if body.verbose_pipeline else None
        body = await pipeline.transform_request(body, context, trace)
        rewritten = await self._rewritten(targets, body, scrolling)
        response = await self._execution.run(
            targets,
            rewritten,
            place=place,
            between=(lambda result: pipeline.transform_results(result, rewritten, context))
            if pipeline.phase_results
            else None,
            # Processors look into documents whatever of them the client is shown.
            keep_source=bool(pipeline.response),
        )
        response = await pipeline.transform_response(body, response, context, trace)
        if trace is not None:
            response.processor_results = trace.entries
        return body, response

    async def _rewritten(self, targets: Sequence[Resolved], body: SearchBody, scrolling: bool = False) -> SearchBody:
        asked = [query for query in (body.query, body.post_filter) if query is not None]
        deadline = Deadline.after(self._clock, body.timeout) if body.timeout is not None and body.timeout > 0 else None
        indices = [target.index for target in targets]
        try:
            answers = await rewrite_neural(asked, indices, self._predictor, deadline)
        except MisplacedHybridException as error:
            misplaced = error
            raise all_shards_failed(indices, self._node, lambda _: misplaced) from None
        if any(answer is not query for answer, query in zip(answers, asked, strict=True)):
            queries = iter(answers)
            body = replace(
                body,
                query=next(queries) if body.query is not None else None,
                post_filter=next(queries) if body.post_filter is not None else None,
            )
        if scrolling:
            self.scrolls.check_query(targets, body)
        return body

    async def count(
        self, expression: str | None, query: Query | None, *, options: IndicesOptions | None = None
    ) -> JsonObject:
        """How many documents match. No pipeline applies (`Differs:` OpenSearch runs the default one here too)."""
        targets = await self._targets(expression, options)
        [rewritten] = await rewrite_neural([query or MatchAllQuery()], [t.index for t in targets], self._predictor)
        if isinstance(rewritten, HybridQuery):
            rewritten = rewritten.any()

        async def counted(found: Sequence[Resolved]) -> JsonObject:
            number = await self._engine.count(
                [target.index.name for target in found],
                rewritten,
                {target.index.name: target.filter for target in found if target.filter is not None},
                views_of(target.index for target in found),
            )
            return {"count": number, "_shards": shards(sum(target.index.number_of_shards for target in found))}

        return await surviving(targets, counted)

    async def pages(
        self,
        expression: str | None,
        body: SearchBody,
        size: int,
        *,
        sources: bool = True,
        options: IndicesOptions | None = None,
        deadline: Deadline | None = None,
    ) -> AsyncGenerator[Page, None]:
        """All hits of a search, `size` at a time, with or without their sources; see `pages.pages`.

        No pipeline applies (`Differs:` OpenSearch runs the default one here too). Raises what `search` raises.
        """
        targets = await self._targets(expression, options)
        rewritten = await self._rewritten(targets, body)
        found = pages(self._engine, targets, rewritten, size, sources=sources, node=self._node, deadline=deadline)
        async with aclosing(found):
            async for page in found:
                yield page

    async def _targets(self, expression: str | None, options: IndicesOptions | None) -> list[Resolved]:
        targets = permitted(await self._engine.metadata(), expression, options, "indices:data/read/search")
        check_blocks((target.index for target in targets), "read")
        return targets

    def _elapsed(self, start: float) -> int:
        return int((self._clock.monotonic() - start) * 1000)


def _refuse(body: SearchBody) -> None:
    """What makes no sense together, and what is understood and would change the answer but is not done yet."""
    if body.search_after is not None and body.from_:
        # Differs: 400, where OpenSearch lets every shard fail with 500.
        raise SearchException("`from` parameter must be set to 0 when `search_after` is used.")
    if body.indices_boost:
        raise unsupported("indices_boost")
    if body.include_named_queries_score:
        raise unsupported("include_named_queries_score")
