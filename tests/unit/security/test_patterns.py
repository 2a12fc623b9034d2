"""Patterns of roles and mappings."""

from __future__ import annotations

import json
import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstone.security.patterns import fill_json, matcher, matcher_for, pattern_fault

LETTERS = st.text("ab.-", max_size=8)


@given(st.text("ab*?", max_size=8), LETTERS)
def test_wildcards_match_as_a_shell_would(pattern: str, value: str) -> None:
    assert matcher([pattern])(value) == fnmatchcase(value, pattern)


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_value_that_is_filled_in_is_taken_literally(name: str, other: str) -> None:
    of_user = matcher_for(["${user.name}"], {"user.name": name}.get)
    assert of_user(name)
    assert of_user(other) == (name == other)


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_value_in_a_regular_expression_is_taken_literally(name: str, other: str) -> None:
    of_user = matcher_for(["/x${user.name}/"], {"user.name": name}.get)
    assert of_user("x" + name)
    assert of_user(other) == (other == "x" + name)


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("logs", "logs", True),
        ("logs", "Logs", False),
        ("logs", "logs2", False),
        ("*", "", True),
        ("log-?", "log-1", True),
        ("log-?", "log-", False),
        ("log-*", "log-\n", True),
        ("/log-[0-9]+/", "log-12", True),
        ("/log-[0-9]/", "log-12", False),
        ("/log/", "a log", False),
        ("/", "/", True),
        ("//", "", True),
        ("a.b", "axb", False),
        ("/[/", "[", False),
        ("arn:aws:iam::*:role/w", "arn:aws:iam::1:role/w", True),
    ],
)
def test_a_pattern_covers_the_whole_value(pattern: str, value: str, expected: bool) -> None:
    assert matcher([pattern])(value) is expected


def test_any_of_several_patterns_is_enough() -> None:
    match = matcher(["a", "b*", "/c+/"])
    assert [match(value) for value in ("a", "bb", "ccc", "d")] == [True, True, True, False]
    assert not matcher([])("a")


def test_a_placeholder_without_a_value_matches_nothing() -> None:
    match = matcher_for(["x-${attr.internal.bay}", "y"], lambda _: None)
    assert (match("x-"), match("x-${attr.internal.bay}"), match("y")) == (False, False, True)


def test_placeholders_and_wildcards_stand_together() -> None:
    match = matcher_for(["${user.name}-*"], {"user.name": "ann*"}.get)
    assert match("ann*-notes")
    assert not match("anna-notes")


@pytest.mark.parametrize("pattern", ["/(a+)+b/", "/(a|aa)+b/", "/((a))+((a+))*b/", "/a*a*a*a*b/", "*a*a*a*a*a*a*a*a*b"])
def test_no_pattern_takes_long(pattern: str) -> None:
    started = time.perf_counter()
    assert not matcher([pattern])("a" * 250)
    assert time.perf_counter() - started < 0.5


def test_a_faulty_expression_is_named() -> None:
    assert pattern_fault("/[/") == "Invalid regex pattern: [ (unexpected [ at 0)"
    assert pattern_fault("/(?=a)/") is not None
    assert pattern_fault("/a{2,3}-[0-9]+/") is None
    assert pattern_fault("[") is None


@given(st.text(max_size=30), st.sampled_from(['{"term":{"a":"${v}"}}', '{"term":{"a":${v}}}', '["x\\"${v}",${v}]']))
def test_a_value_never_changes_the_structure_around_it(value: str, text: str) -> None:
    filled = fill_json(text, {"v": value}.get)
    assert filled is not None
    parsed, model = json.loads(filled), json.loads(text.replace('"${v}', '"').replace("${v}", "0"))
    assert type(parsed) is type(model)
    assert len(parsed) == len(model)
    if isinstance(parsed, dict):
        assert [*parsed, *parsed["term"]] == ["term", "a"]


def test_values_in_queries_are_text_numbers_and_lists() -> None:
    values = {"user.roles": '"a","b"', "attr.internal.n": "5", "attr.internal.t": "x y"}.get
    assert fill_json('{"terms":{"r":[${user.roles}]}}', values) == '{"terms":{"r":["a","b"]}}'
    assert fill_json('{"term":{"n":${attr.internal.n}}}', values) == '{"term":{"n":5}}'
    assert fill_json('{"term":{"t":${attr.internal.t}}}', values) == '{"term":{"t":"x y"}}'
    assert fill_json('{"term":{"t":"${attr.internal.gone}"}}', values) is None
