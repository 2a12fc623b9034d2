"""Which searches are over sooner than another thread would be asked.

To cross to a thread of a pool and back takes some 150 microseconds, of which most is work of the processors: several
times what a search for a few words needs. So searches whose work is known to be small run where they are asked for.
All else crosses: whatever holds the event loop up holds up everybody.
"""

from __future__ import annotations

from collections.abc import Sequence

from ragstone.core.xcontent import java_text
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.knn import Knn
from ragstone.dsl.queries.match import MatchQuery
from ragstone.dsl.queries.match_all import MatchAllQuery
from ragstone.dsl.queries.term import TermQuery
from ragstone.dsl.query import Query
from ragstone.engine.embedded.mapper.keyword import KeywordField
from ragstone.engine.embedded.mapper.text import TextField
from ragstone.engine.embedded.query.knn import ef_search
from ragstone.engine.embedded.snapshot import Snapshot
from ragstone.engine.values import FetchOptions, QueryRequest, RankedHit

LONGEST = 300.0
"""Microseconds."""
MOST_HITS = 32
_POSTINGS = 100.0
"""Entries of postings lists that tantivy gets through in a microsecond."""
_COMPONENTS = 800.0
"""Components of vectors that are compared in a microsecond."""
_UNKNOWN = float("inf")


def is_quick(snapshots: Sequence[Snapshot], request: QueryRequest) -> bool:
    """Whether the query phase surely takes less than `LONGEST`."""
    plain = not (request.sort or request.aggregations or request.filters or request.terminate_after)
    plain = plain and request.min_score is None and request.post_filter is None and request.size <= MOST_HITS
    if not plain or len(snapshots) != 1 or len(request.queries) != 1:
        return False
    return _microseconds(request.queries[0], snapshots[0]) <= LONGEST


def is_quick_fetch(hits: Sequence[RankedHit], options: FetchOptions) -> bool:
    """Whether the fetch phase is: few documents, and no query to test them by."""
    return len(hits) <= MOST_HITS and not options.named and options.explain is None


def _microseconds(query: Query, snapshot: Snapshot) -> float:
    """About how long a query takes at most; infinite where nobody can tell quickly."""
    if isinstance(query, MatchQuery):
        return _of_match(query, snapshot)
    if isinstance(query, Knn):
        return _of_knn(query, snapshot)
    if isinstance(query, TermQuery):
        return _of_term(query, snapshot)
    if isinstance(query, BoolQuery):
        only_excludes = not (query.must or query.filter or query.should)
        everything = _of_everything(snapshot) if only_excludes else 0.0
        return everything + sum(_microseconds(clause, snapshot) for clause in query.children())
    return _of_everything(snapshot) if isinstance(query, MatchAllQuery) else _UNKNOWN


def _of_everything(snapshot: Snapshot) -> float:
    return snapshot.text.documents / _POSTINGS


def _of_match(query: MatchQuery, snapshot: Snapshot) -> float:
    field = snapshot.mapper.field(query.field)
    if not isinstance(field, TextField) or query.fuzziness is not None or query.analyzer is not None:
        return _UNKNOWN
    slot = snapshot.text.slot(field.column)
    words = field.search_analyzer.words(java_text(query.query))
    if slot is None or not words:
        return _UNKNOWN
    entries = snapshot.text.statistics.entries_with
    return sum([entries(slot, word) for word in words]) / _POSTINGS


def _of_term(query: TermQuery, snapshot: Snapshot) -> float:
    field = snapshot.mapper.field(query.field)
    if not isinstance(field, KeywordField) or query.case_insensitive:
        return _UNKNOWN
    slot, value = snapshot.text.slot(field.column), field.term(query.value)
    if slot is None or value is None:
        return _UNKNOWN
    return snapshot.text.statistics.entries_with(slot, value) / _POSTINGS


def _of_knn(query: Knn, snapshot: Snapshot) -> float:
    vectors = snapshot.vectors.get(query.field)
    if vectors is None or query.filter is not None or query.k is None:
        return _UNKNOWN
    return vectors.effort(query.k, ef_search(query, snapshot.metadata)) / _COMPONENTS
