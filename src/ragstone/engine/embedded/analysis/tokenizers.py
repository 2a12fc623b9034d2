"""Tokenizers: where a text is cut."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby

from ragstone.engine.embedded.analysis.analyzer import Token, Tokenizer
from ragstone.engine.embedded.analysis.case import lower
from ragstone.engine.embedded.analysis.word_break import CLASSES

MAX_TOKEN_LENGTH = 255
"""Longer tokens are cut. UTF-16 units in Lucene, characters here; beyond the BMP that differs."""
_MORE = 16
"""Characters behind the longest token that are looked at to see whether it goes on."""

# ── standard: Unicode word boundaries ────────────────────────────────────────────────────────────────────────────────

_ASCII_TOKEN = re.compile(
    r"(?:(?<!_)_++)?[A-Za-z0-9](?:[A-Za-z0-9_]|(?<=[A-Za-z])[.':](?=[A-Za-z])|(?<=[0-9])[.,;'](?=[0-9]))*",
)
"""The same rules for a text of ASCII alone, where they are simple."""


def _extended(kinds: str) -> str:
    """A character of one of the classes, with what extends it."""
    return f"[{kinds}][EZVFC]*"


_LETTER, _HEBREW, _DIGIT, _KATAKANA, _JOIN = (_extended(kinds) for kinds in ("AG", "H", "Nn", "K", "X"))
_MID_LETTER, _MID_DIGIT = _extended("LBQ"), _extended("MBQ")
_DIGITS = f"{_DIGIT}(?:(?:(?:{_JOIN})*|{_MID_DIGIT}){_DIGIT})*"
# a quotation mark belongs to a Hebrew word before its last letter, an apostrophe also after it
_ANY_LETTER = f"(?:{_LETTER}|{_HEBREW}(?:{_extended('D')}(?=H)|{_extended('Q')})?)"
_LETTERS = f"{_ANY_LETTER}(?:(?:(?:{_JOIN})*|{_MID_LETTER}){_ANY_LETTER})*"
_KATAKANA_RUN = f"{_KATAKANA}(?:(?:{_JOIN})*{_KATAKANA})*"
_PART = f"(?:{_DIGITS}|{_LETTERS})"
# joiners before a word: never tried again from their middle, and no more of them than a token may be long
_PARTS = f"(?:{_KATAKANA_RUN}|{_PART}+)"
_WORD = f"(?:(?<!X)(?:{_JOIN}){{1,255}}+)?{_PARTS}(?:(?:{_JOIN})+{_PARTS})*(?:{_JOIN})*"
_EMOJI = "(?:R[EZV]*R[EZV]*|F+E*|P[FV]?[EC]*(?:Z[PFR][FV]?[EC]*)*Z?|[nh]V?C(?![ANGHKXn]))"
# most words are plain: letters and digits up to something that can't go on
_PLAIN = r"[AGNn]+(?=[OIJSPR]|\Z)"
_TOKEN = re.compile(
    f"(?P<plain>{_PLAIN})|(?P<emoji>{_EMOJI})|(?P<word>{_WORD})|(?P<asian>S[SEZVFC]*)|(?P<one>[IJ][EZVFC]*)"
)
_HANGUL = re.compile("(?:G[EZVFC]*)+")
_NUMERIC = re.compile(f"(?:{_JOIN})*{_DIGITS}(?:{_JOIN})*")
_KATAKANA_ONLY = re.compile("(?:K[EZVFC]*)+")


class StandardTokenizer:
    """Words as Unicode Standard Annex #29 cuts them; ideographs, Hiragana and emoji one by one."""

    def __init__(self, max_token_length: int = MAX_TOKEN_LENGTH) -> None:
        self._longest = max_token_length

    def __call__(self, text: str) -> Iterator[Token]:
        if text.isascii():
            found = self._find(_ASCII_TOKEN, text, _ascii_type)
        else:
            found = self._find(_TOKEN, text.translate(CLASSES), _type)
        for position, (start, end, kind) in enumerate(found):
            yield Token(text[start:end], start, end, position, kind)

    def _find(
        self, pattern: re.Pattern[str], text: str, type_of: Callable[[re.Match[str]], str]
    ) -> Iterator[tuple[int, int, str]]:
        match = pattern.search(text)
        while match is not None:
            start, end = match.span()
            if end - start > self._longest:
                # as if the text ended there: a mark between letters is then no part of the token
                match, whole = pattern.match(text, start, start + self._longest), end
                while match is None and start < whole:
                    # marks only, before the first letter: a piece without a token
                    start += self._longest
                    match = pattern.search(text, start, start + self._longest)
                if match is None:
                    match = pattern.search(text, whole)
                    continue
                start, end = match.span()
            yield start, end, type_of(match)
            # Of a word that goes on and on only the next piece is looked at: to its end and back for each piece would
            # take minutes for a megabyte without a space.
            match = pattern.match(text, end, end + self._longest + _MORE) if end - start == self._longest else None
            if match is None or match.end() - end <= self._longest:
                match = pattern.search(text, end)

    def spaced(self, text: str) -> str | None:
        """All terms with spaces between them, when none is longer than may be; else None."""
        if text.isascii():
            return _ascii_spaced(text, self._longest)
        terms = [text[match.start() : match.end()] for match in _TOKEN.finditer(text.translate(CLASSES))]
        return _joined(terms, self._longest)


# A joining mark is put aside as a control character while everything that parts words becomes a space.
_BEFORE_MORE = re.compile(r"[.':,;](?=[A-Za-z0-9])")
_ASIDE = {".": "\x01", "'": "\x02", ":": "\x03", ",": "\x04", ";": "\x05"}
_BACK = {ord(aside): ord(mark) for mark, aside in _ASIDE.items()}
_SPACED = bytes(code if chr(code).isalnum() else _BACK.get(code, ord(" ")) for code in range(128)).ljust(256)


def _ascii_spaced(text: str, longest: int) -> str | None:
    """What _ASCII_TOKEN finds, much faster; None when a term may be longer than `longest`."""
    if "_" in text or "\x01" in text or "\x02" in text or "\x03" in text or "\x04" in text or "\x05" in text:
        return _joined(_ASCII_TOKEN.findall(text), longest)
    if "." in text or "'" in text or ":" in text or "," in text or ";" in text:
        text = _BEFORE_MORE.sub(_put_aside, text)
    spaced = text.encode().translate(_SPACED)  # three times as fast as a translation of the text
    # a longer term would fill one of these stretches
    stretch = longest // 2 or 1
    for start in range(0, len(spaced) - stretch + 1, stretch):
        if spaced.find(b" ", start, start + stretch) < 0:
            return None
    return spaced.decode()


def _joined(terms: list[str], longest: int) -> str | None:
    return " ".join(terms) if not terms or max(map(len, terms)) <= longest else None


def _put_aside(match: re.Match[str]) -> str:
    mark, text, at = match[0], match.string, match.start()
    before, after = text[at - 1 : at], text[at + 1]
    joins = (mark in ".':" and before.isalpha() and after.isalpha()) or (
        mark in ".,;'" and before.isdigit() and after.isdigit()
    )
    return _ASIDE[mark] if joins else mark


def _ascii_type(match: re.Match[str]) -> str:
    return "<ALPHANUM>" if any(map(str.isalpha, match[0])) else "<NUM>"


def _type(match: re.Match[str]) -> str:
    if match.lastgroup == "emoji":
        return "<EMOJI>"
    if match.lastgroup == "asian":
        return "<SOUTHEAST_ASIAN>"
    if match.lastgroup == "one":
        return "<IDEOGRAPHIC>" if match[0][0] == "I" else "<HIRAGANA>"
    token = match[0]
    for pattern, kind in ((_NUMERIC, "<NUM>"), (_HANGUL, "<HANGUL>"), (_KATAKANA_ONLY, "<KATAKANA>")):
        if pattern.fullmatch(token):
            return kind
    return "<ALPHANUM>"


# ── the others ───────────────────────────────────────────────────────────────────────────────────────────────────────

_SPACES = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000"
"""Java's white space: without the no-break ones."""
_NO_SPACE = re.compile(f"[^{_SPACES}]+")
_ASCII_LETTERS = re.compile("[A-Za-z]+")


def _spaces_apart(text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _NO_SPACE.finditer(text))


def _letter_runs(text: str) -> Iterator[tuple[int, int]]:
    if text.isascii():
        yield from (match.span() for match in _ASCII_LETTERS.finditer(text))
        return
    start = 0
    for is_letter, run in groupby(text, str.isalpha):
        end = start + sum(1 for _ in run)
        if is_letter:
            yield start, end
        start = end


class RunTokenizer:
    """Runs of characters, of type `word`. `runs` finds their (start, end)."""

    def __init__(
        self,
        runs: Callable[[str], Iterator[tuple[int, int]]],
        max_token_length: int,
        change: Callable[[str], str] | None = None,
    ) -> None:
        self._runs = runs
        self._longest = max_token_length
        self._change = change

    def __call__(self, text: str) -> Iterator[Token]:
        position = 0
        for start, end in self._runs(text):
            for at in range(start, end, self._longest):
                stop = min(at + self._longest, end)
                term = text[at:stop]
                yield Token(self._change(term) if self._change else term, at, stop, position)
                position += 1


def whitespace(max_token_length: int = MAX_TOKEN_LENGTH) -> RunTokenizer:
    return RunTokenizer(_spaces_apart, max_token_length)


def letters(max_token_length: int = MAX_TOKEN_LENGTH) -> RunTokenizer:
    return RunTokenizer(_letter_runs, max_token_length)


def lowercase_letters(max_token_length: int = MAX_TOKEN_LENGTH) -> RunTokenizer:
    return RunTokenizer(_letter_runs, max_token_length, lower)


def pattern(found: re.Pattern[str], group: int, change: Callable[[str], str] | None = None) -> Tokenizer:
    """What lies between matches, or with `group` from 0 on that group of each match. Empty pieces are no tokens."""

    def tokenize(text: str) -> Iterator[Token]:
        position = 0
        for start, end in _between(found, text) if group < 0 else (match.span(group) for match in found.finditer(text)):
            if start < end:
                term = text[start:end]
                yield Token(change(term) if change else term, start, end, position)
                position += 1

    return tokenize


def _between(found: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for match in found.finditer(text):
        yield at, match.start()
        at = match.end()
    yield at, len(text)


def path_hierarchy(delimiter: str, replacement: str) -> Tokenizer:
    """A path and all paths above it, the shortest first. A delimiter at the beginning belongs to the first part."""

    def tokenize(text: str) -> Iterator[Token]:
        ends = [*(at for at, character in enumerate(text) if at and character == delimiter), len(text)]
        for position, end in enumerate(ends):
            if end:
                yield Token(text[:end].replace(delimiter, replacement), 0, end, position)

    return tokenize


def keyword(text: str) -> Iterator[Token]:
    """The whole text as one token, be it empty."""
    yield Token(text, 0, len(text), 0)
