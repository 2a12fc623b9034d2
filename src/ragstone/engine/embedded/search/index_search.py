"""One query on one index: match, narrow, order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ragstone.core.errors import IllegalArgumentException
from ragstone.dsl.queries.match_all import MatchAllQuery
from ragstone.dsl.query import Query
from ragstone.engine.embedded.query.compile import (
    CompiledQuery,
    Context,
    Ranks,
    all_of,
    compile_query,
    constant,
    ranker_of,
    shard_errors,
)
from ragstone.engine.embedded.query.same_score import same_score
from ragstone.engine.embedded.search.by_keys import KeyOrder
from ragstone.engine.embedded.search.by_score import Scored, best_by_score, first_rows, scoring_at_least
from ragstone.engine.embedded.search.sort import HIGHEST_ROW, Comparable, SortKey, sort_keys
from ragstone.engine.embedded.snapshot import Snapshot
from ragstone.engine.embedded.text.schema import ROW
from ragstone.engine.values import QueryRequest, RankedHit

MAX_RESULT_WINDOW = 10_000


@dataclass
class Found:
    """What one index found: the first hits in order, and how many match (0 when nobody asked)."""

    hits: list[RankedHit]
    matches: int
    max_score: float | None = None
    terminated_early: bool = False
    orders: Sequence[Comparable] | None = None
    """What each hit compares by among those of other indices; None: its score, the best first."""


class IndexSearch:
    """The query phase of one index."""

    def __init__(self, snapshot: Snapshot, query: Query, request: QueryRequest, now_millis: int) -> None:
        self._snapshot = snapshot
        self._reader = snapshot.text
        self._query = query
        self._request = request
        self._context = Context(snapshot, now_millis)
        self._counts = request.track_total_hits is not False
        narrowing = [request.filters[snapshot.metadata.name]] if snapshot.metadata.name in request.filters else []
        if request.post_filter is not None:
            narrowing.append(request.post_filter)
        self._narrowing = narrowing

    def run(self) -> Found:
        """Raises the errors of one shard."""
        self._check_window()
        request = self._request
        by_score = len(request.sort) <= 1 and all(k.field == "_score" and k.order == "desc" for k in request.sort)
        if by_score and request.search_after is not None:
            raise IllegalArgumentException("Sort must contain at least one field.")
        ranker = ranker_of(self._query)
        if ranker is not None and by_score and not request.terminate_after:
            with shard_errors(self._context):
                rows, scores = ranker(self._query, self._context)
            return self._ranked(rows, scores)
        query = self._compiled()
        terminated = False
        if request.terminate_after:
            query, terminated = self._cut(query)
        if request.min_score is not None:
            good = scoring_at_least(self._reader, query, request.min_score)
            query = all_of([query, constant(self._reader.rows_query(good), 0.0)])
        if by_score and request.behind is not None:
            found = self._by_score_behind(query, request.behind)
        else:
            found = self._by_score(query) if by_score else self._by_keys(query)
        found.terminated_early = terminated
        return found

    def _check_window(self) -> None:
        limit = int(self._snapshot.metadata.setting("index.max_result_window") or MAX_RESULT_WINDOW)
        if self._request.size > limit:
            raise IllegalArgumentException(
                f"Result window is too large, from + size must be less than or equal to: [{limit}] but was "
                f"[{self._request.size}]. See the scroll api for a more efficient way to request large data sets. This "
                "limit can be set by changing the [index.max_result_window] index level setting."
            )

    def _compiled(self) -> CompiledQuery:
        now = self._context.now_millis
        parts = [compile_query(self._query, self._snapshot, now)]
        for part in self._narrowing:
            parts.append(constant(compile_query(part, self._snapshot, now, scoring=False), 0.0))
        return all_of(parts)

    def _cut(self, query: CompiledQuery) -> tuple[CompiledQuery, bool]:
        """Only the first `terminate_after` matches in order of arrival, and whether there were more."""
        limit = self._request.terminate_after
        hits, _ = self._reader.ordered(query, limit + 1, ROW, count=False)
        if len(hits) <= limit:
            return query, False
        return all_of([query, constant(self._reader.between(ROW, None, hits[limit - 1][0]), 0.0)]), True

    def _by_score(self, query: CompiledQuery) -> Found:
        size = self._request.size
        if size == 0:
            return Found([], self._count(query))
        if self._is_everything():
            score = self._query.boost
            return self._scored([(score, row) for row in self._reader.first_rows(size)], self._reader.documents)
        best = first_rows if same_score(self._query, self._context.mapper) else best_by_score
        return self._scored(*best(self._reader, query, size, count=self._counts))

    def _by_score_behind(self, query: CompiledQuery, behind: RankedHit) -> Found:
        reader, size, last = self._reader, self._request.size, self._last_row(behind)
        matches, limit = self._count(query), behind.score or 0.0
        if not same_score(self._query, self._context.mapper):
            keys = [SortKey("score", True), SortKey("row", False, ROW)]
            hits = KeyOrder(reader, query, keys, after=[limit, last]).first(size)
            return self._scored([(hit.values[0], hit.row) for hit in hits], matches)
        some, _ = first_rows(reader, query, 1, count=False)
        score = self._query.boost if self._is_everything() else some[0][0] if some else 0.0
        if not some or size == 0 or score > limit:
            return self._scored([], matches)
        if score == limit:
            query = all_of([query, constant(reader.between(ROW, last, None, include_low=False), 0.0)])
        rows, _ = first_rows(reader, query, size, count=False)
        return self._scored([(score, row) for _, row in rows], matches)

    def _last_row(self, behind: RankedHit) -> int:
        """Among documents that are equal to that hit, those of this index with higher rows come behind it."""
        indices = list(self._request.indices)
        there, here = indices.index(behind.index), indices.index(self._snapshot.metadata.name)
        if there == here:
            return behind.ref
        return 0 if there < here else HIGHEST_ROW

    def _scored(self, hits: Sequence[Scored], matches: int) -> Found:
        index = self._snapshot.metadata.name
        return Found([RankedHit(index, row, score) for score, row in hits], matches, hits[0][0] if hits else None)

    def _by_keys(self, query: CompiledQuery) -> Found:
        request = self._request
        keys = sort_keys(request.sort, self._context, list(request.indices).index(self._snapshot.metadata.name))
        wanted, after = len(keys), None
        if request.search_after is not None:
            if len(request.search_after) != len(keys):
                raise IllegalArgumentException(
                    f"search_after has {len(request.search_after)} value(s) but sort has {len(keys)}."
                )
            after = [key.read(value) for key, value in zip(keys, request.search_after, strict=True)]
        elif request.behind is not None:
            after = [key.read(value) for key, value in zip(keys, request.behind.sort, strict=True)]
            keys.append(SortKey("row", False, ROW))
            after.append(self._last_row(request.behind))
        scores = request.track_scores or any(key.source == "score" for key in keys)
        order = KeyOrder(self._reader, query, keys, after=after, scores=scores)
        hits = order.first(request.size)
        index, max_score = self._snapshot.metadata.name, None
        if scores and hits:
            best, _ = self._reader.best(query, 1, count=False)
            max_score = best[0][0]
        shown = [tuple(key.show(value) for key, value in zip(keys[:wanted], hit.values, strict=False)) for hit in hits]
        return Found(
            [RankedHit(index, hit.row, hit.score, sort) for hit, sort in zip(hits, shown, strict=True)],
            self._count(query) if order.matches is None else order.matches,
            max_score,
            orders=[hit.order[:wanted] for hit in hits],
        )

    def _is_everything(self) -> bool:
        request = self._request
        narrowed = self._narrowing or request.terminate_after or request.min_score is not None
        return isinstance(self._query, MatchAllQuery) and not narrowed

    def _count(self, query: CompiledQuery) -> int:
        if not self._counts:
            return 0
        return self._reader.documents if self._is_everything() else self._reader.count(query)

    def _ranked(self, rows: Ranks, scores: np.typing.NDArray[np.float32]) -> Found:
        """A query that ranked its documents itself: rows and scores, best first."""
        keep = np.ones(len(rows), bool)
        for part in self._narrowing:
            with shard_errors(self._context):
                keep &= np.isin(rows, self._context.matching_rows(part))
        if self._request.min_score is not None:
            keep &= scores >= self._request.min_score
        rows, scores = rows[keep], scores[keep]
        size, matches = self._request.size, len(rows)
        if self._request.behind is not None:
            start = self._ranks_before(rows, scores, self._request.behind)
            rows, scores = rows[start:], scores[start:]
        return self._scored(list(zip(scores[:size].tolist(), rows[:size].tolist(), strict=True)), matches)

    def _ranks_before(self, rows: Ranks, scores: np.typing.NDArray[np.float32], behind: RankedHit) -> int:
        """How many of the hits, best first, do not come behind that one."""
        indices = list(self._request.indices)
        there, here = indices.index(behind.index), indices.index(self._snapshot.metadata.name)
        if there == here:
            return int(np.flatnonzero(rows == behind.ref)[0]) + 1
        limit = behind.score or 0.0
        return int(np.count_nonzero(scores > limit if there < here else scores >= limit))
