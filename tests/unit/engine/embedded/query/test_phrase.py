"""Phrases: gaps between values, distances, and fields that have no positions."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ragstone.core.errors import SearchPhaseExecutionException
from ragstone.engine.embedded.query.sloppy import sloppy_frequency


def test_a_phrase_does_not_run_from_one_value_into_the_next(new_corpus: Callable[..., Any]) -> None:
    corpus = new_corpus({"properties": {"t": {"type": "text"}, "near": {"type": "text", "position_increment_gap": 0}}})
    corpus.put("1", {"t": ["one two", "three four"], "near": ["one two", "three four"]})
    assert corpus.ids({"match_phrase": {"t": "one two"}}) == ["1"]
    assert corpus.ids({"match_phrase": {"t": "two three"}}) == []
    assert corpus.ids({"match_phrase": {"t": {"query": "two three", "slop": 99}}}) == []
    assert corpus.ids({"match_phrase": {"t": {"query": "two three", "slop": 100}}}) == ["1"]
    assert corpus.ids({"match_phrase": {"near": "two three"}}) == ["1"]


def test_several_completions_of_one_phrase_count_together(new_corpus: Callable[..., Any]) -> None:
    corpus = new_corpus({"properties": {"t": {"type": "text"}}})
    corpus.put("1", {"t": "cold sea and cold season"})
    corpus.put("2", {"t": "cold sea and warm summer"})
    scores = corpus.scores({"match_phrase_prefix": {"t": "cold sea"}})
    assert list(scores) == ["1", "2"]
    assert 1.2 < scores["1"] / scores["2"] < 1.5


def test_fields_without_positions_have_no_phrases(new_corpus: Callable[..., Any]) -> None:
    corpus = new_corpus({"properties": {"t": {"type": "text", "index_options": "freqs"}}})
    corpus.put("1", {"t": "one two"})
    assert corpus.ids({"match_phrase": {"t": "one"}}) == ["1"]
    with pytest.raises(SearchPhaseExecutionException) as caught:
        corpus.ids({"match_phrase": {"t": "one two"}})
    reason = caught.value.failures[0].reason.reason
    assert reason == "failed to create query: field:[t] was indexed without position data; cannot run PhraseQuery"


def matches(terms: Sequence[tuple[int, Sequence[int]]], slop: int) -> bool:
    """Whether some choice of positions moves the terms against each other by no more than `slop`."""
    shifted = [[position - place for position in positions] for place, positions in terms]
    return any(max(choice) - min(choice) <= slop for choice in itertools.product(*shifted))


def test_a_sloppy_phrase_matches_when_some_choice_of_positions_does() -> None:
    choose = random.Random(5)
    for _ in range(500):
        terms = [
            (place, sorted(choose.sample(range(12), choose.randint(1, 4)))) for place in range(choose.randint(2, 3))
        ]
        slop = choose.randint(0, 6)
        assert (sloppy_frequency(terms, slop) > 0) == matches(terms, slop)


def test_nearer_matches_weigh_more() -> None:
    assert sloppy_frequency([(0, [3]), (1, [4])], 2) == 1.0
    assert sloppy_frequency([(0, [3]), (1, [6])], 2) == pytest.approx(1 / 3)
    assert sloppy_frequency([(0, [3, 9]), (1, [4, 11])], 2) == pytest.approx(1 + 1 / 2)
    assert sloppy_frequency([(0, [3]), (1, [])], 2) == 0.0
