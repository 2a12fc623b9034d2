"""`neural_sparse` over a cluster that does not know the query: its analyzers, and checks that it can not make."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from ragstone.core.errors import IllegalArgumentException, QueryShardException, SearchPhaseExecutionException
from ragstone.core.xcontent import java_text
from ragstone.dsl.queries.neural_sparse import DEFAULT_ANALYZER, HEAVIEST, FeatureSum, NeuralSparse
from ragstone.dsl.query import Query
from ragstone.engine.api import ClusterApi
from ragstone.engine.values import IndexMetadata
from ragstone.search.hybrid import all_shards_failed
from ragstone.search.rewrite import field_type


async def with_tokens(api: ClusterApi, indices: Sequence[IndexMetadata], query: Query) -> Query:
    """The query with the tokens that an analyzer of the cluster finds, wherever neither request nor model gave any.

    Every word weighs 1. Raises SearchPhaseExecutionException for a weight or a field that does not do, and what the
    cluster answers about an analyzer.
    """
    children = query.children()
    done = tuple([await with_tokens(api, indices, child) for child in children])
    if done != children:
        query = query.with_children(done)
    if isinstance(query, NeuralSparse):
        query = query.to_features(await _analyzed(api, indices, query))
    if isinstance(query, FeatureSum):
        _check(query, indices)
    return query


async def _analyzed(api: ClusterApi, indices: Sequence[IndexMetadata], query: NeuralSparse) -> dict[str, float]:
    # The index matters where the analyzer is one of its own; several are taken to mean the same by a name.
    path = f"/{quote(indices[0].name, safe='')}/_analyze" if indices else "/_analyze"
    asked = {"analyzer": query.analyzer or DEFAULT_ANALYZER, "text": query.query_text}
    answer = await api.call("POST", path, asked)
    return {found["token"]: 1.0 for found in answer["tokens"]}


def _check(query: FeatureSum, indices: Sequence[IndexMetadata]) -> None:
    if indices and all(field_type(index.mappings, query.field) != "rank_features" for index in indices):
        raise _failed(indices, "[neural_sparse] query only works on [rank_features] fields")
    for _, weight in query.tokens:
        if indices and not 0 < weight <= HEAVIEST:
            raise _failed(indices, f"weight must be in (0, {HEAVIEST}], got: {java_text(weight)}")


def _failed(indices: Sequence[IndexMetadata], reason: str) -> SearchPhaseExecutionException:
    return all_shards_failed(
        indices,
        "",
        lambda index: QueryShardException(
            f"failed to create query: {reason}",
            index=index.name,
            index_uuid=index.uuid,
            cause=IllegalArgumentException(reason),
        ),
    )
