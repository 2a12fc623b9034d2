"""Parameters as texts."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.ml.values import escaped, is_json_tree, text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (None, "null"),
        (True, "true"),
        (5, "5"),
        (12345678901, "12345678901"),
        (1.50, "1.5"),
        (1e20, "1.0E20"),
        (0.0001, "1.0E-4"),
        (-1.7e9, "-1.7E9"),
        (1e23, "1.0E23"),
        (0.0, "0.0"),
        ({"a": [1, None, "ü"]}, '{"a":[1,null,"ü"]}'),
    ],
)
def test_values_are_their_compact_json_with_javas_fractions(value: Any, text: str) -> None:
    assert text_of(value) == text


def test_a_very_long_number_keeps_every_digit() -> None:
    assert text_of(10**30) == "1" + "0" * 30
    assert text_of([10**30]) == "[1" + "0" * 30 + "]"


def test_escaping_makes_the_inside_of_a_json_string() -> None:
    assert escaped('a "b" \\ \n é') == 'a \\"b\\" \\\\ \\n é'


def test_only_objects_and_arrays_are_trees() -> None:
    assert is_json_tree(' {"a":1}')
    assert is_json_tree("[]")
    assert not is_json_tree("{broken")
    assert not is_json_tree("5")
