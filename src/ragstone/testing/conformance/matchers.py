"""Stand-ins for values that are not the same twice, or not all that matters. In YAML they are tags."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Protocol

TOLERANCE = 1e-4
"""Relative; what scores of two implementations of the same formula may differ by."""


class Matcher(Protocol):
    """Takes one value. What it looks for is its `repr`."""

    def accepts(self, value: Any) -> bool: ...


@dataclass(frozen=True, repr=False)
class Anything:
    """`!any`: whatever, but there."""

    def accepts(self, value: Any) -> bool:
        return True

    def __repr__(self) -> str:
        return "!any"


@dataclass(frozen=True, repr=False)
class Absent:
    """`!absent`: the member must not be there."""

    def accepts(self, value: Any) -> bool:
        return False

    def __repr__(self) -> str:
        return "!absent"


@dataclass(frozen=True, repr=False)
class Id:
    """`!id`: what a server makes up to call something by, not empty, without spaces."""

    def accepts(self, value: Any) -> bool:
        return isinstance(value, str) and re.fullmatch(r"[\w-]+", value, re.ASCII) is not None

    def __repr__(self) -> str:
        return "!id"


@dataclass(frozen=True, repr=False)
class Number:
    """`!number`: any, but no boolean and no text."""

    def accepts(self, value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool)

    def __repr__(self) -> str:
        return "!number"


@dataclass(frozen=True, repr=False)
class Approximately:
    """`!approx 0.5`: that number, written as an integer or not."""

    number: float

    def accepts(self, value: Any) -> bool:
        return Number().accepts(value) and near(self.number, value)

    def __repr__(self) -> str:
        return f"!approx {self.number}"


@dataclass(frozen=True, repr=False)
class Pattern:
    """`!regex "a.c"`: a text that matches from beginning to end, line breaks included."""

    pattern: str

    def accepts(self, value: Any) -> bool:
        return isinstance(value, str) and re.fullmatch(self.pattern, value, re.DOTALL) is not None

    def __repr__(self) -> str:
        return f"!regex {self.pattern!r}"


@dataclass(frozen=True)
class Exactly:
    """`!exact {...}`: no other members, here or further down. Without it, what is not mentioned does not count."""

    value: Any


@dataclass(frozen=True)
class Unordered:
    """`!unordered [...]`: a list of just these, in any order."""

    members: tuple[Any, ...]


def near(expected: float, actual: float) -> bool:
    return math.isclose(expected, actual, rel_tol=TOLERANCE, abs_tol=1e-9)


MATCHERS: tuple[type[Matcher], ...] = (Anything, Absent, Id, Number, Approximately, Pattern)
