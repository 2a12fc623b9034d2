"""Token filters: what becomes of tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ragstone.engine.embedded.analysis.analyzer import Token


def lowercase(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        token.term = token.term.lower()
        yield token
