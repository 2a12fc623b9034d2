"""minimum_should_match and fuzziness, the small languages inside text queries."""

from __future__ import annotations

import pytest

from ragstone.core.errors import NumberFormatException, ParseException
from ragstone.dsl.fuzziness import Fuzziness
from ragstone.dsl.minimum_should_match import minimum_should_match


@pytest.mark.parametrize(
    ("spec", "clauses", "expected"),
    [
        (None, 4, 0),
        ("3", 4, 3),
        ("5", 4, 5),
        ("-1", 4, 3),
        ("-9", 4, 0),
        ("75%", 4, 3),
        ("74%", 4, 2),
        ("-25%", 4, 3),
        ("-26%", 4, 3),
        ("2<75%", 2, 2),
        ("2<75%", 4, 3),
        ("2<-25% 9<-3", 2, 2),
        ("2<-25% 9<-3", 8, 6),
        ("2<-25% 9<-3", 12, 9),
        ("2 < -25%  9<-3", 12, 9),
        ("0%", 4, 0),
    ],
)
def test_how_many_clauses_must_match(spec: str | None, clauses: int, expected: int) -> None:
    assert minimum_should_match(spec, clauses) == expected


def test_a_count_that_is_no_number_is_refused() -> None:
    with pytest.raises(NumberFormatException, match='For input string: "x"'):
        minimum_should_match("x%", 3)


@pytest.mark.parametrize(
    ("given", "distances"),
    [("auto", (0, 1, 2)), ("AUTO:4,5", (0, 0, 2)), (1, (1, 1, 1)), ("2.9", (2, 2, 2)), (7, (2, 2, 2)), ("0", (0, 0, 0))],
)  # fmt: skip
def test_edits_by_length_of_the_term(given: object, distances: tuple[int, ...]) -> None:
    fuzziness = Fuzziness.parse(given)
    assert tuple(fuzziness.distance(term) for term in ("ab", "abc", "abcdef")) == distances


def test_broken_fuzziness() -> None:
    for text in ("AUTO:1", "AUTO:a,2", "AUTO:5,2"):
        with pytest.raises(ParseException):
            Fuzziness.parse(text)
    with pytest.raises(NumberFormatException):
        Fuzziness.parse("many").distance("x")
