"""JSONPath as Jayway answers it."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import IllegalArgumentException, PathNotFoundException
from ragstone.ml.json_path import read

DATA = {
    "choices": [{"m": {"c": "one"}}, {"m": {"c": "two"}}],
    "z": None,
    "data": [],
    "x y": 1,
    "true": "keyword",
    "x-y": "dash",
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", DATA),
        ("$.choices[0].m.c", "one"),
        ("$.choices[-1].m.c", "two"),
        ("$['x y']", 1),
        ("$.z", None),
        ("$.choices[*].m.c", ["one", "two"]),
        ("$..c", ["one", "two"]),
        ("$.choices[0:1].m.c", ["one"]),
        ("$..none", []),
        ("$.true", "keyword"),
        ("$.x-y", "dash"),
        ("choices[0].m.c", "one"),
        ("$.data[*].embedding", []),
        ("$.choices[?(@.m.c=='two')].m.c", ["two"]),
    ],
)
def test_a_definite_path_is_a_value_and_any_other_a_list(path: str, found: Any) -> None:
    assert read(path, DATA) == found


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("$.nope", "No results for path: $['nope']"),
        ("$.choices[7].m", "No results for path: $['choices'][7]['m']"),
        ("$.nope.deeper", "Missing property in path $['nope']"),
        ("$.nope[*].embedding", "Missing property in path $['nope']"),
    ],
)
def test_a_path_to_nothing_says_where_it_ends(path: str, reason: str) -> None:
    with pytest.raises(PathNotFoundException) as error:
        read(path, DATA)
    assert str(error.value) == reason


@pytest.mark.parametrize("path", ["$.choices.m", "$.z.q", "$.z[0]"])
def test_a_step_into_the_wrong_kind_of_value_is_an_error(path: str) -> None:
    with pytest.raises(PathNotFoundException):
        read(path, DATA)


@pytest.mark.parametrize("path", ["$[", "$.a | $.b", "$.a.length()", ""])
def test_what_is_no_path_is_a_fault_of_the_caller(path: str) -> None:
    with pytest.raises(IllegalArgumentException, match="Invalid JSONPath"):
        read(path, DATA)
