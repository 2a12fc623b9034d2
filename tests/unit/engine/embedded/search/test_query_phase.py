"""Totals, limits, narrowing, several indices, and failures of some or all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ragstone.core.clock import Deadline, SystemClock
from ragstone.core.errors import (
    IllegalArgumentException,
    OpenSearchTimeoutException,
    SearchPhaseExecutionException,
    error_body,
)
from ragstone.dsl.query import parse_query
from ragstone.dsl.sort import parse_sort
from ragstone.engine.embedded.search import fetch_phase, query_phase
from ragstone.engine.values import FetchOptions, QueryRequest, Total

ALL: dict[str, Any] = {"match_all": {}}
SEA: dict[str, Any] = {"match": {"body": "sea"}}


@pytest.mark.parametrize(
    ("track", "total"),
    [(10_000, Total(6)), (True, Total(6)), (False, None), (3, Total(3, "gte")), (6, Total(6)), (0, Total(0, "gte"))],
)
def test_totals_count_as_far_as_asked(books: Any, track: Any, total: Total | None) -> None:
    assert books.rank(ALL, track_total_hits=track).total == total
    assert books.rank({"exists": {"field": "title"}}, track_total_hits=track).total == total


def test_no_hits_have_no_best_score(books: Any) -> None:
    for found in (books.rank(ALL, size=0), books.rank({"match_none": {}})):
        assert (list(found.hits), found.max_score) == ([], None)
    assert books.rank(ALL, size=0).total == Total(6)


def test_a_least_score_drops_hits_and_lowers_the_total(books: Any) -> None:
    found = books.rank(SEA, min_score=0.5)
    assert ([hit.ref for hit in found.hits], found.total) == ([1], Total(1))
    by_year = books.rank(SEA, min_score=0.5, sort=parse_sort("year"))
    assert ([hit.ref for hit in by_year.hits], by_year.total) == ([1], Total(1))
    assert books.rank(ALL, min_score=1.1).total == Total(0)


def test_terminate_after_looks_at_the_first_documents_only(books: Any) -> None:
    found = books.rank(ALL, terminate_after=2, size=1)
    assert ([hit.ref for hit in found.hits], found.total, found.terminated_early) == ([1], Total(2), True)
    assert not books.rank(ALL, terminate_after=6).terminated_early


def test_a_post_filter_and_an_alias_narrow_what_is_found(books: Any) -> None:
    stock = parse_query({"term": {"stock": True}})
    assert books.ids(ALL, post_filter=stock) == ["1", "3", "4", "6"]
    assert books.ids(ALL, filters={"books": parse_query({"term": {"year": 2011}})}, post_filter=stock) == ["3", "4"]
    assert books.ids(ALL, filters={"others": stock}) == list("123456")
    assert books.scores(SEA, post_filter=stock) == pytest.approx({"1": 0.5164235, "3": 0.46210128})


def test_equal_scores_keep_the_order_of_arrival_over_commits_and_merges(new_corpus: Callable[..., Any]) -> None:
    corpus = new_corpus({"properties": {"t": {"type": "text"}}})
    for number in range(60):
        corpus.put(str(number), {"t": "same words"})
        if number % 7 == 0:
            corpus.snapshot()
    corpus.put("5", {"t": "same words"})
    order = [str(number) for number in range(60) if number != 5] + ["5"]
    for query in ({"match": {"t": "same"}}, ALL):
        assert corpus.ids(query, size=7) == order[:7]
        assert corpus.ids(query, size=100) == order


# ── several indices ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def pair(new_corpus: Callable[..., Any]) -> list[Any]:
    one = new_corpus({"properties": {"n": {"type": "long"}, "k": {"type": "keyword"}}}, "one")
    two = new_corpus({"properties": {"n": {"type": "keyword"}, "k": {"type": "long"}}}, "two")
    for corpus, value in ((one, 2), (two, 1)):
        corpus.put("a", {"n": value, "k": value})
        corpus.put("b", {"n": value + 2, "k": value})
    return [one, two]


def run(corpora: list[Any], query: dict[str, Any], **request: Any) -> Any:
    wanted = QueryRequest([corpus.name for corpus in corpora], [parse_query(query)], **request)
    return query_phase.execute([corpus.snapshot() for corpus in corpora], wanted, now_millis=0)[0]


def test_hits_of_several_indices_are_merged(pair: list[Any]) -> None:
    found = run(pair, ALL, size=3)
    assert [(hit.index, hit.ref) for hit in found.hits] == [("one", 1), ("one", 2), ("two", 1)]
    assert found.total == Total(4)
    filters = {"one": parse_query({"term": {"n": 4}})}
    assert [(hit.index, hit.ref) for hit in run(pair, ALL, filters=filters).hits] == [
        ("one", 2),
        ("two", 1),
        ("two", 2),
    ]


def test_keys_of_different_kinds_can_not_be_merged(pair: list[Any]) -> None:
    with pytest.raises(IllegalArgumentException, match=r"Can't sort on field \[n\]"):
        run(pair, ALL, sort=parse_sort("n"))


def test_one_failing_index_leaves_the_hits_of_the_other(pair: list[Any]) -> None:
    found = run(pair, {"term": {"n": "x"}})
    assert found.total == Total(0)
    assert [(failure.index, failure.node) for failure in found.failures] == [("one", "node-1")]


def test_all_failing_indices_fail_the_search(pair: list[Any]) -> None:
    with pytest.raises(SearchPhaseExecutionException) as caught:
        run(pair[:1], {"term": {"n": "x"}})
    body = error_body(caught.value)
    error = body["error"]
    inner = {
        "type": "query_shard_exception",
        "reason": 'failed to create query: For input string: "x"',
        "index": "one",
        "index_uuid": "uuid-one",
    }
    assert body["status"] == 400
    assert error["root_cause"] == [inner]
    assert {key: error[key] for key in ("type", "reason", "phase", "grouped")} == {
        "type": "search_phase_execution_exception", "reason": "all shards failed", "phase": "query", "grouped": True,
    }  # fmt: skip
    cause = {"type": "number_format_exception", "reason": 'For input string: "x"'}
    assert error["failed_shards"] == [
        {"shard": 0, "index": "one", "node": "node-1", "reason": inner | {"caused_by": cause}}
    ]
    assert "caused_by" not in error


def test_a_window_too_large_is_refused(books: Any) -> None:
    with pytest.raises(SearchPhaseExecutionException) as caught:
        books.rank(ALL, size=10_001)
    assert str(caught.value.failures[0].reason.reason).startswith(
        "Result window is too large, from + size must be less than or equal to: [10000] but was [10001]."
    )


def test_nothing_is_asked_past_the_deadline(books: Any) -> None:
    request = QueryRequest(["books"], [parse_query(ALL)])
    with pytest.raises(OpenSearchTimeoutException):
        query_phase.execute([books.snapshot()], request, now_millis=0, deadline=Deadline.after(SystemClock(), -1))


def test_counting_needs_no_ranking(pair: list[Any]) -> None:
    snapshots = [corpus.snapshot() for corpus in pair]
    assert query_phase.count(snapshots, parse_query(ALL), now_millis=0) == 4
    filters = {"two": parse_query({"term": {"n": "1"}})}
    assert query_phase.count(snapshots, parse_query(ALL), filters, now_millis=0) == 3


# ── fetch ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_fetch_brings_what_was_asked_for_in_the_order_given(new_corpus: Callable[..., Any]) -> None:
    corpus = new_corpus({"properties": {"n": {"type": "long"}}})
    corpus.put("a", {"n": 1}, routing="r")
    corpus.put("b", {"n": 2})
    snapshot = corpus.snapshot()
    named = parse_query({"term": {"n": {"value": 2, "_name": "two"}}})
    ranked = run([corpus], ALL, sort=parse_sort([{"n": "desc"}])).hits
    corpus.put("a", {"n": 3})  # what came later is not seen
    hits = fetch_phase.fetch([snapshot], ranked, FetchOptions(version=True, seq_no_primary_term=True, named=[named]))
    assert [(hit.id, hit.source, hit.sort, hit.score) for hit in hits] == [
        ("b", b'{"n": 2}', [2], None), ("a", b'{"n": 1}', [1], None),
    ]  # fmt: skip
    assert [(hit.version, hit.seq_no, hit.primary_term, hit.routing) for hit in hits] == [
        (1, 1, 1, None),
        (1, 0, 1, "r"),
    ]
    assert [hit.matched_queries for hit in hits] == [["two"], []]
    [bare] = fetch_phase.fetch([snapshot], ranked[:1], FetchOptions(source=False))
    assert (bare.source, bare.version, bare.seq_no) == (None, None, None)


def test_scores_have_the_fewest_digits_a_float32_needs(books: Any) -> None:
    assert [hit.score for hit in books.search(SEA)] == [0.5164236, 0.46210134]
    assert books.rank(SEA).max_score == 0.5164236
