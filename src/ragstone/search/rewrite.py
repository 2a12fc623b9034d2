"""`neural` becomes `knn`, and `hybrid` comes to the top, before any engine sees the query."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ragstone.core.clock import Deadline
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.queries.neural import Neural
from ragstone.dsl.query import Query
from ragstone.engine.values import IndexMetadata
from ragstone.ml.ports import Predictor
from ragstone.search.hybrid import at_top, refuse_inside

_REWRITTEN = (Neural, HybridQuery)
_VECTOR_FIELDS = ("knn_vector", "semantic")
_Asked = tuple[str, str]
"""A model and a text."""


async def rewrite_neural(
    queries: Sequence[Query], indices: Sequence[IndexMetadata], predictor: Predictor, deadline: Deadline | None = None
) -> list[Query]:
    """The same queries with vectors in place of texts. Each text is embedded once per search, all at the same time.

    Raises IllegalArgumentException (a query that lacks something, a field of another type), MisplacedHybridException
    (the first query may be a hybrid one, and nothing else), and what the model raises.
    """
    ours = [found for query in queries for found in _ours(query)]
    if not ours:
        return list(queries)
    if any(isinstance(query, HybridQuery) for query in ours):
        queries = [at_top(queries[0]), *queries[1:]]
        refuse_inside(queries[1:])
    neurals = [query for query in ours if isinstance(query, Neural)]
    if not neurals:
        return list(queries)
    for neural in neurals:
        _check(neural, indices)
    asked = list(dict.fromkeys(_asked(neural) for neural in neurals))
    vectors = await asyncio.gather(
        *(predictor.embed(model, [text], content_type="query", deadline=deadline) for model, text in asked)
    )
    by_text = {key: answer[0] for key, answer in zip(asked, vectors, strict=True)}
    return [_rewritten(query, by_text) for query in queries]


def _ours(query: Query) -> Iterator[Query]:
    if isinstance(query, _REWRITTEN):
        yield query
    for child in query.children():
        yield from _ours(child)


def _check(neural: Neural, indices: Iterable[IndexMetadata]) -> None:
    for index in indices:
        type = field_type(index.mappings, neural.field)
        if type is not None and type not in _VECTOR_FIELDS:
            raise IllegalArgumentException(
                f"Failed to process the neural query against the field {neural.field} because its type is not "
                f"supported. It should be one of [{','.join(_VECTOR_FIELDS)}]"
            )
    neural.check_for_vectors()
    if neural.query_text is None:
        raise IllegalArgumentException("[neural] query_image is not supported by Ragstone yet")


def _asked(neural: Neural) -> _Asked:
    return neural.model_id or "", neural.query_text or ""


def _rewritten(query: Query, vectors: Mapping[_Asked, Sequence[float]]) -> Query:
    children = query.children()
    rewritten = tuple(_rewritten(child, vectors) for child in children)
    if rewritten != children:
        query = query.with_children(rewritten)
    return query.to_knn(vectors[_asked(query)]) if isinstance(query, Neural) else query


def field_type(mappings: JsonObject, path: str) -> str | None:
    """The type of a mapped field, by its full path; None for what is not mapped, and for objects."""
    node: Any = mappings
    for part in path.split("."):
        below = node.get("properties", {}) or node.get("fields", {})
        node = below.get(part)
        if node is None:
            return None
    found: str | None = node.get("type")
    return found
