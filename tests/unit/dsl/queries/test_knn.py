"""`knn`: what is parsed, what is refused, and in which words. Recorded OpenSearch behaviour."""

import json
from typing import Any

import pytest

from ragstone.core.errors import OpenSearchException, error_cause
from ragstone.core.xcontent import locate
from ragstone.dsl.queries.knn import Knn
from ragstone.dsl.query import parse_query


def error_of(clause: Any, prefix: str = '{"_source": false, "query": ') -> dict[str, Any]:
    """The error of a search with this query, its positions filled in as for the whole body."""
    text = prefix + json.dumps(clause) + "}"
    body = json.loads(text)
    with pytest.raises(OpenSearchException) as caught:
        parse_query(body["query"])
    locate(caught.value, text.encode(), body)
    assert caught.value.status == 400
    return error_cause(caught.value)


def clause(**parameters: Any) -> dict[str, Any]:
    return {"knn": {"v": {"vector": [1, 2, 3], **parameters}}}


def illegal(reason: str) -> dict[str, Any]:
    return {"type": "illegal_argument_exception", "reason": reason}


EXACTLY_ONE = illegal("[knn] requires exactly one of k, distance or score to be set")
RANGE_OF_K = illegal("[knn] requires k to be in the range (0, 10000]")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (clause(), EXACTLY_ONE),
        (clause(k=1, min_score=0.5), EXACTLY_ONE),
        (clause(min_score=0.5, max_distance=2), EXACTLY_ONE),
        ({"knn": {"v": [1, 2, 3]}}, EXACTLY_ONE),
        (clause(k=0), RANGE_OF_K),
        (clause(k=10001), RANGE_OF_K),
        (clause(k=-1), RANGE_OF_K),
        (clause(min_score=0), illegal("[knn] requires minScore to be greater than 0")),
        ({"knn": {"v": {"k": 1}}}, illegal("[knn] requires query vector")),
        ({"knn": {}}, illegal("[knn] field 'vector' requires to be non-null and non-empty")),
        (
            clause(k=1, method_parameters={"ef_search": 0}),
            illegal(
                "[knn] errors in method parameter "
                "[Validation Failed: 1: Validation Failed: 1: ef_search should be greater than 0;;]"
            ),
        ),
        (
            clause(k=2, rescore={"oversample_factor": 0.5}),
            illegal(
                "[knn] errors in rescore parameter "
                "[Validation Failed: 1: Oversample factor [0.500000] cannot be less than [1.000000];]"
            ),
        ),
        (
            clause(k=2, rescore={"oversample_factor": 101}),
            illegal(
                "[knn] errors in rescore parameter "
                "[Validation Failed: 1: Oversample factor [101.000000] cannot be more than [100.000000];]"
            ),
        ),
        (
            clause(min_score=0.5, rescore=True),
            illegal("The following fields are not allowed together: [min_score, rescore] "),
        ),
    ],
)
def test_knn_refuses_values_that_do_not_go_together(query: dict[str, Any], expected: dict[str, Any]) -> None:
    assert error_of(query) == expected


def object_parser(reason: str, cause: dict[str, Any] | None = None) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": "x_content_parse_exception", "reason": reason}
    return shown if cause is None else {**shown, "caused_by": cause}


NOT_A_NUMBER = {"type": "number_format_exception", "reason": 'For input string: "x"'}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            {"knn": {"v": {"vector": [], "k": 1}}},
            object_parser(
                "[1:55] [knn] failed to parse field [vector]",
                illegal("[knn] field 'vector' requires to be non-null and non-empty"),
            ),
        ),
        (
            {"knn": {"v": {"vector": [1, "x", 3], "k": 1}}},
            object_parser("[1:58] [knn] failed to parse field [vector]", NOT_A_NUMBER),
        ),
        (clause(k="x"), object_parser("[1:70] [knn] failed to parse field [k]", NOT_A_NUMBER)),
        (clause(k=1, nosuch=1), object_parser("[1:73] [knn] unknown field [nosuch]")),
        (
            {"knn": {"v": {"vector": None, "k": 1}}},
            object_parser("[1:54] [knn] vector doesn't support values of type: VALUE_NULL"),
        ),
        (
            clause(k=1, method_parameters={}),
            object_parser(
                "[1:95] [knn] failed to parse field [method_parameters]",
                {"type": "parsing_exception", "reason": "method_parameters cannot be empty", "line": 1, "col": 95},
            ),
        ),
        (
            clause(k=1, method_parameters={"x": 1}),
            object_parser(
                "[1:101] [knn] failed to parse field [method_parameters]",
                {
                    "type": "parsing_exception",
                    "reason": "[knn] unknown method parameter found [x]",
                    "line": 1,
                    "col": 101,
                },
            ),
        ),
        (
            clause(k=2, rescore={"x": 2}),
            object_parser(
                "[1:90] [knn] failed to parse field [rescore]", object_parser("[1:85] [rescore] unknown field [x]")
            ),
        ),
        (
            clause(k=2, filter=[{"term": {"tag": "a"}}]),
            object_parser("[1:83] [knn] filter doesn't support values of type: START_ARRAY"),
        ),
        (
            clause(k=2, filter={}),
            object_parser(
                "[1:84] [knn] failed to parse field [filter]",
                illegal("query malformed, empty clause found at [1:84]"),
            ),
        ),
        (
            clause(k=2, filter={"nosuch": {}}),
            object_parser(
                "[1:94] [knn] failed to parse field [filter]",
                {
                    "type": "parsing_exception",
                    "reason": "unknown query [nosuch]",
                    "line": 1,
                    "col": 94,
                    "caused_by": {
                        "type": "named_object_not_found_exception",
                        "reason": "[1:94] unknown field [nosuch]",
                    },
                },
            ),
        ),
    ],
)
def test_knn_points_at_what_it_can_not_read(query: dict[str, Any], expected: dict[str, Any]) -> None:
    assert error_of(query) == expected


def test_knn_takes_one_field_only() -> None:
    error = error_of({"knn": {"v": {"vector": [1, 2, 3], "k": 1}, "w": {"vector": [1, 2, 3], "k": 1}}})
    assert error == {
        "type": "parsing_exception",
        "reason": "[knn] query doesn't support multiple fields, found [v] and [w]",
        "line": 1,
        "col": 79,
    }


@pytest.mark.parametrize("element", [None, True, [1], {"a": 1}, "NaN", "Infinity", 1e39, 10**400, "x"])
def test_knn_never_lets_a_vector_through_that_is_not_finite_numbers(element: Any) -> None:
    error = error_of({"knn": {"v": {"vector": [1, element], "k": 1}}})
    assert error["reason"].endswith("[knn] failed to parse field [vector]")


def test_knn_cuts_fractions_of_k_and_reads_numbers_in_texts() -> None:
    query = parse_query(clause(k="2", boost="3"))
    assert isinstance(query, Knn)
    assert (query.k, query.boost) == (2, 3.0)
    fraction = parse_query(clause(k=1.5))
    assert isinstance(fraction, Knn)
    assert fraction.k == 1


def test_knn_shows_itself_as_it_was_given() -> None:
    given = {
        "knn": {
            "v": {
                "vector": [1, 2.5],
                "k": 3,
                "filter": {"knn": {"w": {"vector": [1], "min_score": 0.5}}},
                "method_parameters": {"ef_search": 20},
                "rescore": {"oversample_factor": 2.0},
                "expand_nested_docs": True,
                "boost": 2.0,
                "_name": "near",
                "ignore_unmapped": True,
            }
        }
    }
    query = parse_query(given)
    assert query.to_json() == given
    assert parse_query(query.to_json()) == query


def test_knn_hands_out_its_filter_and_takes_another() -> None:
    inner = {"knn": {"w": {"vector": [1], "min_score": 0.5}}}
    query = parse_query(clause(k=1, filter=inner))
    (found,) = query.children()
    assert found.to_json() == inner
    assert query.with_children((found.with_boost(2),)).children()[0].boost == 2
