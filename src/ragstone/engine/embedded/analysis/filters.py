"""Token filters: what becomes of tokens. Each takes and gives an iterable, and changes tokens in place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from unicodedata import decimal

from ragstone.engine.embedded.analysis.analyzer import Token, TokenFilter
from ragstone.engine.embedded.analysis.case import fold, lower, upper

ENGLISH_STOP_WORDS = frozenset(
    (
        *("a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not"),
        *("of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was"),
        *("will", "with"),
    )
)


def mapping(change: Callable[[str], str]) -> TokenFilter:
    """A filter that changes every term by itself."""

    def apply(tokens: Iterable[Token]) -> Iterator[Token]:
        for token in tokens:
            token.term = change(token.term)
            yield token

    return apply


lowercase = mapping(lower)
uppercase = mapping(upper)
trim = mapping(str.strip)


def asciifolding(*, preserve_original: bool = False) -> TokenFilter:
    def apply(tokens: Iterable[Token]) -> Iterator[Token]:
        for token in tokens:
            original = token.term
            token.term = fold(original)
            yield token
            if preserve_original and token.term != original:
                yield replace(token, term=original)

    return apply


def stop(words: Collection[str], *, ignore_case: bool = False) -> TokenFilter:
    """Drops `words`; the positions of the others stay, so gaps show."""
    dropped = frozenset(map(lower, words)) if ignore_case else frozenset(words)

    def apply(tokens: Iterable[Token]) -> Iterator[Token]:
        return (token for token in tokens if (lower(token.term) if ignore_case else token.term) not in dropped)

    return apply


def length(shortest: int, longest: int) -> TokenFilter:
    """Keeps terms of that many characters."""

    def apply(tokens: Iterable[Token]) -> Iterator[Token]:
        return (token for token in tokens if shortest <= len(token.term) <= longest)

    return apply


def unique(*, only_on_same_position: bool = False) -> TokenFilter:
    """Drops terms that came before, anywhere or at the same position; later ones close up."""

    def apply(tokens: Iterable[Token]) -> Iterator[Token]:
        seen: set[str] = set()
        position, dropped = -1, 0
        for token in tokens:
            if only_on_same_position and token.position != position:
                seen.clear()
                position = token.position
            if token.term in seen:
                dropped += not only_on_same_position
                continue
            seen.add(token.term)
            token.position -= dropped
            yield token

    return apply


reverse = mapping(lambda term: term[::-1])


def truncate(longest: int) -> TokenFilter:
    return mapping(lambda term: term[:longest])


def limit(most: int) -> TokenFilter:
    """Keeps the first `most` tokens."""

    def apply(tokens: Iterable[Token]) -> Iterator[Token]:
        return islice(tokens, most)

    return apply


FRENCH_ARTICLES = frozenset(("l", "m", "t", "qu", "n", "s", "j", "d", "c", "jusqu", "quoiqu", "lorsqu", "puisqu"))


def elision(articles: Collection[str], *, ignore_case: bool) -> TokenFilter:
    """Takes an article and its apostrophe off a term."""
    dropped = frozenset(map(lower, articles)) if ignore_case else frozenset(articles)

    def shorten(term: str) -> str:
        at = next((at for at, character in enumerate(term) if character in "'’"), None)
        if at is None:
            return term
        article = lower(term[:at]) if ignore_case else term[:at]
        return term[at + 1 :] if article in dropped else term

    return mapping(shorten)


def _ascii_digit(character: str) -> str:
    return str(decimal(character)) if character.isdecimal() else character


decimal_digit = mapping(lambda term: term if term.isascii() else "".join(map(_ascii_digit, term)))


def _without_possessive(term: str) -> str:
    return term[:-2] if len(term) >= 2 and term[-2] in "'’＇" and term[-1] in "sS" else term


possessive_english = mapping(_without_possessive)


def keyword_marker(words: Collection[str]) -> TokenFilter:
    """Keeps stemmers from `words`."""
    kept = frozenset(words)

    def apply(tokens: Iterable[Token]) -> Iterator[Token]:
        for token in tokens:
            token.keyword = bool(token.keyword) or token.term in kept
            yield token

    return apply


def stemming(stem: Callable[[str], str]) -> TokenFilter:
    """Stems all terms but those marked as keywords."""

    def apply(tokens: Iterable[Token]) -> Iterator[Token]:
        for token in tokens:
            if token.keyword is None:
                token.keyword = False
            if not token.keyword:
                token.term = stem(token.term)
            yield token

    return apply
