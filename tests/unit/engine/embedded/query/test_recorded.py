"""Queries over six books: the hits, their order and their scores as recorded on OpenSearch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragstone.dsl.query import parse_query

GOLDEN = Path(__file__).parents[4] / "golden" / "queries" / "books.json"
CASES = json.loads(GOLDEN.read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['area']}: {json.dumps(case['query'])[:90]}")
def test_hits_and_scores_are_the_recorded_ones(books: Any, case: dict[str, Any]) -> None:
    found = books.rank(case["query"])
    assert found.total.value == case["total"]
    ids = [stored.id for stored in books.rows([hit.ref for hit in found.hits])]
    assert ids == [id for id, _ in case["hits"]]
    assert [hit.score for hit in found.hits] == pytest.approx([score for _, score in case["hits"]], rel=1e-5)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['area']}: {json.dumps(case['query'])[:90]}")
def test_a_query_written_out_is_the_same_query(case: dict[str, Any]) -> None:
    query = parse_query(case["query"])
    assert parse_query(query.to_json()) == query


@pytest.mark.parametrize("case", CASES[::7], ids=lambda case: f"{case['area']}: {json.dumps(case['query'])[:90]}")
def test_filters_match_what_queries_match(books: Any, case: dict[str, Any]) -> None:
    found = books.rank({"bool": {"filter": [case["query"]]}})
    assert {hit.ref for hit in found.hits} == {hit.ref for hit in books.rank(case["query"]).hits}
    assert {hit.score for hit in found.hits} <= {0.0}
