"""The plain search: query and fetch over resolved indices, without pipelines and models."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ragstone.core import json
from ragstone.core.clock import Clock, Deadline
from ragstone.core.errors import IndexNotFoundException, OpenSearchTimeoutException
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.queries.match_all import MatchAllQuery
from ragstone.dsl.query import Query
from ragstone.dsl.search_body import SearchBody
from ragstone.dsl.slices import Slice
from ragstone.dsl.source_filter import SourceFilter, filter_tree
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.api import SearchEngine
from ragstone.engine.values import FetchOptions, Hit, QueryPhaseResult, QueryRequest, RankedHit, Reader, Total
from ragstone.indices.resolver import Resolved
from ragstone.indices.views import views_of
from ragstone.pipelines.processor import SearchResponse
from ragstone.search.explain import explanation_json
from ragstone.search.fields import field_values
from ragstone.search.hybrid import as_hybrid
from ragstone.search.render import shows_source
from ragstone.search.restricted import check_aggregations

R = TypeVar("R")

DEFAULT_SIZE = 10
_DEFAULT_TOTAL = 10_000


@dataclass
class Place:
    """Where a search of several pages stands in a reader. Every run moves it."""

    reader: Reader
    behind: RankedHit | None = None
    """The last hit so far."""
    body: SearchBody | None = None
    """The search, as the last run was told it."""


@dataclass(frozen=True)
class SearchExecution:
    """Runs searches whose queries an engine understands."""

    engine: SearchEngine
    clock: Clock
    node: str = ""
    """Whose shards they are that fail."""

    async def run(
        self,
        targets: Sequence[Resolved],
        body: SearchBody,
        *,
        between: Callable[[QueryPhaseResult], None] | None = None,
        keep_source: bool = False,
        hidden: Sequence[str] = (),
        place: Place | None = None,
    ) -> SearchResponse:
        """Rank what the caller sees, let `between` work on the ranked lists, and fetch the page that the body asks for.

        `keep_source` fetches documents even where the response will not show them. `hidden` are paths whose values
        `fields`, `docvalue_fields` and `highlight` must not show. A search that its own `timeout`
        ends comes back empty and `timed_out`. One of several indices that is deleted meanwhile is left out. With a
        `place` the search is of its reader, and brings what comes behind.
        Raises SearchPhaseExecutionException, IndexNotFoundException; with a place what `Engine.open_reader` says.
        """
        if place is not None:
            return await self._run(targets, body, between, keep_source, hidden, place)

        async def ranked(found: Sequence[Resolved]) -> SearchResponse:
            return await self._run(found, body, between, keep_source, hidden, None)

        return await surviving(targets, ranked)

    async def _run(
        self,
        targets: Sequence[Resolved],
        body: SearchBody,
        between: Callable[[QueryPhaseResult], None] | None,
        keep_source: bool,
        hidden: Sequence[str],
        place: Place | None,
    ) -> SearchResponse:
        start, size = body.from_ or 0, body.size if body.size is not None else DEFAULT_SIZE
        end = start + size if size else 0
        deadline = Deadline.after(self.clock, body.timeout) if body.timeout is not None and body.timeout >= 0 else None
        views = views_of(target.index for target in targets)
        if views:
            check_aggregations(body.aggregations, views)
        request = QueryRequest(
            indices=[target.index.name for target in targets],
            queries=[body.query or MatchAllQuery()],
            size=end,
            sort=body.sort,
            search_after=body.search_after,
            min_score=body.min_score,
            post_filter=body.post_filter,
            track_total_hits=body.track_total_hits if body.track_total_hits is not None else _DEFAULT_TOTAL,
            track_scores=body.track_scores,
            terminate_after=body.terminate_after,
            aggregations=body.aggregations,
            filters=_filters(targets, body.slice),
            views=views,
        )
        if place is not None:
            request = replace(request, reader=place.reader, behind=place.behind)
        if isinstance(body.query, HybridQuery):
            if body.explain:
                raise unsupported("explain of a hybrid query")
            request, between = as_hybrid(request, body, [target.index for target in targets], self.node, between)
        try:
            result, hits = await self._hits(
                request, start, end, self._options(body, keep_source, hidden), deadline, between
            )
        except OpenSearchTimeoutException:
            return _timed_out(targets)
        ranked = result.lists[0]
        if place is not None:
            place.behind, place.body = ranked.hits[-1] if ranked.hits else place.behind, body
        for hit in hits:
            if hit.explanation is not None:
                told = explanation_json(hit.explanation)
                hit.extra = {"_shard": f"[{hit.index}][0]", "_node": self.node, "_explanation": told, **hit.extra}
        if body.fields:
            _add_fields(hits, targets, body.fields, SourceFilter(excludes=tuple(hidden)))
        return SearchResponse(
            hits=hits,
            total=ranked.total,
            max_score=ranked.max_score if targets else 0.0,
            shards=result.shards,
            terminated_early=ranked.terminated_early if body.terminate_after else None,
            failures=list(ranked.failures),
            aggregations=result.aggregations,
        )

    async def _hits(
        self,
        request: QueryRequest,
        start: int,
        end: int,
        options: FetchOptions,
        deadline: Deadline | None,
        between: Callable[[QueryPhaseResult], None] | None,
    ) -> tuple[QueryPhaseResult, list[Hit]]:
        if between is None:
            return await self.engine.query_and_fetch(request, start, options, deadline)
        result = await self.engine.query(request, deadline)
        try:
            between(result)
            return result, await self.engine.fetch(result, result.lists[0].hits[start:end], options)
        finally:
            await self.engine.release(result)

    def _options(self, body: SearchBody, keep_source: bool, hidden: Sequence[str]) -> FetchOptions:
        query = body.query or MatchAllQuery()
        return FetchOptions(
            source=keep_source or bool(body.fields) or shows_source(body),
            version=body.version,
            seq_no_primary_term=body.seq_no_primary_term,
            explain=query if body.explain else None,
            doc_values=body.doc_values,
            hidden=hidden,
            highlight=None if body.highlight is None else body.highlight.asked_for(query),
            named=[found for found in _all(query, body.post_filter) if found.name is not None],
        )


async def surviving(targets: Sequence[Resolved], ask: Callable[[Sequence[Resolved]], Awaitable[R]]) -> R:
    """What `ask` answers for all targets, without those of several that turn out to be deleted meanwhile."""
    try:
        return await ask(targets)
    except IndexNotFoundException as gone:
        left = [target for target in targets if target.index.name != gone.index]
        if not left or len(left) == len(targets):
            raise
        return await surviving(left, ask)


def _filters(targets: Sequence[Resolved], part: Slice | None) -> dict[str, Query]:
    """What hits of each index must pass besides: the filter of an alias, and to be in the slice that is asked for."""
    asked = part.query() if part is not None else None
    found: dict[str, Query] = {}
    for target in targets:
        both = [query for query in (target.filter, asked) if query is not None]
        if both:
            found[target.index.name] = both[0] if len(both) == 1 else BoolQuery(filter=tuple(both))
    return found


def _add_fields(
    hits: Sequence[Hit], targets: Sequence[Resolved], patterns: Sequence[str], visible: SourceFilter
) -> None:
    mappings = {target.index.name: target.index.mappings for target in targets}
    for hit in hits:
        source = filter_tree(json.decode(hit.source or b"{}"), visible)
        shown = field_values(mappings[hit.index], patterns, source)
        if shown:
            hit.extra = {**hit.extra, "fields": {**hit.extra.get("fields", {}), **shown}}


def _timed_out(targets: Sequence[Resolved]) -> SearchResponse:
    shards = sum(target.index.number_of_shards for target in targets)
    return SearchResponse(hits=[], total=Total(0), max_score=None, shards=shards, timed_out=True)


def _all(*queries: Query | None) -> Iterator[Query]:
    for query in queries:
        if query is not None:
            yield query
            yield from _all(*query.children())
