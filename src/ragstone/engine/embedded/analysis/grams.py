"""Pieces of texts, of terms, and of neighbouring terms."""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

from ragstone.engine.embedded.analysis.analyzer import Token, TokenFilter, Tokenizer

CharacterTest = Callable[[str], bool]
CHARACTER_CLASSES: dict[str, CharacterTest] = {
    "letter": str.isalpha,
    "digit": lambda character: unicodedata.category(character) == "Nd",
    "whitespace": str.isspace,
    "punctuation": lambda character: unicodedata.category(character).startswith("P"),
    "symbol": lambda character: unicodedata.category(character).startswith("S"),
}


def runs(text: str, belongs: CharacterTest) -> Iterator[tuple[int, int]]:
    """(start, end) of the longest stretches of characters that belong."""
    start = None
    for at, character in enumerate(text):
        if belongs(character):
            start = at if start is None else start
        elif start is not None:
            yield start, at
            start = None
    if start is not None:
        yield start, len(text)


def gram_tokenizer(shortest: int, longest: int, belongs: CharacterTest | None, *, at_edge: bool) -> Tokenizer:
    """Every piece of `shortest` to `longest` characters, each at a position of its own; `at_edge` only those at the
    beginning. Pieces reach over no character that does not belong."""

    def tokenize(text: str) -> Iterator[Token]:
        position = 0
        stretches = [(0, len(text))] if belongs is None else runs(text, belongs)
        for start, end in stretches:
            for first, last in _pieces(end - start, shortest, longest, at_edge):
                yield Token(text[start + first : start + last], start + first, start + last, position)
                position += 1

    return tokenize


def gram_filter(shortest: int, longest: int, *, at_edge: bool, preserve_original: bool) -> TokenFilter:
    """Pieces of every term, at its position and with its offsets. A term that is too short is dropped."""

    def apply(tokens: Iterable[Token]) -> Iterator[Token]:
        for token in tokens:
            size = len(token.term)
            for first, last in _pieces(size, shortest, longest, at_edge):
                yield replace(token, term=token.term[first:last])
            if preserve_original and not shortest <= size <= longest:
                yield token

    return apply


def _pieces(size: int, shortest: int, longest: int, at_edge: bool) -> Iterator[tuple[int, int]]:
    for first in range(1 if at_edge else size):
        for length in range(shortest, min(longest, size - first) + 1):
            yield first, first + length


def shingles(
    shortest: int, longest: int, *, separator: str, filler: str, unigrams: bool, unigrams_if_none: bool
) -> TokenFilter:
    """`shortest` to `longest` neighbouring terms as one, beside the terms themselves where `unigrams` are wanted.

    Where a filter before dropped terms, `filler` stands for them, and wide gaps close up. `Differs:` what was dropped
    at the end of a text leaves no filler.
    """

    def apply(tokens: Iterable[Token]) -> Iterator[Token]:
        source = _with_fillers(tokens, filler, longest - 1)
        window: deque[Token] = deque(islice(source, longest))
        kept: list[Token] = []
        found = False
        while window:
            first = window[0]
            if first.type != _FILLER:
                kept.append(first)
                if unigrams:
                    yield first
            for count in range(shortest, len(window) + 1):
                part = list(islice(window, count))
                if all(one.type == _FILLER for one in part):
                    continue
                found = True
                term = separator.join(one.term for one in part)
                length = count if unigrams else 1
                yield Token(term, first.start, part[-1].end, first.position, "shingle", length=length)
            window.popleft()
            window.extend(islice(source, 1))
        if unigrams_if_none and not unigrams and not found:
            yield from kept

    return apply


_FILLER = "filler"


def _with_fillers(tokens: Iterable[Token], term: str, most: int) -> Iterator[Token]:
    """Tokens at positions without gaps: in each gap up to `most` fillers, right before the token behind it."""
    position, behind = 0, -1
    for token in tokens:
        for _ in range(min(token.position - behind - 1, most)):
            yield Token(term, token.start, token.start, position, _FILLER)
            position += 1
        behind = token.position
        token.position = position
        position += 1
        yield token
