"""What compilers share: remembered filters, and the limits of a bool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ragstone.core.errors import SearchPhaseExecutionException
from ragstone.dsl.query import parse_query
from ragstone.engine.embedded.query.compile import Context


def test_the_rows_of_a_filter_are_looked_up_once(books: Any) -> None:
    context = Context(books.snapshot(), 0)
    rows = context.matching_rows(parse_query({"term": {"year": 2011}}))
    assert rows.tolist() == [3, 4]
    assert context.matching_rows(parse_query({"term": {"year": 2011}})) is rows


def test_what_now_means_is_not_remembered(new_corpus: Callable[..., Any]) -> None:
    corpus = new_corpus({"properties": {"d": {"type": "date"}}})
    corpus.put("1", {"d": 100_000})
    snapshot = corpus.snapshot()
    past = parse_query({"range": {"d": {"lte": "now"}}})
    assert Context(snapshot, 99_999).matching_rows(past).tolist() == []
    assert Context(snapshot, 100_000).matching_rows(past).tolist() == [1]


@pytest.mark.parametrize(
    "query",
    [
        {"match": {"body": " ".join(f"w{n}" for n in range(1025))}},
        {"bool": {"should": [{"term": {"year": n}} for n in range(1025)]}},
        {"query_string": {"query": " OR ".join(f"w{n}" for n in range(1025)), "default_field": "body"}},
    ],
)
def test_a_bool_has_1024_clauses_at_most(books: Any, query: dict[str, Any]) -> None:
    with pytest.raises(SearchPhaseExecutionException) as caught:
        books.ids(query)
    failure = caught.value.failures[0].reason
    assert failure.reason == "failed to create query: maxClauseCount is set to 1024"
    assert failure.cause is not None
    assert failure.cause.type_name() == "too_many_clauses"
