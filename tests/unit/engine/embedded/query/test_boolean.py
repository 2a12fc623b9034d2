"""bool, with scores recorded on OpenSearch."""

from __future__ import annotations

from typing import Any

import pytest

SEA: dict[str, Any] = {"match": {"body": "sea"}}
STOCK: dict[str, Any] = {"term": {"year": 2011}}


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ({"must": SEA, "filter": STOCK}, {"3": 0.46210128}),
        ({"must": [SEA, {"match": {"body": "cold"}}]}, {"3": 0.92420256, "1": 0.861066}),
        (
            {"should": [SEA, {"match": {"title": "storms"}}]},
            {"4": 0.65874296, "1": 0.5164235, "3": 0.46210128},
        ),
        (
            {"must": [{"match_all": {}}], "should": [SEA]},
            {"1": 1.5164235, "3": 1.4621012, "2": 1.0, "4": 1.0, "5": 1.0, "6": 1.0},
        ),
        ({"filter": [STOCK], "should": [SEA]}, {"3": 0.46210128, "4": 0.0}),
        ({"filter": [STOCK], "should": [SEA], "minimum_should_match": 1}, {"3": 0.46210128}),
        ({"filter": STOCK}, {"3": 0.0, "4": 0.0}),
        ({"must_not": [STOCK]}, {"1": 0.0, "2": 0.0, "5": 0.0, "6": 0.0}),
        ({}, dict.fromkeys("123456", 1.0)),
        ({"should": []}, dict.fromkeys("123456", 1.0)),
        ({"should": [{"term": {"tags": "sea"}}], "minimum_should_match": 2}, {}),
        ({"must": [SEA], "boost": 3}, {"1": 1.5492706, "3": 1.3863038}),
        ({"must_not": {"match_all": {}}}, {}),
    ],
)
def test_bool_scores_as_recorded(books: Any, clauses: dict[str, Any], expected: dict[str, float]) -> None:
    found = books.scores({"bool": clauses})
    assert list(found) == list(expected)
    assert found == pytest.approx(expected, rel=1e-6)


def test_only_negative_clauses_match_nothing_when_they_may_not_be_adjusted(books: Any) -> None:
    assert books.ids({"bool": {"must_not": STOCK, "adjust_pure_negative": False}}) == []
