"""`neural`: parsing, checks and the `knn` it becomes. Recorded OpenSearch behaviour."""

import json
from typing import Any

import pytest

from ragstone.core.errors import OpenSearchException, error_cause
from ragstone.core.xcontent import locate
from ragstone.dsl.queries.knn import Knn
from ragstone.dsl.queries.neural import Neural
from ragstone.dsl.query import parse_query


def parsed(**parameters: Any) -> Neural:
    query = parse_query({"neural": {"v": parameters}})
    assert isinstance(query, Neural)
    return query


def error_of(clause: Any) -> dict[str, Any]:
    text = '{"_source": false, "query": ' + json.dumps(clause) + "}"
    body = json.loads(text)
    with pytest.raises(OpenSearchException) as caught:
        parse_query(body["query"])
    locate(caught.value, text.encode(), body)
    return error_cause(caught.value)


@pytest.mark.parametrize(
    ("clause", "reason", "col"),
    [
        (
            {"neural": {"v": {"query_text": "red", "model_id": "abc", "bogus": 1}}},
            "[neural] query does not support [bogus]",
            96,
        ),
        (
            {"neural": {"v": {"query_text": "red", "model_id": "abc", "rescore": False}}},
            "[neural] query does not support [rescore]",
            98,
        ),
        (
            {"neural": {"v": {"query_text": "a", "model_id": "x"}, "w": {"query_text": "a", "model_id": "x"}}},
            "[neural] query doesn't support multiple fields, found [v] and [w]",
            84,
        ),
    ],
)
def test_neural_points_at_what_it_does_not_know(clause: dict[str, Any], reason: str, col: int) -> None:
    assert error_of(clause) == {"type": "parsing_exception", "reason": reason, "line": 1, "col": col}


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"k": 0}, "[knn] requires k to be in the range (0, 10000]"),
        (
            {"k": 1, "min_score": 0.5},
            "Invalid neural query: Only one of k, max_distance, or min_score can be provided",
        ),
    ],
)
def test_neural_refuses_wrong_limits_when_it_is_parsed(parameters: dict[str, Any], reason: str) -> None:
    error = error_of({"neural": {"v": {"query_text": "red", "model_id": "m", **parameters}}})
    assert error == {"type": "illegal_argument_exception", "reason": reason}


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"query_text": "", "model_id": "m"}, "Either query_text or query_image must be provided."),
        ({"query_text": "  ", "model_id": "m"}, "Either query_text or query_image must be provided."),
        ({"model_id": "m"}, "Either query_text or query_image must be provided."),
        ({"query_text": "red"}, "model_id must be provided."),
        ({"query_text": "red", "model_id": ""}, "model_id field can not be empty"),
        (
            {"query_text": "red", "model_id": "m", "query_tokens": {"a": 1.0}},
            "Target field is a KNN field using a dense model. query_tokens is not supported since it is for the "
            "sparse model.",
        ),
    ],
)
def test_neural_says_what_a_dense_model_lacks(parameters: dict[str, Any], reason: str) -> None:
    with pytest.raises(OpenSearchException) as caught:
        parsed(**parameters).check_for_vectors()
    assert caught.value.reason == f"Invalid neural query: {reason}"


def test_neural_becomes_knn_with_ten_neighbours_where_no_limit_is_given() -> None:
    query = parsed(query_text="red", model_id="m", boost=2, _name="n")
    assert query.to_knn([1.0, 2.0]) == Knn(field="v", vector=(1.0, 2.0), k=10, boost=2, name="n")
    limited = parsed(query_text="red", model_id="m", min_score=0.5).to_knn([1.0])
    assert (limited.k, limited.min_score) == (None, 0.5)


def test_neural_shows_itself_as_it_was_given() -> None:
    given = {
        "neural": {
            "v": {
                "query_text": "red",
                "model_id": "m",
                "k": 3,
                "filter": {"knn": {"w": {"vector": [1], "k": 1}}},
                "rescore": {"oversample_factor": 2.0},
            }
        }
    }
    query = parse_query(given)
    assert query.to_json() == given
    assert query.with_children(query.children()) == query
