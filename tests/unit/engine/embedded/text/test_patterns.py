"""Patterns over terms, each against what it should mean."""

from __future__ import annotations

import fnmatch
import itertools
from random import Random

import pytest
import tantivy

from ragstone.core.errors import IllegalArgumentException
from ragstone.engine.embedded.text import patterns
from ragstone.engine.embedded.text.lucene_regexp import to_pattern

TERMS = sorted(
    {"".join(letters) for length in range(4) for letters in itertools.product("aéz", repeat=length)}
    | {"a.b", "a b", "A", "a\nb", "\\", "[x]", "a*", "😀", "\ud7ff", "\ue000", "{1}", "-", "a-z", "^a$"}
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> tantivy.Index:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("term", fast=True, tokenizer_name="raw", index_option="basic")
    index = tantivy.Index(builder.build())
    writer = index.writer(15_000_000, 1)
    for term in TERMS:
        document = tantivy.Document()
        document.add_text("term", term)
        writer.add_document(document)
    writer.commit()
    index.reload()
    return index


def matched(index: tantivy.Index, pattern: str) -> list[str]:
    query = tantivy.Query.regex_query(index.schema, "term", pattern)
    hits = index.searcher().search(query, len(TERMS), order_by_field="term", order=tantivy.Order.Asc).hits
    return sorted(value for value, _ in hits)


BOUNDS = [None, "", "a", "aa", "az", "é", "éa", "z", "zzz", "a.b", "😀", "\ud7ff"]


def within(term: str, low: str | None, high: str | None, with_low: bool, with_high: bool) -> bool:
    return (low is None or term > low or (with_low and term == low)) and (
        high is None or term < high or (with_high and term == high)
    )


@pytest.mark.parametrize("states", [900, 100, 40, 20, 0])
@pytest.mark.parametrize("low", BOUNDS)
def test_ranges_of_texts_are_ranges_of_code_points(
    index: tantivy.Index, low: str | None, states: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patterns, "_STATES", states)
    for high, with_low, with_high in itertools.product(BOUNDS, (True, False), (True, False)):
        found = patterns.between(low, high, include_low=with_low, include_high=with_high)
        inside = [] if found.pattern is None else matched(index, found.pattern)
        at_edges = [term for term in TERMS if found.edges and term.startswith(found.edges)]
        assert not set(inside) & set(at_edges)
        kept = [term for term in at_edges if within(term, low, high, with_low, with_high)]
        assert sorted(inside + kept) == [term for term in TERMS if within(term, low, high, with_low, with_high)]


@pytest.mark.parametrize("alphabet", ["abyz", "éüßñ", "漢字仮名", "😀😁🚀", "aé漢😀\x00\U0010ffff"])
def test_bounds_of_any_length_make_an_automaton_that_tantivy_takes(index: tantivy.Index, alphabet: str) -> None:
    random = Random(alphabet)
    for length in (1, 10, 20, 22, 23, 30, 44, 45, 46, 100, 3000):
        texts = ["".join(random.choices(alphabet, k=length)) for _ in range(2)]
        low, high = sorted(texts)
        for shared in ("", "s" * 100, "s" * 600, "s" * 850, "s" * 2000):
            for bounds in ((shared + low, shared + high), (shared + low, None), (None, shared + high)):
                found = patterns.between(*bounds, include_low=True, include_high=True)
                if found.pattern is not None:
                    tantivy.Query.regex_query(index.schema, "term", found.pattern)  # refuses what is too large
                assert found.edges or len(shared + low) < 900


@pytest.mark.parametrize("pattern", ["a*", "*z", "a?", "?", "*", "a.b", "[x]", "", "a*z*", "{1}", "^a$", "a-z"])
def test_wildcards_stand_for_any_text_and_any_character(index: tantivy.Index, pattern: str) -> None:
    expected = [t for t in TERMS if fnmatch.fnmatchcase(t, pattern.replace("[", "[[]"))]
    assert matched(index, patterns.wildcard(pattern)) == expected


def test_a_backslash_takes_a_wildcard_for_itself(index: tantivy.Index) -> None:
    assert matched(index, patterns.wildcard(r"a\*")) == ["a*"]
    assert matched(index, patterns.wildcard("\\\\")) == ["\\"]
    assert matched(index, patterns.wildcard("\\")) == ["\\"]


def test_prefixes_and_case(index: tantivy.Index) -> None:
    assert matched(index, patterns.prefix("a.")) == ["a.b"]
    assert matched(index, patterns.ignoring_case("a")) == ["A", "a"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a|z", ["a", "z"]),
        ("a.?z", ["a-z", "aaz", "az", "azz", "aéz"]),
        ("(az){1}", ["az"]),
        ("[a-b]z", ["az"]),
        ("[^a-z]", ["A", "-", "\\", "é", "😀", "\ud7ff", "\ue000"]),
        ('"a.b"', ["a.b"]),
        (r"a\.b", ["a.b"]),
        ("[[]x]", ["[x]"]),
        ("#", []),
        ("", [""]),
    ],
)
def test_lucenes_expressions_keep_their_meaning(index: tantivy.Index, expression: str, expected: list[str]) -> None:
    assert matched(index, to_pattern(expression)) == sorted(expected)


def test_any_text_is_written_with_an_at_sign(index: tantivy.Index) -> None:
    assert matched(index, to_pattern("@")) == TERMS


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("[", "unexpected end-of-string"),
        ("a\\", "unexpected end-of-string"),
        ("(a", "expected ')' at position 2"),
        ("<1-5>", "[regexp intervals] is not supported by Ragstone yet"),
        ("~a", "[regexp complement] is not supported by Ragstone yet"),
    ],
)
def test_expressions_that_can_not_be_used(expression: str, reason: str) -> None:
    with pytest.raises(IllegalArgumentException) as caught:
        to_pattern(expression)
    assert caught.value.reason == reason
