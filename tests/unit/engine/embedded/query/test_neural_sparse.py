"""Scores from weights of words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ragstone.core.errors import SearchPhaseExecutionException
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.neural_sparse import NeuralSparse
from ragstone.dsl.query import Query, parse_query
from ragstone.engine.embedded.search import fetch_phase, query_phase
from ragstone.engine.values import FetchOptions, QueryRequest

MAPPINGS: dict[str, Any] = {"properties": {"s": {"type": "rank_features"}, "t": {"type": "text"}}}


@pytest.fixture
def corpus(new_corpus: Callable[..., Any]) -> Any:
    made = new_corpus(MAPPINGS)
    made.put("1", {"s": {"a": 0.57605183, "b": 0.1, "ab": 7.0}})
    made.put("2", {"s": {"a": 1.0, "x.y": 2.0}})
    made.put("3", {"t": "none"})
    return made


def scores(corpus: Any, query: Query) -> dict[str, float | None]:
    """Hits in order: id → score."""
    snapshots = [corpus.snapshot()]
    hits = query_phase.execute(snapshots, QueryRequest(["i"], [query]), now_millis=0)[0].hits
    return {hit.id: hit.score for hit in fetch_phase.fetch(snapshots, hits, FetchOptions())}


def sparse(tokens: Mapping[str, float], **more: Any) -> Query:
    return NeuralSparse(field="s").to_features(tokens).with_boost(more.get("boost", 1.0))


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (sparse({"a": 0.5, "b": 2.0}), {"2": 0.5, "1": 0.4868164}),
        (sparse({"a": 1.0}, boost=2.0), {"2": 2.0, "1": 1.1484375}),
        (sparse({"x.y": 3.0, "unknown": 1.0}), {"2": 6.0}),
        (sparse({"unknown": 1.0}), {}),
        (sparse({}), {}),
        (NeuralSparse(field="s", query_text="a B a", analyzer="standard"), {"2": 1.0, "1": 0.6740722656}),
    ],
)
def test_a_score_is_the_dot_product(corpus: Any, query: Query, wanted: dict[str, float]) -> None:
    found = scores(corpus, query)
    assert list(found) == list(wanted)
    assert found == pytest.approx(wanted)


def test_as_a_filter_it_matches_the_same_documents(corpus: Any) -> None:
    assert set(scores(corpus, BoolQuery(filter=(sparse({"a": 1.0, "b": 1.0}),)))) == {"1", "2"}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (sparse({"a": 65.0}), "failed to create query: weight must be in (0, 64.0], got: 65.0"),
        (sparse({"a": 0.0}), "failed to create query: weight must be in (0, 64.0], got: 0.0"),
        (
            NeuralSparse(field="t").to_features({"a": 1.0}),
            "failed to create query: [neural_sparse] query only works on [rank_features] fields",
        ),
        (
            NeuralSparse(field="no").to_features({"a": 1.0}),
            "failed to create query: [neural_sparse] query only works on [rank_features] fields",
        ),
        (
            NeuralSparse(field="s", query_text="x", analyzer="no"),
            "failed to create query: Analyzer [no] not found in shard context. ",
        ),
        (
            NeuralSparse(field="s", query_text="x"),
            "failed to create query: [analyzer bert-uncased] is not supported by Ragstone yet",
        ),
        (
            parse_query({"term": {"s": "a"}}),
            "failed to create query: Queries on [rank_features] fields are not supported",
        ),
        (
            parse_query({"match": {"s": "a"}}),
            "failed to create query: Queries on [rank_features] fields are not supported",
        ),
        (
            parse_query({"exists": {"field": "s"}}),
            "failed to create query: [rank_features] fields do not support [exists] queries",
        ),
        (
            parse_query({"prefix": {"s": "a"}}),
            "Can only use prefix queries on keyword and text fields - not on [s] which is of type [rank_features]",
        ),
    ],
)
def test_what_such_a_field_can_not_do_is_told(corpus: Any, query: Query, reason: str) -> None:
    with pytest.raises(SearchPhaseExecutionException) as caught:
        scores(corpus, query)
    assert caught.value.failures[0].reason.reason == reason
