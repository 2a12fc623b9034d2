"""What a cluster is asked so that it answers through views: it knows nothing of them, so they become filters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ragstone.dsl.by_index import by_index
from ragstone.dsl.foreign import ForeignQuery
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.hybrid import narrowed
from ragstone.dsl.queries.knn import Knn
from ragstone.dsl.queries.match_none import MatchNoneQuery
from ragstone.dsl.query import Query
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.values import QueryRequest
from ragstone.engine.visibility import Views, Visibility

_BEYOND = ("global", "significant_terms", "significant_text")
"""Aggregations that look at documents which the query has not found."""


def inside(request: QueryRequest) -> QueryRequest:
    """The same request without views: their documents are filters, also of the vector queries in it.

    Raises IllegalArgumentException for what a cluster cannot be kept from: fields that are hidden or masked, queries
    that nobody here has read, and aggregations that look beyond a query.
    """
    if not request.views:
        return request
    beyond = next((found.wire_name for found in request.aggregations.values() if found.wire_name in _BEYOND), None)
    if beyond is not None:
        raise unsupported(f"document-level security for the aggregation {beyond} before a cluster")
    shown = documents(request.indices, request.views)
    passing = by_index(request.indices, shown)
    return replace(
        request,
        queries=[narrowed_within(query, passing) for query in request.queries],
        post_filter=None if request.post_filter is None else narrowed_within(request.post_filter, passing),
        filters=both(request.filters, shown),
        views={},
    )


def documents(indices: Sequence[str], views: Views) -> dict[str, Query]:
    """Per index that is not wholly visible: what its visible documents match. Raises as `inside` does."""
    return {name: _documents(views[name]) for name in indices if name in views}


def _documents(view: Visibility) -> Query:
    if view.fields is not None or view.masks is not None:
        raise unsupported("field-level security before a cluster")
    assert view.documents is not None
    _check(view.documents)
    return BoolQuery(should=view.documents) if view.documents else MatchNoneQuery()


def both(filters: Mapping[str, Query], others: Mapping[str, Query]) -> dict[str, Query]:
    """What passes the filter of its index in both."""
    return {
        **filters,
        **{name: BoolQuery(filter=(filters[name], one)) if name in filters else one for name, one in others.items()},
    }


def narrowed_within(query: Query, passing: Query) -> Query:
    """The query with its vector queries choosing among what passes. Raises as `inside` does."""
    _check([query])
    children = query.children()
    changed = tuple(narrowed_within(child, passing) for child in children)
    if changed != children:
        query = query.with_children(changed)
    return narrowed(query, passing) if isinstance(query, Knn) else query


def _check(queries: Sequence[Query]) -> None:
    if any(isinstance(node, ForeignQuery) for query in queries for node in _nodes(query)):
        raise unsupported("document-level security for a query that only the cluster understands")


def _nodes(query: Query) -> Iterator[Query]:
    yield query
    for child in query.children():
        yield from _nodes(child)


__all__ = ["both", "by_index", "documents", "inside", "narrowed_within"]
