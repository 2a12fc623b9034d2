"""`minimum_should_match`: `3`, `-2`, `75%`, `-25%`, `2<75%`, `2<-25% 9<-3`."""

from __future__ import annotations

import re

from ragstone.core.errors import NumberFormatException

_AROUND_LESS_THAN = re.compile(r"(\s+<\s*)|(\s*<\s+)")


def minimum_should_match(spec: str | None, clauses: int) -> int:
    """How many of `clauses` optional clauses must match, never negative; 0 when `spec` is None.

    May be more than there are: then nothing matches. Raises NumberFormatException.
    """
    if spec is None:
        return 0
    return max(0, _calculate(spec.strip(), clauses))


def _calculate(spec: str, clauses: int) -> int:
    if "<" in spec:
        result = clauses
        for condition in _AROUND_LESS_THAN.sub("<", spec).split():
            bound, _, rest = condition.partition("<")
            if clauses <= _integer(bound):
                return result
            result = max(0, _calculate(rest, clauses))
        return result
    if spec.endswith("%"):
        share = int(clauses * _integer(spec[:-1]) / 100)  # towards zero, as Java rounds
        return clauses + share if share < 0 else share
    number = _integer(spec)
    return clauses + number if number < 0 else number


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d+", text):
        raise NumberFormatException.of(text)
    return int(text)
