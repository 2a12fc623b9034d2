"""Conditions of processors."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import ScriptException
from ragstone.pipelines.ingest.condition import Condition

DOCUMENT = {"a": 1, "t": "text", "n": None, "o": {"k": "v", "deep": {"x": True}}, "l": ["p", "q"], "f": 1.5}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("true", True),
        ("false", False),
        ("ctx.a == 1", True),
        ("ctx.a==1.0", True),
        ("ctx.a == true", False),
        ("ctx.t == 'text'", True),
        ('ctx.t != "text"', False),
        ("ctx.missing == null", True),
        ("ctx.n != null", False),
        ("ctx.o.k == 'v' && ctx['a'] >= 1", True),
        ("ctx.o?.deep?.x", True),
        ("ctx.none?.deep?.x == null", True),
        ("!(ctx.a > 3 || ctx.f < 1)", True),
        ("ctx.containsKey('a') && !ctx.containsKey('zz')", True),
        ("ctx.o.containsKey('k')", True),
        ("ctx.l.contains('q')", True),
        ("ctx.l[0] == 'p'", True),
        ("ctx.t.length() > 3", True),
        ("return ctx.a == 1;", True),
        ("ctx.a == 1 || ctx.none.deep", True),
        (r"ctx.t == 'it\'s'", False),
    ],
)
def test_conditions_say_what_painless_would_say(script: str, expected: bool) -> None:
    assert Condition.compile(script).holds(DOCUMENT) is expected


@pytest.mark.parametrize("script", ["ctx.none.deep == 1", "ctx.n > 1", "ctx.t > 1", "!ctx.a", "ctx.a.startsWith('x')"])
def test_a_condition_that_cannot_be_evaluated_is_a_runtime_error(script: str) -> None:
    with pytest.raises(ScriptException, match="runtime error"):
        Condition.compile(script).holds(DOCUMENT)


def test_a_condition_that_is_no_boolean_does_not_hold() -> None:
    condition: Any = Condition.compile("ctx.t")
    assert condition.holds(DOCUMENT) is False
