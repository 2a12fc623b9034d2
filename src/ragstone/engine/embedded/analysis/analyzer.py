"""Tokens, and the chain of parts that makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count


@dataclass(slots=True)
class Token:
    """One token. Offsets count characters of the text until an analyzer hands it out; there, UTF-16 units.

    `keyword` marks a token that stemmers leave alone.
    """

    term: str
    start: int
    end: int
    position: int
    type: str = "word"
    keyword: bool = False


Tokenizer = Callable[[str], Iterable[Token]]
"""Text to tokens; offsets count characters."""
TokenFilter = Callable[[Iterable[Token]], Iterable[Token]]


@dataclass(frozen=True)
class Analyzer:
    """A tokenizer and the filters behind it. Immutable and safe for threads.

    `fast` may give the same terms in one step, as `spaced` does, or None where it can't.
    """

    name: str
    tokenizer: Tokenizer
    filters: Sequence[TokenFilter] = ()
    fast: Callable[[str], str | None] | None = None

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
        stream: Iterable[Token] = self.tokenizer(text)
        for apply in self.filters:
            stream = apply(stream)
        return iter(stream)


def _utf16_offsets(text: str) -> list[int]:
    """For every character offset (and the end) the offset in UTF-16 code units."""
    offsets = [0]
    at = 0
    for character in text:
        at += 2 if character > "\uffff" else 1
        offsets.append(at)
    return offsets
