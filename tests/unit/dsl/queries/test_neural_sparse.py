"""How `neural_sparse` is read, and how it is said where nobody knows it."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import OpenSearchException
from ragstone.dsl.queries.neural_sparse import NeuralSparse
from ragstone.dsl.query import parse_query


def clause(**options: Any) -> dict[str, Any]:
    return {"neural_sparse": {"s": options}}


@pytest.mark.parametrize(
    "query",
    [
        clause(query_text="red fox", model_id="m", boost=2.0, _name="n"),
        clause(query_tokens={"red": 1.5}, boost=1.0),
        clause(query_text="red", analyzer="standard", boost=1.0),
    ],
)
def test_a_clause_is_written_as_it_was_read(query: dict[str, Any]) -> None:
    assert parse_query(query).to_json() == query


def test_options_without_effect_are_taken() -> None:
    given = clause(query_tokens={"a": "1"}, max_token_score=3.5, method_parameters={"top_n": 3})
    assert parse_query(given) == NeuralSparse(field="s", query_tokens={"a": 1.0})


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"neural_sparse": {}}, "[neural_sparse] query malformed, no field found"),
        ({"neural_sparse": {"s": 1}}, "[neural_sparse] query malformed, no start_object after field name [s]"),
        (
            {"neural_sparse": {"s": {}, "t": {}}},
            "[neural_sparse] query doesn't support multiple fields, found [s] and [t]",
        ),
        (clause(x=1), "[neural_sparse] query does not support [x] field"),
        (clause(query_text=["x"]), "[neural_sparse] unknown token [START_ARRAY] after [query_text]"),
        (clause(), "either query_text field or query_tokens field must be provided for [neural_sparse] query"),
        (clause(query_text=""), "query_text field can not be empty"),
        (clause(query_text="x", model_id=""), "model_id field can not be empty"),
        (
            clause(query_text="x", model_id="m", analyzer="a"),
            "Cannot use both [model_id: m] and [analyzer: a] for neural sparse query tokenization. Specify only one "
            "tokenization method. These parameters can be set either in the query or through the neural_query_enricher "
            "search processor.",
        ),
    ],
)
def test_a_clause_that_is_none_is_a_client_error(query: dict[str, Any], reason: str) -> None:
    with pytest.raises(OpenSearchException) as caught:
        parse_query(query)
    assert (caught.value.status, caught.value.reason) == (400, reason)


def test_with_its_tokens_it_is_said_in_words_that_every_cluster_knows() -> None:
    query = NeuralSparse(field="s", query_text="x", boost=2.0, name="n")
    assert query.to_features({"red": 0.5, "fox": 1.5}).to_json() == {
        "bool": {
            "should": [
                {"rank_feature": {"field": "s.red", "boost": 0.5, "linear": {}}},
                {"rank_feature": {"field": "s.fox", "boost": 1.5, "linear": {}}},
            ],
            "boost": 2.0,
            "_name": "n",
        }
    }
    assert query.to_features({}).to_json() == {"match_none": {}}
