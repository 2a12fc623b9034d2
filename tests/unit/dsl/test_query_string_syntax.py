"""The classic query language, and the simple one."""

from __future__ import annotations

from typing import Literal

import pytest

from ragstone.dsl.query_string_syntax import (
    Between,
    Fuzzy,
    Group,
    Node,
    Prefix,
    Quoted,
    Regexp,
    SyntaxException,
    Text,
    Wildcard,
    parse_syntax,
)
from ragstone.dsl.simple_query_syntax import FLAGS, Everything, parse_simple, read_flags


def text(words: str, field: str | None = None, boost: float = 1.0) -> Text:
    return Text(field, boost, words)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("river", text("river")),
        ("green river sea", text("green river sea")),
        ("title:river", text("river", "title")),
        ("title:(river sea)", text("river sea", "title")),
        ("river^2.5", text("river", boost=2.5)),
        ('"cold sea"~3^2', Quoted(None, 2.0, "cold sea", 3)),
        ("stor*", Prefix(text="stor")),
        ("st?r*m", Wildcard(pattern="st?r*m")),
        ("*", Wildcard(pattern="*")),
        ("*:*", Wildcard("*", pattern="*")),
        ("rivr~", Fuzzy(text="rivr")),
        ("rivr~1", Fuzzy(text="rivr", edits="1")),
        ("/g.*s/", Regexp(pattern="g.*s")),
        ("year:[2005 TO 2011}", Between("year", low="2005", high="2011", include_high=False)),
        ("{* TO \"a b\"]", Between(low=None, high="a b", include_low=False)),
        ("a\\+b\\ c", text("a+b c")),
        ("tit\\*:x", text("x", "tit*")),
        ("a AND b", Group(clauses=(("must", text("a")), ("must", text("b"))))),
        ("a && !b", Group(clauses=(("must", text("a")), ("must_not", text("b"))))),
        ("+a -b c", Group(clauses=(("must", text("a")), ("must_not", text("b")), ("should", text("c"))))),
        ("a b OR c", Group(clauses=(("should", text("a b")), ("should", text("c"))))),
        ("a (b OR c)^3", Group(clauses=(
            ("should", text("a")), ("should", Group(None, 3.0, (("should", text("b")), ("should", text("c"))))),
        ))),
        ("-a", Group(clauses=(("must_not", text("a")),))),
    ],
)  # fmt: skip
def test_texts_mean_what_lucenes_grammar_says(query: str, expected: Node) -> None:
    assert parse_syntax(query) == expected


def test_with_and_as_default_an_or_loosens_its_neighbours() -> None:
    assert parse_syntax("a OR b +c", "and") == Group(
        clauses=(("should", text("a")), ("should", text("b")), ("must", text("c")))
    )


@pytest.mark.parametrize(
    ("query", "beginning"),
    [
        ("a AND (", 'Encountered "<EOF>" at line 1, column 7.\nWas expecting one of:\n    <NOT> ...\n    "+" ...\n'),
        ("a:b:c", 'Encountered " ":" ": "" at line 1, column 3.\nWas expecting one of:\n    <EOF> \n    <AND> ...\n'),
        ("a)", 'Encountered " ")" ") "" at line 1, column 1.'),
        ('"open', "Lexical error at line 1, column 6.  Encountered: <EOF> after : "),
    ],
)
def test_wrong_texts_get_lucenes_words(query: str, beginning: str) -> None:
    with pytest.raises(SyntaxException) as caught:
        parse_syntax(query)
    assert str(caught.value.reason).startswith(beginning)


EVERYTHING = Everything()


@pytest.mark.parametrize(
    ("query", "operator", "expected"),
    [
        ("river", "or", text("river")),
        ("a b", "or", Group(clauses=(("should", text("a")), ("should", text("b"))))),
        ("a + b", "or", Group(clauses=(("must", text("a")), ("must", text("b"))))),
        ("a | b", "and", Group(clauses=(("should", text("a")), ("should", text("b"))))),
        ("a b | c", "and", Group(clauses=(
            ("should", Group(clauses=(("must", text("a")), ("must", text("b"))))), ("should", text("c")),
        ))),
        ("-a", "or", Group(clauses=(("must_not", text("a")), ("should", EVERYTHING)))),
        ("--a", "or", text("a")),
        ('"cold sea"~2', "or", Quoted(text="cold sea", slop=2)),
        ('"open', "or", text("open")),
        ("stor*", "or", Prefix(text="stor")),
        ("a\\*", "or", text("a*")),
        ("gren~1", "or", Fuzzy(text="gren", edits="1")),
        ("gren~9", "or", Fuzzy(text="gren", edits="2")),
        ("gren~x", "or", text("gren")),
        ("(a b", "or", Group(clauses=(("should", text("a")), ("should", text("b"))))),
        ("(a | b) + c", "or", Group(clauses=(
            ("must", Group(clauses=(("should", text("a")), ("should", text("b"))))), ("must", text("c")),
        ))),
        ("", "or", None),
        ("+ | -", "or", None),
    ],
)  # fmt: skip
def test_the_simple_language_never_fails(query: str, operator: Literal["and", "or"], expected: Node | None) -> None:
    assert parse_simple(query, frozenset(FLAGS), operator) == expected


def test_flags_switch_signs_off() -> None:
    assert parse_simple("a +b*", read_flags("NONE")) == text("a +b*")
    assert parse_simple("a +b*", read_flags("WHITESPACE|PREFIX")) == Group(
        clauses=(("should", text("a")), ("should", Prefix(text="+b")))
    )
    assert read_flags("ALL") == frozenset(FLAGS)
