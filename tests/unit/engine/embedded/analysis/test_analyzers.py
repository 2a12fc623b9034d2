"""Tokens, terms and chains, against recorded answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstone.core.errors import OpenSearchException
from ragstone.dsl.analyze import AnalyzeRequest
from ragstone.engine.embedded.analysis.analyze import in_parts
from ragstone.engine.embedded.analysis.analyzer import Analyzer, Token
from ragstone.engine.embedded.analysis.case import fold, lower, upper
from ragstone.engine.embedded.analysis.porter import porter_stem
from ragstone.engine.embedded.analysis.registry import Analyzers
from ragstone.engine.embedded.analysis.tokenizers import StandardTokenizer

GOLDEN = Path(__file__).parents[4] / "golden" / "analysis"
PLAIN = Analyzers({})


def recorded(name: str) -> list[Any]:
    cases: list[Any] = json.loads((GOLDEN / name).read_text())["cases"]
    return cases


def rows(tokens: list[Token]) -> list[list[Any]]:
    return [[token.term, token.start, token.end, token.type, token.position] for token in tokens]


def analyzers(**analysis: Any) -> Analyzers:
    """From `analyzer_mine__type="..."`-like keys: two underscores are a dot."""
    return Analyzers({"index.analysis." + key.replace("__", "."): value for key, value in analysis.items()})


def test_the_standard_analyzer_cuts_as_opensearch_does() -> None:
    standard = PLAIN.required("standard")
    different = [
        (text, expected, rows(standard.tokens(text)))
        for text, expected in recorded("standard.json")
        if rows(standard.tokens(text)) != expected
    ]
    assert different == []


def test_the_other_built_in_analyzers_do_too() -> None:
    for name, text, expected in recorded("built_in.json"):
        assert rows(PLAIN.required(name).tokens(text)) == expected, (name, text)


def test_pieces_of_texts_and_terms_are_opensearch_s() -> None:
    different = []
    for definition, text, expected in recorded("pieces.json"):
        if "analyzer" in definition:
            chain = PLAIN.required(definition["analyzer"])
        else:
            chain = in_parts(AnalyzeRequest.parse({**definition, "text": text}, None), PLAIN, index=False)
        found = [row + [token.length] * (token.length > 1) for token in chain.tokens(text) for row in rows([token])]
        if found != expected:
            different.append((definition, text, expected, found))
    assert different == []


def test_wide_gaps_close_up_between_shingles() -> None:
    asked = {"tokenizer": "standard", "filter": ["stop", "shingle"], "text": "x"}
    chain = in_parts(AnalyzeRequest.parse(asked, None), PLAIN, index=False)
    terms = [("_ fox", 0), ("fox", 1), ("fox _", 1), ("_ dog", 2), ("dog", 3)]
    assert chain.terms("the fox and the dog") == terms


@pytest.mark.parametrize(
    ("kind", "definition", "reason"),
    [
        ("tokenizer", {"type": "edge_ngram", "min_gram": 0}, "minGram must be greater than zero"),
        ("tokenizer", {"type": "ngram", "min_gram": 4, "max_gram": 2}, "minGram must not be greater than maxGram"),
        ("tokenizer", {"type": "ngram", "token_chars": ["bogus"]}, "Unknown token type: 'bogus'"),
        ("tokenizer", {"type": "char_group", "tokenize_on_chars": ["ab"]}, "Invalid escaped char in [ab]"),
        ("tokenizer", {"type": "pattern", "pattern": "("}, None),
        ("tokenizer", {"type": "path_hierarchy", "reverse": True}, "[reverse] and [skip] of the tokenizer [path_hierarchy] are not supported"),
        ("filter", {"type": "shingle", "min_shingle_size": 1}, "Min shingle size must be >= 2"),
        ("filter", {"type": "shingle", "min_shingle_size": 3}, "Min shingle size must be <= max shingle size"),
        ("filter", {"type": "truncate"}, "length parameter must be provided"),
        ("filter", {"type": "pattern_replace", "pattern": "a", "replacement": "$1"}, None),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(kind: str, definition: dict[str, Any], reason: str | None) -> None:
    with pytest.raises(OpenSearchException) as error:
        (PLAIN.tokenizer if kind == "tokenizer" else PLAIN.token_filter)(definition)
    assert error.value.type_name() == "illegal_argument_exception"
    assert reason is None or error.value.reason == reason


def test_chains_of_parts_given_by_name_or_inline() -> None:
    for definition, text, expected in recorded("chains.json"):
        tokenizer = PLAIN.tokenizer(definition.get("tokenizer", "keyword"))
        filters = [PLAIN.token_filter(part) for part in definition.get("filter", [])]
        assert tokenizer is not None
        chain = Analyzer("mine", tokenizer, tuple(part for part in filters if part is not None))
        assert rows(chain.tokens(text)) == expected, definition


def test_porter_stems() -> None:
    assert [(word, porter_stem(word)) for word, _ in recorded("porter.json")] == [
        tuple(p) for p in recorded("porter.json")
    ]


def test_terms_are_the_tokens_without_their_offsets() -> None:
    for text, _ in recorded("standard.json"):
        for name in ("standard", "english", "simple"):
            analyzer = PLAIN.required(name)
            assert analyzer.terms(text) == [(token.term, token.position) for token in analyzer.tokens(text)], text


@given(st.text(max_size=40))
def test_any_text_is_cut_into_pieces_of_itself(text: str) -> None:
    tokenizer = PLAIN.tokenizer("standard")
    assert tokenizer is not None
    end = 0
    for token in tokenizer(text):
        assert end <= token.start < token.end
        assert token.term == text[token.start : token.end]
        end = token.end


@given(st.text(alphabet="ab1_.,' ", max_size=20))
def test_ascii_texts_are_cut_alike_on_the_short_and_the_long_way(text: str) -> None:
    standard = PLAIN.required("standard")
    assert rows(standard.tokens(text + " é"))[:-1] == rows(standard.tokens(text))


def test_long_runs_are_cut_in_time_and_in_pieces() -> None:
    standard = PLAIN.required("standard")
    assert [len(term) for term, _ in standard.terms("x" * 600)] == [255, 255, 90]
    assert standard.terms("_" * 100_000) == []
    assert standard.terms("é" + " _" * 20_000) == [("é", 0)]


def test_case_changes_character_by_character() -> None:
    assert lower("İSTANBUL ΟΔΟΣ ẞ") == "istanbul οδοσ ß"
    assert upper("straße ŉ ﬁ ᾳ ı") == "STRAßE ŉ ﬁ ᾼ I"
    assert fold("Ünïcode Straße Æsop ﬁne Łódź ⅷ") == "Unicode Strasse AEsop fine Lodz ⅷ"


def test_an_index_describes_its_own_analyzers() -> None:
    mine = analyzers(
        analyzer__mine__tokenizer="whitespace",
        analyzer__mine__filter=["lowercase", "cut"],
        filter__cut__type="length",
        filter__cut__min="2",
        analyzer__default__type="stop",
    )
    assert mine.required("mine").terms("A Bb CCC") == [("bb", 1), ("ccc", 2)]
    assert mine.required("default").terms("the Fox") == [("fox", 1)]
    assert mine.default_search == "default"


def test_the_standard_analyzer_takes_stop_words_and_a_longest_token() -> None:
    mine = analyzers(
        analyzer__a__type="standard", analyzer__a__stopwords="_english_", analyzer__a__max_token_length="3"
    )
    assert mine.required("a").terms("the abcd") == [("abc", 1), ("d", 2)]


@pytest.mark.parametrize("letter", ["a", "é"])
def test_a_word_that_begins_with_many_marks_is_cut_like_others(letter: str) -> None:
    for count in (254, 255, 256, 300, 700):
        cut = [token.start for token in StandardTokenizer()("_" * count + letter + " b")]
        assert cut[-1] == count + 2
        assert len(cut) == 2, count


@pytest.mark.parametrize("text", ["x" * 1_000_000, "é" * 1_000_000, "_" * 1_000_000 + "a", "a_" * 500_000])
@pytest.mark.timeout(20)
def test_a_megabyte_without_a_space_takes_no_minutes(text: str) -> None:
    assert all(token.end - token.start <= 255 for token in StandardTokenizer()(text))


def test_stem_exclusion_keeps_words_of_the_english_analyzer() -> None:
    mine = analyzers(analyzer__e__type="english", analyzer__e__stem_exclusion=["running"])
    assert mine.required("e").terms("running jumping") == [("running", 0), ("jump", 1)]


def test_normalizers_use_character_filters_only() -> None:
    mine = analyzers(normalizer__n__type="custom", normalizer__n__filter=["lowercase", "asciifolding"])
    normalize = mine.normalizer("n")
    assert normalize is not None
    assert normalize("ÜBER Æ") == "uber ae"
    with pytest.raises(OpenSearchException) as error:
        analyzers(normalizer__n__filter=["stop"])
    assert error.value.reason == "Custom normalizer [n] may not use filter [stop]"


@pytest.mark.parametrize(
    ("analysis", "reason"),
    [
        ({"analyzer__a__type": "custom"}, "Custom Analyzer [a] must be configured with a tokenizer"),
        ({"analyzer__a__filter": ["lowercase"]}, "analyzer [a] must specify either an analyzer type, or a tokenizer"),
        ({"analyzer__a__tokenizer": "nope"}, "Custom Analyzer [a] failed to find tokenizer under name [nope]"),
        ({"analyzer__a__tokenizer": "standard", "analyzer__a__filter": "nope"}, "Custom Analyzer [a] failed to find filter under name [nope]"),
        ({"analyzer__a__tokenizer": "standard", "analyzer__a__char_filter": ["icu"]}, "Custom Analyzer [a] failed to find char_filter under name [icu]"),
        ({"analyzer__a__type": "klingon"}, "Unknown analyzer type [klingon] for [a]"),
        ({"filter__f__type": "nope"}, "Unknown filter type [nope] for [f]"),
        ({"tokenizer__t__type": "nope"}, "Unknown tokenizer type [nope] for [t]"),
        ({"char_filter__c__type": "icu"}, "Unknown char_filter type [icu] for [c]"),
        ({"char_filter__c__type": "mapping"}, "mapping requires either `mappings` or `mappings_path` to be configured"),
        ({"char_filter__c__type": "mapping", "char_filter__c__mappings": ["ab"]}, "Line [1]: Invalid mapping rule : [ab]"),
        ({"char_filter__c__type": "pattern_replace"}, "pattern is missing for [pattern_replace]"),
        ({"char_filter__c__type": "pattern_replace", "char_filter__c__pattern": "(a+)+"}, "Regex pattern contains nested quantifiers or backreferences: (a+)+"),
        ({"filter__f__type": "length", "filter__f__min": "x"}, "Failed to parse value [x] for setting [min]"),
        ({"filter__f__type": "stop", "filter__f__stopwords": "_german_"}, "stop words [_german_] are not supported, only [_english_] and [_none_]"),
    ],
)  # fmt: skip
def test_incomplete_and_unknown_parts_are_refused(analysis: dict[str, Any], reason: str) -> None:
    with pytest.raises(OpenSearchException) as error:
        analyzers(**analysis)
    assert (error.value.type_name(), error.value.reason) == ("illegal_argument_exception", reason)
