"""Regular expressions in linear time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragstone.core.linear_regex import LinearPattern, UnsupportedPattern

_ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\.", "-", "[a-c.]"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{1,}", "*?"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
    )


@settings(max_examples=300, deadline=None)
@given(st.recursive(_ATOMS, _grown, max_leaves=6), st.text("ab.1-", max_size=6))
def test_it_matches_what_python_matches(pattern: str, text: str) -> None:
    assert LinearPattern(pattern).fullmatch(text) == (re.fullmatch(pattern, text, re.DOTALL) is not None)


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|aa)+b", "((a)*(a+)*)*b", "a*a*a*a*a*a*b", "(.*.*.*)*b", "(a?){50}a{50}b"]
)
def test_what_explodes_elsewhere_is_answered_here(pattern: str) -> None:
    assert not LinearPattern(pattern).fullmatch("a" * 250)
    assert LinearPattern(pattern).fullmatch("a" * 80 + "b")


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "[", "*", "a**", "a++", r"(a)\1", "(?=a)", "(?<n>a)", "a{2000}", "(a{900}){900}", r"\q", "a^b"],
)
def test_what_it_cannot_do_is_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedPattern):
        LinearPattern(pattern)


def test_anchors_at_the_ends_say_nothing() -> None:
    assert LinearPattern("^logs-.*$").fullmatch("logs-1")
    assert not LinearPattern(r"logs\$").fullmatch("logs")
