"""Where sentences and words of a text begin, by the rules of Java's BreakIterator, near enough."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Protocol

BETWEEN_VALUES = "\u2029"
"""Stands between the values of a field."""

_CLOSING = "\"')\\]}\u00bb\u2019\u201d\u203a"
_OPENING = "\"'(\\[{\u00ab\u2018\u201c\u2039"
_SPACE = "\\t\\r\\n\\f\u2028\u00a0\u3000 "
_SENTENCE_END = re.compile(
    f"[!?\u3002\uff01\uff1f][!?.\u3002\uff01\uff1f{_CLOSING}]*[{_SPACE}]*"
    f"|[.\uff0e][!?.\u3002\uff01\uff1f{_CLOSING}]*[{_SPACE}]+(?=[{_OPENING}]*([^{_OPENING}{_SPACE}]))"
)
_WORD = re.compile(r"[^\W_]+(?:[-\u00ad\u2010-\u2015\u2027\"'.,][^\W_]+)*|\s+|.", re.DOTALL)


class Breaks(Protocol):
    """Boundaries in a text."""

    def preceding(self, offset: int) -> int:
        """The last one before an offset; -1 when there is none."""

    def following(self, offset: int) -> int:
        """The first one behind an offset; the end of the text when there is none."""


class Boundaries:
    """A known list of them; 0 and the end are always among them."""

    def __init__(self, found: Iterable[int], length: int) -> None:
        self._at = sorted({0, *found, length})

    def preceding(self, offset: int) -> int:
        place = bisect_left(self._at, offset)
        return self._at[place - 1] if place else -1

    def following(self, offset: int) -> int:
        place = bisect_right(self._at, offset)
        return self._at[place] if place < len(self._at) else self._at[-1]


def sentences(text: str) -> Boundaries:
    """A full stop ends one where a letter follows that is not small; `!` and `?` always do."""
    ends = (
        found.end()
        for found in _SENTENCE_END.finditer(text)
        if found[1] is None or (found[1].isalpha() and not found[1].islower())
    )
    return Boundaries(ends, len(text))


def words(text: str) -> Boundaries:
    return Boundaries((found.end() for found in _WORD.finditer(text)), len(text))


def whole(text: str) -> Boundaries:
    return Boundaries((), len(text))


class OfValues:
    """The boundaries of each value in a text of several, which are asked in the order of the text."""

    def __init__(self, text: str, of_value: Callable[[str], Breaks]) -> None:
        self._values = text.split(BETWEEN_VALUES)
        self._starts = list(accumulate((len(value) + 1 for value in self._values[:-1]), initial=0))
        self._of_value = of_value
        self._asked = -1
        self._breaks: Breaks = whole("")

    def around(self, offset: int) -> tuple[int, int]:
        """Where the piece with the character at `offset` begins and ends."""
        number = bisect_right(self._starts, offset) - 1
        if number != self._asked:
            self._asked, self._breaks = number, self._of_value(self._values[number])
        start = self._starts[number]
        before = max(self._breaks.preceding(offset - start + 1), 0)
        return start + before, start + self._breaks.following(offset - start)


class BoundedSentences:
    """Sentences, joined while they fit a length, and cut at words where one alone does not.

    Asked in the order of the text, `preceding(offset + 1)` and then `following(offset)`: what comes behind a cut in the
    same sentence begins at the cut. Source: OpenSearch's BoundedBreakIteratorScanner.
    """

    def __init__(self, text: str, most: int) -> None:
        self._length = len(text)
        self._most = most
        self._sentences = sentences(text)
        self._words = words(text)
        self._window = (-1, -1)
        self._end = 0

    def preceding(self, offset: int) -> int:
        if self._window[0] < offset < self._window[1]:
            start, end = self._end, self._window[1]
        else:
            start = max(self._sentences.preceding(offset), 0)
            target = offset + max(0, self._most - (offset - start))
            end = self._length if target + 1 > self._length else self._sentences.preceding(target + 1)
            if end <= start:
                end = self._sentences.following(offset - 1)
            self._window = (start, end)
        if end - start > self._most:
            if offset - self._most > start:
                start = max(start, self._words.preceding(offset - self._most))
            rest = max(0, self._most - (offset - start))
            if offset + rest < self._window[1]:
                end = min(self._window[1], self._words.following(offset + rest))
        self._end = end
        return start

    def following(self, offset: int) -> int:
        return self._end


__all__ = ["BETWEEN_VALUES", "Boundaries", "BoundedSentences", "Breaks", "OfValues", "sentences", "whole", "words"]
