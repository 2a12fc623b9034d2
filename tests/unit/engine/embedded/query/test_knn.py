"""knn over an index: hits, filters, limits, and the errors of a shard. Recorded OpenSearch behaviour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ragstone.core.errors import SearchPhaseExecutionException, error_body
from ragstone.dsl.query import parse_query


def vector(dimension: int, **mapping: Any) -> dict[str, Any]:
    return {"type": "knn_vector", "dimension": dimension, **mapping}


def lucene(dimension: int, space: str, **mapping: Any) -> dict[str, Any]:
    return vector(dimension, method={"name": "hnsw", "engine": "lucene", "space_type": space}, **mapping)


NewKnn = Callable[..., Any]


@pytest.fixture
def knn_corpus(new_corpus: Any) -> NewKnn:
    """`knn_corpus({field: mapping}, {id: source}, **settings)`."""

    def make(properties: dict[str, Any], documents: dict[str, dict[str, Any]], **settings: str) -> Any:
        corpus = new_corpus({"properties": properties}, settings={"index.knn": "true", **settings})
        for id, source in documents.items():
            corpus.put(id, source)
        return corpus

    return make


@pytest.fixture
def tagged(knn_corpus: NewKnn) -> Any:
    return knn_corpus(
        {"v": lucene(3, "l2"), "tag": {"type": "keyword"}},
        {
            "1": {"v": [1, 2, 3], "tag": "a"},
            "2": {"v": [2, 2, 3], "tag": "b"},
            "3": {"v": [4, 6, 3], "tag": "a"},
            "4": {"tag": "b"},
            "5": {"v": None},
        },
    )


def knn(field: str = "v", query: list[float] | None = None, **parameters: Any) -> dict[str, Any]:
    return {"knn": {field: {"vector": [1, 2, 3] if query is None else query, **parameters}}}


A, B = {"term": {"tag": "a"}}, {"term": {"tag": "b"}}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (knn(k=2), {"1": 1.0, "2": 0.5}),
        (knn(k=10), {"1": 1.0, "2": 0.5, "3": 0.03846154}),
        (knn(k=2, boost=3), {"1": 3.0, "2": 1.5}),
        (knn(k=1, filter=B), {"2": 0.5}),
        (knn(k=5, filter={"bool": {"must_not": [B]}}), {"1": 1.0, "3": 0.03846154}),
        (knn(k=5, filter={"term": {"tag": "none"}}), {}),
        ({"bool": {"must": [knn(k=1)], "filter": [B]}}, {}),
        (
            {"bool": {"should": [knn(k=2), {"match_all": {}}]}},
            {"1": 2.0, "2": 1.5, "3": 1.0, "4": 1.0, "5": 1.0},
        ),
        (knn(max_distance=1), {"1": 1.0, "2": 0.5}),
        (knn(max_distance=0), {"1": 1.0}),
        (knn(min_score=0.03), {"1": 1.0, "2": 0.5, "3": 0.03846154}),
        (knn(min_score=0.01, filter=A), {"1": 1.0, "3": 0.03846154}),
        (knn(k=3, method_parameters={"ef_search": 1}), {"1": 1.0, "2": 0.5, "3": 0.03846154}),
        (knn(k=2, rescore=True), {"1": 1.0, "2": 0.5}),
        (knn("absent", k=1, ignore_unmapped=True), {}),
    ],
)
def test_knn_finds_and_scores_as_recorded(tagged: Any, query: dict[str, Any], expected: dict[str, float]) -> None:
    found = tagged.scores(query)
    assert list(found) == list(expected)
    assert found == pytest.approx(expected, rel=1e-6)


def test_ef_search_does_not_widen_the_result(tagged: Any) -> None:
    assert tagged.ids(knn(k=1, method_parameters={"ef_search": 2})) == ["1"]


def test_size_does_not_change_the_total(tagged: Any) -> None:
    ranked = tagged.rank(knn(k=10), size=1)
    assert (len(ranked.hits), ranked.total.value, ranked.max_score) == (1, 3, 1.0)
    assert tagged.ids(knn(k=10), post_filter=parse_query(B)) == ["2"]
    assert tagged.ids(knn(k=10), min_score=0.4) == ["1", "2"]


def test_equal_scores_come_in_the_order_of_insertion(knn_corpus: NewKnn) -> None:
    corpus = knn_corpus({"v": lucene(2, "l2")}, {id: {"v": [1, 0]} for id in ("d", "b", "c", "a")})
    assert corpus.ids(knn(query=[1, 0], k=2)) == ["d", "b"]
    corpus.put("z", {"v": [1, 0]})
    assert corpus.ids(knn(query=[1, 0], k=10)) == ["d", "b", "c", "a", "z"]


def test_k_counts_for_each_of_five_shards(knn_corpus: NewKnn) -> None:
    documents = {str(n): {"v": [n, 0]} for n in range(1, 7)}
    corpus = knn_corpus({"v": lucene(2, "l2")}, documents, **{"index.number_of_shards": "5"})
    ranked = corpus.rank(knn(query=[0, 0], k=5), size=4)
    assert ranked.total.value == 6
    assert corpus.ids(knn(query=[0, 0], k=5), size=4) == ["1", "2", "3", "4"]
    assert corpus.ids(knn(query=[0, 0], k=1)) == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (knn("c", [1, 0], max_distance=0.41), ["a", "c", "b"]),
        (knn("c", [1, 0], min_score=0.79), ["a", "c", "b"]),
        (knn("c", [1, 0], min_score=0.5), ["a", "c", "b", "d"]),
        (knn("c", [1, 0], max_distance=2.5), ["a", "c", "b", "d", "e"]),
        (knn("i", [1, 2], min_score=1.2), ["a", "b"]),
        (knn("i", [1, 2], min_score=12), ["a"]),
        (knn("i", [1, 2], max_distance=-0.5), ["a", "b", "c"]),
        (knn("i", [1, 2], max_distance=0.4), ["a", "b"]),
        (knn("i", [1, 2], max_distance=-11), ["a", "b", "c", "d"]),
        (knn("f", [1, 2], max_distance=-0.4), ["a", "b"]),
    ],
)
def test_radial_search_reads_its_limit_as_the_engine_does(
    knn_corpus: NewKnn, query: dict[str, Any], expected: list[str]
) -> None:
    directions = {"a": [1, 0], "b": [3, 4], "c": [1, 1], "d": [0, 1], "e": [-1, 0]}
    products = {"a": [3, 4], "b": [0.1, 0.2], "c": [2, -1], "d": [-1, -1]}
    corpus = knn_corpus(
        {"c": lucene(2, "cosinesimil"), "i": lucene(2, "innerproduct"), "f": vector(2, space_type="innerproduct")},
        {
            id: {"c": direction} | ({"i": products[id], "f": products[id]} if id in products else {})
            for id, direction in directions.items()
        },
    )
    assert corpus.ids(query) == expected


def shard_error(corpus: Any, query: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(SearchPhaseExecutionException) as caught:
        corpus.rank(query)
    body = error_body(caught.value)
    assert body["status"] == 400
    (failure,) = body["error"]["failed_shards"]
    reason: dict[str, Any] = failure["reason"]
    assert reason["reason"] == f"failed to create query: {reason['caused_by']['reason']}"
    assert body["error"]["root_cause"] == [{key: reason[key] for key in ("type", "reason", "index", "index_uuid")}]
    cause: dict[str, Any] = reason["caused_by"]
    return cause


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (knn(query=[1, 2], k=1), "Query vector has invalid dimension: 2. Dimension should be: 3"),
        (knn("tag", k=1), "Field 'tag' is not knn_vector type."),
        (knn("tag", k=1, ignore_unmapped=True), "Field 'tag' is not knn_vector type."),
        (knn("absent", k=1), "Field 'absent' is not knn_vector type."),
        (knn(max_distance=-1), "[knn] requires distance to be non-negative for space type: L2"),
        (knn(min_score=1.5), "[knn] requires score to be in the range [0, 1] for space type: L2"),
        (
            knn(k=1, method_parameters={"nprobes": 2}),
            "Parameters not valid for [LUCENE]:[hnsw]:[k] combination: "
            "[Validation Failed: 1: Unknown parameter 'nprobes' found;]",
        ),
        (
            knn(min_score=0.5, method_parameters={"ef_search": 50}),
            "Parameters not valid for [LUCENE]:[hnsw]:[min_score] combination: "
            "[Validation Failed: 1: Unknown parameter 'ef_search' found;]",
        ),
        (
            knn(k=1, expand_nested_docs=True),
            "Invalid value provided for the [expand_nested_docs] field. "
            "[expand_nested_docs] is only supported with a nested field.",
        ),
    ],
)
def test_knn_fails_on_the_shard_where_it_does_not_fit(tagged: Any, query: dict[str, Any], reason: str) -> None:
    assert shard_error(tagged, query) == {"type": "illegal_argument_exception", "reason": reason}


@pytest.mark.parametrize(
    ("mapping", "query", "kind", "reason"),
    [
        (
            lucene(2, "l2", data_type="byte"),
            knn(query=[1.5, 2], k=1),
            "illegal_argument_exception",
            "[data_type] field was set as [byte] in index mapping. "
            "But, KNN vector values are floats instead of byte integers",
        ),
        (
            lucene(2, "l2", data_type="byte"),
            knn(query=[1, 200], k=1),
            "illegal_argument_exception",
            "[data_type] field was set as [byte] in index mapping. "
            "But, KNN vector values are not within in the byte range [-128, 127]",
        ),
        (
            lucene(16, "hamming", data_type="binary"),
            knn(query=[7], k=10),
            "illegal_argument_exception",
            "Query vector has invalid dimension: 8. Dimension should be: 16",
        ),
        (
            lucene(16, "hamming", data_type="binary"),
            knn(query=[7, 0], min_score=0.3),
            "unsupported_operation_exception",
            "Binary data type does not support radial search",
        ),
        (
            lucene(2, "cosinesimil"),
            knn(query=[0, 0], k=1),
            "illegal_argument_exception",
            "zero vector is not supported when space type is [cosinesimil]",
        ),
        (
            vector(2, space_type="cosinesimil"),
            knn(query=[0, 0], k=1),
            "illegal_argument_exception",
            "Cannot normalize a zero-length vector",
        ),
    ],
)
def test_a_query_vector_must_be_one_of_the_field(
    knn_corpus: NewKnn, mapping: dict[str, Any], query: dict[str, Any], kind: str, reason: str
) -> None:
    assert shard_error(knn_corpus({"v": mapping}, {}), query) == {"type": kind, "reason": reason}


def test_a_flat_field_is_not_for_knn(new_corpus: Any) -> None:
    corpus = new_corpus({"properties": {"v": vector(2)}})
    assert shard_error(corpus, knn(query=[1, 2], k=1))["reason"] == "Field 'v' is not built for ANN search."


def test_binary_scores_as_recorded(knn_corpus: NewKnn) -> None:
    corpus = knn_corpus({"v": lucene(16, "hamming", data_type="binary")}, {"1": {"v": [5, 1]}, "2": {"v": [0, 0]}})
    assert corpus.scores(knn(query=[7, 0], k=10)) == pytest.approx({"1": 0.33333334, "2": 0.25})
