"""Patterns over whole terms, in the syntax of tantivy's term automata (Rust's regex, anchored, one per term)."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import NamedTuple

ANY = "(?s:.)"
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$#&\-~]")
_LAST = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)
_STATES = 900
"""Of an automaton; tantivy allows 1,000."""
_STATES_PER_CHARACTER = 20
"""Most that a character of a bound takes: a class of code points is many sequences of bytes."""


def escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def ignoring_case(pattern: str) -> str:
    return f"(?i:{pattern})"


def prefix(text: str) -> str:
    return escape(text) + ANY + "*"


def wildcard(pattern: str) -> str:
    """`*` is any text, `?` any character, a backslash takes the next character as it is."""
    parts = []
    characters = iter(pattern)
    for character in characters:
        if character == "*":
            parts.append(ANY + "*")
        elif character == "?":
            parts.append(ANY)
        elif character == "\\":
            parts.append(escape(next(characters, "\\")))
        else:
            parts.append(escape(character))
    return "".join(parts)


class Range(NamedTuple):
    """A range of texts: those that `pattern` describes, and of the ones that begin like one of `edges`, none of which
    the pattern describes, those in the range."""

    pattern: str | None
    edges: tuple[str, ...] = ()


def between(low: str | None, high: str | None, *, include_low: bool, include_high: bool) -> Range:
    """Texts in a range of code point order (which is the order of their UTF-8 bytes, too).

    Every character of a bound takes states of an automaton that may have a thousand. Of bounds too long for that, only
    the beginnings become part of the pattern.
    """
    shared = ""
    if low is not None and high is not None:
        if low > high or (low == high and not (include_low and include_high)):
            return Range(None)
        same = takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False))
        shared = "".join(character for character, _ in same)
        low, high = low[len(shared) :], high[len(shared) :]
    room = _STATES - len(shared.encode("utf-8", "replace"))
    longest = room // (_STATES_PER_CHARACTER * (2 if low and high else 1))
    if longest < 1:
        return Range(None, (shared,))
    edges = []
    above: bool | None = include_low
    if low is not None and len(low) > longest:
        low, above = low[:longest], None
        edges.append(shared + low)
    if high is not None and len(high) > longest:
        high, include_high = high[:longest], False
        edges.append(shared + high)
    inside = _inside(low, high, above, include_high)
    return Range(None if inside is None else escape(shared) + inside, tuple(edges))


def _inside(low: str | None, high: str | None, include_low: bool | None, include_high: bool) -> str | None:
    """`between` for bounds without a common beginning; `include_low` is that of `_above`."""
    if high is None:
        return ANY + "*" if low is None else _above(low, include_low)
    if not low:
        return _below(high, include_high, include_empty=low is None or include_low is True)
    middle = _characters(ord(low[0]) + 1, ord(high[0]) - 1)
    return _either(
        _then(low[0], _above(low[1:], include_low)),
        None if middle is None else middle + ANY + "*",
        _then(high[0], _below(high[1:], include_high)),
    )


def _above(low: str, include: bool | None) -> str | None:
    """Texts above `low`, and itself if it is included; None leaves out all that begin with it."""
    beyond = {True: "", False: ANY, None: None}[include]
    for character in reversed(low):
        beyond = _either(_characters(ord(character) + 1, _LAST), _then(character, beyond))
    return None if beyond is None else beyond + ANY + "*"  # one end for all branches keeps the automaton small


def _below(high: str, include: bool, *, include_empty: bool = True) -> str | None:
    """Texts below `high`, and itself if it is included; the empty one only if that is included."""
    beside: str | None = None
    beginning: str | None = "" if include else None
    longer: str | None = None
    for character in reversed(high):
        beside = _either(_characters(0, ord(character) - 1), _then(character, beside))
        longer = _then(character, beginning)
        beginning = "" if longer is None else f"(?:{longer})?"
    if not include_empty:
        beginning = longer
    return _either(None if beside is None else beside + ANY + "*", beginning)


def _then(character: str, rest: str | None) -> str | None:
    return None if rest is None else escape(character) + rest


def _characters(first: int, last: int) -> str | None:
    """A class of code points; surrogates, which are no characters, are left out."""
    spans = [(first, min(last, _SURROGATES[0] - 1)), (max(first, _SURROGATES[1] + 1), last)]
    shown = "".join(f"\\x{{{low:X}}}-\\x{{{high:X}}}" for low, high in spans if low <= high)
    return f"[{shown}]" if shown else None


def _either(*branches: str | None) -> str | None:
    """None stands for nothing at all."""
    possible = [branch for branch in branches if branch is not None]
    if len(possible) < 2:
        return possible[0] if possible else None
    return "(?:" + "|".join(possible) + ")"
