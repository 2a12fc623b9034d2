"""All hits of one search, page by page, as of the moment it began."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace

from ragstone.core.clock import Deadline
from ragstone.core.errors import IllegalArgumentException, ShardFailure
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.queries.match_all import MatchAllQuery
from ragstone.dsl.search_body import SearchBody
from ragstone.dsl.sort import SortField
from ragstone.engine.api import SearchEngine
from ragstone.engine.values import FetchOptions, Hit, QueryRequest
from ragstone.indices.resolver import Resolved
from ragstone.indices.views import views_of
from ragstone.search.hybrid import all_shards_failed

_MAX_RESULT_WINDOW = 10_000
_KEEP_ALIVE = 300.0
"""Seconds that a reader may wait for the next page."""


@dataclass(frozen=True)
class Page:
    """Some hits with version and sequence number, and with their whole sources where they are wanted.

    `total` counts the hits of all pages.
    """

    hits: Sequence[Hit]
    total: int
    failures: Sequence[ShardFailure] = field(default_factory=list)
    """Of indices that failed while others answered."""


async def pages(
    engine: SearchEngine,
    targets: Sequence[Resolved],
    body: SearchBody,
    size: int,
    *,
    sources: bool = True,
    node: str = "",
    deadline: Deadline | None = None,
) -> AsyncGenerator[Page, None]:
    """At least one page, the last of which may be empty; in order of arrival unless the search sorts.

    The query is one that engines understand. Close the iterator when it is not used up. Raises
    SearchPhaseExecutionException, OpenSearchTimeoutException, and IndexNotFoundException when an index goes meanwhile.
    """
    if not targets:
        yield Page([], 0)
        return
    check_size(targets, size, node)
    query = body.query or MatchAllQuery()
    names = [target.index.name for target in targets]
    reader = await engine.open_reader(names, _KEEP_ALIVE)
    try:
        request = QueryRequest(
            indices=names,
            queries=[query.any() if isinstance(query, HybridQuery) else query],
            size=size,
            sort=body.sort or (SortField("_doc"),),
            min_score=body.min_score,
            post_filter=body.post_filter,
            track_total_hits=True,
            terminate_after=body.terminate_after,
            filters={target.index.name: target.filter for target in targets if target.filter is not None},
            reader=reader,
            views=views_of(target.index for target in targets),
        )
        options = FetchOptions(source=sources, version=True, seq_no_primary_term=True)
        while True:
            result, hits = await engine.query_and_fetch(request, 0, options, deadline)
            ranked = result.lists[0]
            yield Page(hits, ranked.total.value if ranked.total is not None else 0, ranked.failures)
            if len(hits) < size:
                return
            request = replace(request, behind=ranked.hits[-1])
    finally:
        await engine.close_reader(reader)


def check_size(targets: Sequence[Resolved], size: int, node: str) -> None:
    """Raises SearchPhaseExecutionException for pages larger than an index allows."""

    def limit(target: Resolved) -> int:
        return int(target.index.setting("index.max_result_window") or _MAX_RESULT_WINDOW)

    narrow = [target for target in targets if size > limit(target)]
    if narrow:
        most = min(map(limit, narrow))
        too_large = IllegalArgumentException(
            f"Batch size is too large, size must be less than or equal to: [{most}] but was [{size}]. Scroll batch "
            "sizes cost as much memory as result windows so they are controlled by the [index.max_result_window] index "
            "level setting."
        )
        raise all_shards_failed([target.index for target in narrow], node, lambda _: too_large)
