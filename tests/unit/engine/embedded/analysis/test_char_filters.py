"""Char filters, and the way back from what they left."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstone.engine.embedded.analysis.char_filters import html_strip, mapping, substitution


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>I&apos;m <b>bold</b></p>", "\nI'm bold\n"),
        ("a<br/>b", "a\nb"),
        ("x <!-- gone --> y", "x  y"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<script>var a = '<b>';</script>x", "\nx"),
        ("<a title='1 > 0'>k</a>", "k"),
        ("&#65;&#x42;&unknown;&nbsp;", "AB&unknown; "),
        ("<!-- never closed", ""),
    ],
)
def test_tags_go_and_entities_are_decoded(markup: str, text: str) -> None:
    assert html_strip()(markup)[0] == text


def test_escaped_tags_stay() -> None:
    assert html_strip(["b"])("<b>x</b><i>y</i>")[0] == "<b>x</b>y"


def test_the_longest_text_that_fits_is_replaced() -> None:
    assert mapping([("a", "1"), ("ab", "2"), ("", "3")])("aba")[0] == "21"
    assert mapping([])("aba")[0] == "aba"


def test_a_longer_replacement_comes_from_the_replaced_characters_and_the_next_one_from_behind_them() -> None:
    text, origins = mapping([("&", "und")])("a & b")
    assert (text, list(origins)) == ("a und b", [0, 1, 2, 2, 2, 3, 4, 5])


def test_a_shorter_replacement_begins_where_the_replaced_text_began() -> None:
    text, origins = substitution(re.compile("b+"), lambda match: "x")("abbbc")
    assert (text, list(origins)) == ("axc", [0, 1, 4, 5])


@given(st.text(alphabet="ab<>/&;! -p", max_size=30))
def test_origins_never_go_back_and_end_at_the_end(text: str) -> None:
    changed, origins = html_strip()(text)
    assert len(origins) == len(changed) + 1
    assert list(origins) == sorted(origins)
    assert origins[-1] == len(text)
