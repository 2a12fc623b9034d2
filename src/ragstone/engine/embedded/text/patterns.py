"""Patterns over whole terms, in the syntax of tantivy's term automata (Rust's regex, anchored, one per term)."""

from __future__ import annotations

import re

ANY = "(?s:.)"
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$#&\-~]")
_LAST = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)


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


def between(low: str | None, high: str | None, *, include_low: bool, include_high: bool) -> str | None:
    """Texts in a range of code point order (which is the order of their UTF-8 bytes, too); None when there are none."""
    if low is None and high is None:
        return ANY + "*"
    if low is None or high is None:
        return _from(low, include_low) if low is not None else _up_to(high or "", include_high)
    if low > high or (low == high and not (include_low and include_high)):
        return None
    common = 0
    while common < len(low) and common < len(high) and low[common] == high[common]:
        common += 1
    shared, low, high = escape(low[:common]), low[common:], high[common:]
    if not high:  # then low is the same text
        return shared
    branches = []
    if not low:  # low is a beginning of high: everything up to high that is longer than low, and low itself
        inside = _up_to(high, include_high, nonempty=True)
        branches = ([""] if include_low else []) + ([inside] if inside is not None else [])
    else:
        middle = _characters(ord(low[0]) + 1, ord(high[0]) - 1)
        if middle is not None:
            branches.append(middle + ANY + "*")
        branches.append(escape(low[0]) + _from(low[1:], include_low))
        below = _up_to(high[1:], include_high)
        if below is not None:
            branches.append(escape(high[0]) + below)
    return f"{shared}{_either(branches)}" if branches else None


def _from(low: str, include: bool) -> str:
    """Texts that are not below `low`."""
    branches = [escape(low) + ANY + ("*" if include else "+")]
    for at, character in enumerate(low):
        above = _characters(ord(character) + 1, _LAST)
        if above is not None:
            branches.append(escape(low[:at]) + above + ANY + "*")
    return _either(branches)


def _up_to(high: str, include: bool, *, nonempty: bool = False) -> str | None:
    """Texts that are not above `high`; None when there are none."""
    branches = [escape(high)] if include and not (nonempty and not high) else []
    for at, character in enumerate(high):
        if at or not nonempty:
            branches.append(escape(high[:at]))
        below = _characters(0, ord(character) - 1)
        if below is not None:
            branches.append(escape(high[:at]) + below + ANY + "*")
    return _either(branches) if branches else None


def _characters(first: int, last: int) -> str | None:
    """A class of code points; surrogates, which are no characters, are left out."""
    spans = [(first, min(last, _SURROGATES[0] - 1)), (max(first, _SURROGATES[1] + 1), last)]
    shown = "".join(f"\\x{{{low:X}}}-\\x{{{high:X}}}" for low, high in spans if low <= high)
    return f"[{shown}]" if shown else None


def _either(branches: list[str]) -> str:
    return branches[0] if len(branches) == 1 else "(?:" + "|".join(branches) + ")"
