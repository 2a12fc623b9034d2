"""The two processors that make one list of several: what they take, and what they do with lists."""

from __future__ import annotations

from typing import Any

import pytest

import ragstone.pipelines.search.service  # noqa: F401  (registers the processors)
from ragstone.core.errors import OpenSearchException, SearchPhaseExecutionException, ShardFailure
from ragstone.dsl.query import parse_query
from ragstone.dsl.search_body import SearchBody
from ragstone.engine.values import QueryPhaseResult, RankedHit, RankedList, Total
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.processor import PipelineContext, phase_results_processors

MATCH: dict[str, Any] = {"match_all": {}}
HYBRID = SearchBody(query=parse_query({"hybrid": {"queries": [MATCH, MATCH]}}))
NORMALIZE, RANK = "normalization-processor", "score-ranker-processor"


def made(name: str, options: dict[str, Any]) -> Any:
    found = phase_results_processors.get(name)
    assert found is not None
    return found.create(ProcessorConfig(options, type=name), None)  # type: ignore[arg-type]  # they use no services


def found(*hits: tuple[str, int, float], **more: Any) -> RankedList:
    ranked = [RankedHit(index, ref, score) for index, ref, score in hits]
    return RankedList(ranked, Total(len(hits)), max((score for _, _, score in hits), default=None), **more)


def result(*lists: RankedList) -> QueryPhaseResult:
    return QueryPhaseResult(list(lists), None, 1, union=Total(4))


def combined(given: QueryPhaseResult) -> list[tuple[str, int, float | None]]:
    [only] = given.lists
    return [(hit.index, hit.ref, hit.score) for hit in only.hits]


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        (NORMALIZE, {"normalization": {"technique": "x"}}, "provided normalization technique is not supported"),
        (NORMALIZE, {"combination": {"technique": "x"}}, "provided combination technique is not supported"),
        (
            NORMALIZE,
            {"normalization": {"technique": "z_score"}, "combination": {"technique": "geometric_mean"}},
            "provided combination technique geometric_mean is not supported for normalization technique z_score. "
            "Supported techniques are: arithmetic_mean",
        ),
        (
            NORMALIZE,
            {"combination": {"parameters": {"weights": [0.5, 0.6]}}},
            "sum of weights for combination must be equal to 1.0, submitted weights: [0.5, 0.6]",
        ),
        (
            NORMALIZE,
            {"combination": {"parameters": {"weights": [1.5, -0.5]}}},
            "all weights must be in range [0.0 ... 1.0], submitted weights: [1.5, -0.5]",
        ),
        (
            NORMALIZE,
            {"combination": {"parameters": {"weights": "all"}}},
            "parameter [weights] must be a collection of numbers",
        ),
        (
            NORMALIZE,
            {"combination": {"parameters": {"x": 1}}},
            "provided parameter for combination technique is not supported. supported parameters are [weights]",
        ),
        (
            NORMALIZE,
            {"normalization": {"technique": "l2", "parameters": {"x": 1}}},
            "unrecognized parameters in normalization technique",
        ),
        (
            NORMALIZE,
            {"normalization": {"parameters": {"lower_bounds": [{"x": 1}]}}},
            "unrecognized parameters in normalization technique",
        ),
        (
            NORMALIZE,
            {"normalization": {"parameters": {"lower_bounds": [{}] * 6}}},
            "lower_bounds size 6 should be less than or equal to 5",
        ),
        (NORMALIZE, {"normalization": {"parameters": {"upper_bounds": 1}}}, "upper_bounds must be a List"),
        (NORMALIZE, {"normalization": {"parameters": {"upper_bounds": [1]}}}, "each bound must be a map"),
        (
            NORMALIZE,
            {"normalization": {"parameters": {"lower_bounds": [{"mode": "x"}]}}},
            "invalid mode: x, valid values are: apply, clip, ignore",
        ),
        (
            NORMALIZE,
            {"normalization": {"parameters": {"upper_bounds": [{"max_score": 20000}]}}},
            "max_score must be a valid finite number between -10000.000000 and 10000.000000",
        ),
        (
            RANK,
            {"combination": {"rank_constant": 0}},
            "rank constant must be in the interval between 1 and 10000, submitted rank constant: 0",
        ),
        (RANK, {"combination": {"rank_constant": 1.5}}, "parameter [rank_constant] must be an integer"),
        (RANK, {"combination": {"technique": "arithmetic_mean"}}, "provided combination technique is not supported"),
    ],
)
def test_options_that_make_no_sense_are_refused(name: str, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(OpenSearchException) as caught:
        made(name, options)
    assert (caught.value.status, caught.value.reason) == (400, reason)


@pytest.mark.parametrize("weights", [[1, 0], ["0.5", "0.5"], [0.999, 0]])
def test_weights_may_be_whole_numbers_and_texts(weights: list[Any]) -> None:
    made(NORMALIZE, {"combination": {"parameters": {"weights": weights}}})


@pytest.mark.parametrize("constant", [1, 10_000, "60"])
def test_a_rank_constant_may_be_a_text(constant: Any) -> None:
    assert made(RANK, {"combination": {"rank_constant": constant}}).rank_constant == int(constant)


def test_a_document_of_two_lists_is_one_hit_and_ties_go_by_index_and_arrival() -> None:
    given = result(found(("b", 1, 2.0), ("a", 7, 2.0)), found(("a", 3, 5.0), ("a", 7, 1.0), ("b", 1, 1.0)))
    made(NORMALIZE, {}).process_results(given, HYBRID, PipelineContext())
    assert combined(given) == [("a", 7, 0.5005), ("b", 1, 0.5005), ("a", 3, 0.5)]
    assert (given.lists[0].total, given.lists[0].max_score, given.combined) == (Total(4), 0.5005, True)


def test_the_total_of_a_single_sub_query_is_its_own() -> None:
    given = result(found(("a", 1, 2.0)))
    made(RANK, {}).process_results(given, HYBRID, PipelineContext())
    assert given.lists[0].total == Total(1)


def test_a_failed_index_is_told_once() -> None:
    failure = ShardFailure("b", "n", OpenSearchException("x"))
    given = result(found(("a", 1, 2.0), failures=[failure]), found(failures=[failure]))
    made(NORMALIZE, {}).process_results(given, HYBRID, PipelineContext())
    assert list(given.lists[0].failures) == [failure]


@pytest.mark.parametrize("name", [NORMALIZE, RANK])
def test_other_searches_pass(name: str) -> None:
    given = result(found(("a", 1, 2.0)))
    made(name, {}).process_results(given, SearchBody(query=parse_query(MATCH)), PipelineContext())
    assert combined(given) == [("a", 1, 2.0)]


def test_only_the_first_processor_of_a_pipeline_works() -> None:
    given = result(found(("a", 1, 2.0)), found(("a", 1, 7.0)))
    made(NORMALIZE, {}).process_results(given, HYBRID, PipelineContext())
    made(RANK, {}).process_results(given, HYBRID, PipelineContext())
    assert combined(given) == [("a", 1, 1.0)]


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        (
            NORMALIZE,
            {"combination": {"parameters": {"weights": [0.5, 0.5]}}},
            "number of weights [2] must match number of sub-queries [1] in hybrid query",
        ),
        (
            RANK,
            {"combination": {"parameters": {"weights": [0.5, 0.5]}}},
            "number of weights [2] must match number of sub-queries [1] in hybrid query",
        ),
        (
            NORMALIZE,
            {"normalization": {"parameters": {"lower_bounds": [{}, {}]}}},
            "expected bounds array to contain 1 elements matching the number of sub-queries, but found a mismatch",
        ),
    ],
)
def test_weights_and_bounds_must_be_as_many_as_sub_queries(name: str, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(SearchPhaseExecutionException) as caught:
        made(name, options).process_results(result(found(("a", 1, 2.0))), HYBRID, PipelineContext())
    assert caught.value.reason == "The phase has failed"
    assert caught.value.cause is not None
    assert caught.value.cause.reason == reason
