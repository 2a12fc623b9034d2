"""How a hybrid search is asked of an engine, and how its ranked lists become the page that the client wants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ragstone.core.errors import (
    IllegalArgumentException,
    OpenSearchException,
    QueryShardException,
    SearchPhaseExecutionException,
    ShardFailure,
)
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.query import Query
from ragstone.dsl.search_body import SearchBody
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.values import IndexMetadata, QueryPhaseResult, QueryRequest, RankedHit, RankedList, Total
from ragstone.pipelines.processor import PipelineContext
from ragstone.pipelines.search.phase_results.merging import one_list
from ragstone.pipelines.search.phase_results.normalization import NormalizationProcessor
from ragstone.pipelines.search.phase_results.options import phase_failed

Between = Callable[[QueryPhaseResult], None]

_MAX_RESULT_WINDOW = 10_000
_DEFAULT = NormalizationProcessor()
"""What makes one list where no processor of a pipeline does. `Differs:` OpenSearch answers with the raw lists, one
behind the other, and with marks of its own among the hits."""


class MisplacedHybridException(IllegalArgumentException):
    """A hybrid query inside another query."""

    wire_type = "illegal_argument_exception"


def at_top(query: Query) -> Query:
    """A search's query with a hybrid one at the top, where it stood alone in a bool. No other place is right for it.

    `Differs:` also refused in a bool with filters only, and in queries that set scores; OpenSearch answers raw scores.
    Raises MisplacedHybridException.
    """
    if isinstance(query, BoolQuery) and query.boost == 1.0 and query.name is None:
        [*clauses] = query.children()
        if len(clauses) == 1 and (query.must or query.should) and query.minimum_should_match in (None, "1"):
            inner = at_top(clauses[0])
            return inner if isinstance(inner, HybridQuery) else query
    if isinstance(query, HybridQuery):
        refuse_inside(query.queries, "hybrid query cannot be nested in another hybrid query")
        refuse_inside([] if query.filter is None else [query.filter])
        return query.narrowed()
    refuse_inside([query])
    return query


def refuse_inside(
    queries: Iterable[Query],
    reason: str = "hybrid query must be a top level query and cannot be wrapped into other queries",
) -> None:
    """Raises MisplacedHybridException when there is a hybrid query among or inside `queries`."""
    for query in queries:
        if isinstance(query, HybridQuery):
            raise MisplacedHybridException(reason)
        refuse_inside(query.children(), reason)


def all_shards_failed(
    indices: Iterable[IndexMetadata], node: str, why: Callable[[IndexMetadata], OpenSearchException]
) -> SearchPhaseExecutionException:
    """What every index answers with an error of its own."""
    return SearchPhaseExecutionException(failures=[ShardFailure(index.name, node, why(index)) for index in indices])


def as_hybrid(
    request: QueryRequest,
    body: SearchBody,
    indices: Sequence[IndexMetadata],
    node: str,
    between: Between | None,
) -> tuple[QueryRequest, Between]:
    """The request that an engine is to rank, and what is to be done between query and fetch.

    `request` is that of `body` as if its query were any other one. By score there is one list per sub-query, `between`
    and the request's `min_score` see them combined (`Differs:` OpenSearch 3.4 cuts raw scores). Sorted by fields
    scores play no part: one list of what any sub-query matches.
    Raises SearchPhaseExecutionException for what does not go together.
    """
    hybrid = body.query
    assert isinstance(hybrid, HybridQuery)
    by_fields = bool(body.sort) and [key.field for key in body.sort] != ["_score"]
    if indices:
        _check(body, hybrid, by_fields, indices, node)
    size, start = request.size, body.from_ or 0
    depth = size if hybrid.pagination_depth is None else hybrid.pagination_depth
    if by_fields:
        return replace(request, queries=[hybrid.any()], size=depth if size else 0), lambda result: _check_start(
            result, start
        )

    def combine(result: QueryPhaseResult) -> None:
        if not size:
            best = max((found.max_score for found in result.lists if found.max_score is not None), default=0.0)
            result.lists = [replace(one_list(result, ()), max_score=best)]
            return
        if between is not None:
            between(result)
        if not result.combined:
            _DEFAULT.process_results(result, body, PipelineContext())
        if body.min_score is not None:
            result.lists = [_cut(result.lists[0], body.min_score)]
        _check_start(result, start)

    # even without hits there is a best score
    return replace(request, queries=hybrid.queries, size=max(depth, 1), sort=(), min_score=None), combine


def _check(body: SearchBody, hybrid: HybridQuery, by_fields: bool, indices: Sequence[IndexMetadata], node: str) -> None:
    reason = None
    if by_fields and any(key.field == "_score" for key in body.sort):
        reason = (
            "_score sort criteria cannot be applied with any other criteria. Please select one sort criteria out of "
            "them."
        )
    elif by_fields and body.track_scores:
        reason = "Hybrid search results when sorted by any field, docId or _id, track_scores must be set to false."
    elif body.from_ and hybrid.pagination_depth is None:
        reason = "pagination_depth param is missing in the search request"
    if reason is not None:
        raise all_shards_failed(indices, node, lambda _: IllegalArgumentException(reason))
    if hybrid.pagination_depth is not None:
        _check_depth(hybrid.pagination_depth, indices, node)
    if by_fields and body.min_score is not None:
        raise unsupported("min_score of a hybrid query sorted by fields")
    if not by_fields and any(key.order == "asc" for key in body.sort):
        raise unsupported("hybrid query sorted by ascending _score")


def _check_depth(depth: int, indices: Sequence[IndexMetadata], node: str) -> None:
    def fault(index: IndexMetadata) -> str | None:
        if depth == 0:
            return "pagination_depth must not be zero"
        if depth < 0:
            return "pagination_depth should be greater than 0"
        if depth > int(index.setting("index.max_result_window") or _MAX_RESULT_WINDOW):
            return "pagination_depth should be less than or equal to index.max_result_window setting"
        return None

    def failure(index: IndexMetadata) -> OpenSearchException:
        cause = IllegalArgumentException(fault(index))
        return QueryShardException(
            f"failed to create query: {cause.reason}", index=index.name, index_uuid=index.uuid, cause=cause
        )

    wrong = [index for index in indices if fault(index) is not None]
    if wrong:
        raise all_shards_failed(wrong, node, failure)


def _check_start(result: QueryPhaseResult, start: int) -> None:
    if start and start >= len(result.lists[0].hits):
        raise phase_failed("Reached end of search result, increase pagination_depth value to see more results")


def _cut(found: RankedList, min_score: float) -> RankedList:
    """Without hits below that combined score. The total counts what is left."""
    hits: list[RankedHit] = [hit for hit in found.hits if hit.score is not None and hit.score >= min_score]
    return replace(
        found,
        hits=hits,
        total=None if found.total is None else Total(len(hits)),
        max_score=found.max_score if hits else None,
    )


__all__ = ["MisplacedHybridException", "all_shards_failed", "as_hybrid", "at_top", "refuse_inside"]
