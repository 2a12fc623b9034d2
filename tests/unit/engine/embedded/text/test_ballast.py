"""Scores where documents lack fields: the formula, to the last digit that matters."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from ragstone.engine.embedded.text.statistics import idf, kept_length, term_frequency

MAPPINGS = {"properties": {"a": {"type": "text"}, "b": {"type": "text"}, "k": {"type": "keyword"}}}
WORDS = [f"w{number}" for number in range(20)]


def expected(texts: dict[str, list[str]], word: str) -> dict[str, float]:
    """BM25 by hand: N and the average length over the documents that have the field."""
    average = sum(map(len, texts.values())) / len(texts)
    holders = {id: text for id, text in texts.items() if word in text}
    weight = idf(len(texts), len(holders))
    return {id: weight * term_frequency(text.count(word), len(text), average) for id, text in holders.items()}


@pytest.mark.parametrize("refreshes", [1, 3, 12])
def test_scores_follow_the_formula_when_fields_are_missing(new_corpus: Callable[..., Any], refreshes: int) -> None:
    choose = random.Random(refreshes)
    corpus = new_corpus(MAPPINGS)
    texts: dict[str, dict[str, list[str]]] = {"a": {}, "b": {}}
    for number in range(24):
        source = {"k": "x"}
        for field, share, longest in (("a", 0.5, 9), ("b", 0.8, 45)):
            if choose.random() < share:
                texts[field][str(number)] = choose.choices(WORDS, k=choose.randint(1, longest))
                source[field] = " ".join(texts[field][str(number)])
        corpus.put(str(number), source)
        if number % (24 // refreshes) == 0:
            corpus.snapshot()
    for field in ("a", "b"):
        for word in WORDS[:5]:
            found = corpus.scores({"match": {field: word}}, size=100)
            assert found == pytest.approx(expected(texts[field], word), rel=1e-4)


def test_ballast_is_never_found(new_corpus: Callable[..., Any]) -> None:
    corpus = new_corpus(MAPPINGS)
    corpus.put("1", {"a": "one two three"})
    corpus.put("2", {"a": "one"})
    corpus.put("3", {"k": "x"})
    reader = corpus.snapshot().text
    assert reader.filler()
    assert reader.documents == 3
    assert corpus.ids({"match_all": {}}) == ["1", "2", "3"]
    assert corpus.ids({"bool": {"must_not": {"exists": {"field": "a"}}}}) == ["3"]
    for query in (
        {"regexp": {"a": ".*"}},
        {"prefix": {"a": ""}},
        {"wildcard": {"a": "*"}},
        {"range": {"a": {"lt": "z"}}},
    ):
        assert corpus.ids(query) == ["1", "2"]
    assert reader.terms(reader.slot("a"), "") == ["one", "three", "two"]
    assert [hit.id for hit in corpus.search({"match_all": {}}, sort=[])] == ["1", "2", "3"]


def test_a_text_without_terms_counts_as_missing_in_scores_only(new_corpus: Callable[..., Any]) -> None:
    corpus = new_corpus(MAPPINGS)
    corpus.put("1", {"a": "one two"})
    corpus.put("2", {"a": "!?"})
    assert corpus.scores({"match": {"a": "one"}}) == pytest.approx(expected({"1": ["one", "two"]}, "one"), rel=1e-4)
    assert corpus.ids({"exists": {"field": "a"}}) == ["1", "2"]


def test_whole_documents_need_no_ballast(books: Any) -> None:
    assert books.snapshot().text.filler() == {}


def test_lengths_lose_their_last_bits_as_recorded() -> None:
    recorded = {1: 1, 39: 39, 40: 40, 41: 40, 57: 56, 100: 96, 255: 248, 1000: 984, 10_000: 9240}
    assert {length: kept_length(length) for length in recorded} == recorded
