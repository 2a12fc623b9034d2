"""Which names an index may have."""

from __future__ import annotations

import pytest

from ragstone.core.errors import InvalidIndexNameException
from ragstone.engine.embedded.names import validate_index_name

CHARACTERS = 'must not contain the following characters [ , ", *, \\, <, |, ,, >, /, ?]'
LONG = "x" * 256


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Upper", "must be lowercase"),
        ("_core", "must not start with '_', '-', or '+'"),
        ("-core", "must not start with '_', '-', or '+'"),
        ("+core", "must not start with '_', '-', or '+'"),
        ("a*x", CHARACTERS),
        ("a?x", CHARACTERS),
        ("a x", CHARACTERS),
        ("a,x", CHARACTERS),
        ('a"x', CHARACTERS),
        ("a#x", "must not contain '#'"),
        ("a:x", "must not contain ':'"),
        ("..", "must not be '.' or '..'"),
        ("", "must not be empty"),
        (LONG, "index name is too long, (256 > 255)"),
        ("ü" * 128, "index name is too long, (256 > 255)"),
    ],
)
def test_bad_index_names_are_refused_with_the_reason(name: str, why: str) -> None:
    with pytest.raises(InvalidIndexNameException) as error:
        validate_index_name(name)
    assert error.value.reason == f"Invalid index name [{name}], {why}"
    assert error.value.metadata == {"index": name, "index_uuid": "_na_"}


@pytest.mark.parametrize("name", ["a", ".hidden", "a.b-c_d", "日本", "x" * 255])
def test_good_names_pass(name: str) -> None:
    validate_index_name(name)
