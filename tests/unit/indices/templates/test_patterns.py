"""Patterns of templates."""

from __future__ import annotations

import itertools

import pytest

from ragstone.core.names import matches
from ragstone.indices.templates.patterns import overlap, pattern_faults, template_name_faults


def test_patterns_overlap_when_a_name_fits_both() -> None:
    names = ["".join(letters) for size in range(5) for letters in itertools.product("ab", repeat=size)]
    patterns = ["", "*", "a", "a*", "*a", "a*b", "*b*", "ab", "b*b", "*a*b*", "a**"]
    for one, other in itertools.product(patterns, repeat=2):
        both = any(matches(one, name) and matches(other, name) for name in names)
        assert overlap([one], [other]) is both, (one, other)


def test_any_pair_of_two_lists_makes_an_overlap() -> None:
    assert overlap(["x*", "logs-*"], ["y", "*-7"])
    assert not overlap(["x*"], ["y*"])


def test_every_fault_of_a_template_s_name_is_told() -> None:
    assert template_name_faults("Pr L") == ["name must not contain a space", "name must be lower cased"]
    assert template_name_faults("_a,b") == ["name must not contain a ','", "name must not start with '_'"]
    assert template_name_faults("logs-7") == []


@pytest.mark.parametrize(
    ("pattern", "faults"),
    [
        ("logs-*", []),
        ("a#", ["index_pattern [a#] must not contain a '#'"]),
        ("_x", ["index_pattern [_x] must not start with '_'"]),
        ("a/", ['index_pattern [a/] must not contain the following characters [ , ", *, \\, <, |, ,, >, /, ?]']),
    ],
)
def test_every_fault_of_a_pattern_is_told(pattern: str, faults: list[str]) -> None:
    assert pattern_faults(pattern) == faults
