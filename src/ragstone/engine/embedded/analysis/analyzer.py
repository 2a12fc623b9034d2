"""Tokens, and the chain of parts that makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count


@dataclass(slots=True)
class Token:
    """One token. Offsets count characters of the text until an analyzer hands it out; there, UTF-16 units.

    `keyword` marks a token that stemmers leave alone; None where no filter has looked at that.
    `length` is how many positions it stands for.
    """

    term: str
    start: int
    end: int
    position: int
    type: str = "word"
    keyword: bool | None = None
    length: int = 1


Tokenizer = Callable[[str], Iterable[Token]]
"""Text to tokens; offsets count characters."""
TokenFilter = Callable[[Iterable[Token]], Iterable[Token]]
Filtered = tuple[str, Sequence[int]]
"""A text as a char filter leaves it, and for each of its offsets (and its end) the one in the text before."""
CharFilter = Callable[[str], Filtered]


@dataclass(frozen=True)
class PartNames:
    """What the parts of a custom analyzer are called."""

    tokenizer: str
    filters: Sequence[str] = ()
    char_filters: Sequence[str] = ()


@dataclass(frozen=True)
class Analyzer:
    """A tokenizer, the filters behind it, and those before it. Immutable and safe for threads.

    `fast` may give the same terms in one step, as `spaced` does, or None where it can't.
    """

    name: str
    tokenizer: Tokenizer
    filters: Sequence[TokenFilter] = ()
    fast: Callable[[str], str | None] | None = None
    char_filters: Sequence[CharFilter] = ()
    names: PartNames | None = None
    """Of the parts of a custom analyzer; a built-in one is whole."""
    position_increment_gap: int = 100
    """Positions left free between two texts of one field, where the field says nothing."""

    def terms(self, text: str) -> list[tuple[str, int]]:
        """(term, position) in order. Positions start at 0 and have gaps where a filter dropped a token."""
        words = self.words(text)
        if words is not None:
            return list(zip(words, count(), strict=False))
        return [(token.term, token.position) for token in self._run(text)]

    def words(self, text: str) -> list[str] | None:
        """The terms alone, where their positions are 0, 1, 2, ... and this is quick to know; else None."""
        spaced = self.spaced(text)
        return None if spaced is None else spaced.split()

    def spaced(self, text: str) -> str | None:
        """As `words`, with one space or several between them, and maybe around them."""
        return None if self.fast is None else self.fast(text)

    def tokens(self, text: str) -> list[Token]:
        """All tokens with offsets in UTF-16 code units."""
        tokens = list(self._run(text))
        if not text.isascii():
            offsets = _utf16_offsets(text)
            for token in tokens:
                token.start, token.end = offsets[token.start], offsets[token.end]
        return tokens

    def _run(self, text: str) -> Iterator[Token]:
        stream: Iterable[Token] = self.tokenizer(text) if not self.char_filters else self._filtered(text)
        for apply in self.filters:
            stream = apply(stream)
        return iter(stream)

    def _filtered(self, text: str) -> Iterator[Token]:
        """The tokenizer's tokens of the text behind the char filters, with offsets in the text before them."""
        origins: Sequence[int] = range(len(text) + 1)
        for change in self.char_filters:
            text, before = change(text)
            origins = [origins[offset] for offset in before]
        for token in self.tokenizer(text):
            token.start, token.end = origins[token.start], origins[token.end]
            yield token


def utf16_length(text: str) -> int:
    return len(text) if text.isascii() else sum(2 if character > "\uffff" else 1 for character in text)


def _utf16_offsets(text: str) -> list[int]:
    """For every character offset (and the end) the offset in UTF-16 code units."""
    offsets = [0]
    at = 0
    for character in text:
        at += 2 if character > "\uffff" else 1
        offsets.append(at)
    return offsets
