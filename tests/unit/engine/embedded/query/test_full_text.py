"""match, with scores recorded on OpenSearch."""

from __future__ import annotations

from typing import Any

import pytest

RECORDED: list[tuple[dict[str, Any], dict[str, float]]] = [
    ({"body": "river"}, {"1": 0.5164235, "2": 0.48028898}),
    ({"body": "river sea"}, {"1": 1.032847, "2": 0.48028898, "3": 0.46210128}),
    ({"body": {"query": "river sea", "operator": "and"}}, {"1": 1.032847}),
    (
        {"body": {"query": "cold river storms glass", "minimum_should_match": 2}},
        {"2": 1.1353153, "3": 0.92420256, "1": 0.861066},
    ),
    ({"body": {"query": "cold river storms glass", "minimum_should_match": "75%"}}, {}),
    ({"body": {"query": "river", "boost": 3}}, {"1": 1.5492706, "2": 1.4408668}),
    ({"body": {"query": "river river river"}}, {"1": 1.5492706, "2": 1.4408668}),
    ({"body": ""}, {}),
    ({"year": "2011"}, {"3": 1.0, "4": 1.0}),
    ({"author": "Ada Moor"}, {"1": 1.0, "3": 1.0}),
    ({"author": "Ada"}, {}),
    ({"published": "2011-01-15"}, {"4": 1.0}),
    ({"nope": "x"}, {}),
]


@pytest.mark.parametrize(("clause", "expected"), RECORDED)
def test_match_scores_as_recorded(books: Any, clause: dict[str, Any], expected: dict[str, float]) -> None:
    found = books.scores({"match": clause})
    assert list(found) == list(expected)
    assert found == pytest.approx(expected, rel=1e-6)


def test_no_terms_match_everything_when_asked_to(books: Any) -> None:
    query = {"match": {"body": {"query": "", "zero_terms_query": "all"}}}
    assert books.scores(query) == dict.fromkeys("123456", 1.0)
