"""`neural` and `neural_sparse` get their numbers, and `hybrid` comes to the top, before any engine sees the query."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from ragstone.core.clock import Deadline
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.queries.neural import Neural
from ragstone.dsl.queries.neural_sparse import NeuralSparse
from ragstone.dsl.query import Query
from ragstone.engine.values import IndexMetadata
from ragstone.ml.ports import Predictor
from ragstone.search.hybrid import at_top, refuse_inside

A = TypeVar("A")
_REWRITTEN = (Neural, NeuralSparse, HybridQuery)
_VECTOR_FIELDS = ("knn_vector", "semantic")
_Asked = tuple[str, str]
"""A model and a text."""


async def rewrite_neural(
    queries: Sequence[Query], indices: Sequence[IndexMetadata], predictor: Predictor, deadline: Deadline | None = None
) -> list[Query]:
    """The same queries with vectors and weighted tokens in place of texts.

    Each text is read once per search, all at the same time.

    Raises IllegalArgumentException (a query that lacks something, a field of another type), MisplacedHybridException
    (the first query may be a hybrid one, and nothing else), and what the model raises.
    """
    ours = [found for query in queries for found in _ours(query)]
    if not ours:
        return list(queries)
    if any(isinstance(query, HybridQuery) for query in ours):
        queries = [at_top(queries[0]), *queries[1:]]
        refuse_inside(queries[1:])
    dense = [query for query in ours if isinstance(query, Neural)]
    sparse = [query for query in ours if isinstance(query, NeuralSparse)]
    if not dense and not sparse:
        return list(queries)
    for neural in dense:
        _check(neural, indices)
    for asking in sparse:
        asking.check_tokenization()
    vectors, tokens = await asyncio.gather(
        _answers(dense, lambda model, text: predictor.embed(model, [text], content_type="query", deadline=deadline)),
        _answers(
            [query for query in sparse if query.query_tokens is None and query.model_id is not None],
            lambda model, text: predictor.embed_sparse(model, [text], deadline=deadline),
        ),
    )
    return [_rewritten(query, vectors, tokens) for query in queries]


async def _answers(
    queries: Iterable[Neural | NeuralSparse], ask: Callable[[str, str], Awaitable[list[A]]]
) -> dict[_Asked, A]:
    asked = list(dict.fromkeys(_asked(query) for query in queries))
    answers = await asyncio.gather(*(ask(model, text) for model, text in asked))
    return {key: answer[0] for key, answer in zip(asked, answers, strict=True)}


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


def _asked(query: Neural | NeuralSparse) -> _Asked:
    return query.model_id or "", query.query_text or ""


def _rewritten(
    query: Query, vectors: Mapping[_Asked, Sequence[float]], tokens: Mapping[_Asked, Mapping[str, float]]
) -> Query:
    children = query.children()
    rewritten = tuple(_rewritten(child, vectors, tokens) for child in children)
    if rewritten != children:
        query = query.with_children(rewritten)
    if isinstance(query, Neural):
        return query.to_knn(vectors[_asked(query)])
    if isinstance(query, NeuralSparse):
        known = query.query_tokens if query.query_tokens is not None else tokens.get(_asked(query))
        # Without a model the engine's analyzer reads the text.
        return query if known is None else query.to_features(known)
    return query


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
