"""Patterns as roles and mappings write them: a literal, `*` and `?`, or `/regular expression/`, over the whole value.

In a role they may name who asks: `${user.name}`, `${attr.internal.team}`. What is filled in is always taken literally:
a user who is called `*` is no wildcard.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from ragstone.core import json
from ragstone.core.errors import JavaException
from ragstone.core.linear_regex import LinearPattern, UnsupportedPattern

Values = Callable[[str], str | None]
"""The text behind a placeholder's name (`user.name`); None when whoever asks has no such attribute."""
Matcher = Callable[[str], bool]

_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")
_LIST_PLACEHOLDERS: Final = frozenset({"user.roles", "user_roles", "user.securityRoles", "user_securityRoles"})
_LONGEST_VALUE: Final = 8_192
"""Characters of what a pattern is tried on; nothing longer is matched, but by `*` alone."""


def pattern_fault(pattern: str) -> str | None:
    """Why a pattern can match nothing, in words; None is fine. Only regular expressions can be wrong."""
    if not _is_regex(pattern):
        return None
    try:
        LinearPattern(_PLACEHOLDER.sub("x", pattern[1:-1]))
    except UnsupportedPattern as error:
        return f"Invalid regex pattern: {pattern[1:-1]} ({error})"
    return None


def matcher(patterns: Iterable[str]) -> Matcher:
    """Whether a value is what any of the patterns describes. A regular expression with a fault matches nothing."""
    literals: set[str] = set()
    tests: list[Matcher] = []
    for pattern in patterns:
        if pattern == "*":
            return _always
        if _is_regex(pattern) or "*" in pattern or "?" in pattern:
            tests.append(_test(pattern))
        else:
            literals.add(pattern)
    if not tests:
        return frozenset(literals).__contains__
    fixed = frozenset(literals)
    return lambda value: value in fixed or any(test(value) for test in tests)


def names_who_asks(pattern: str) -> bool:
    """Whether it has placeholders, so that it means something else for everybody."""
    return "${" in pattern


def matcher_for(patterns: Iterable[str], values: Values) -> Matcher:
    """As `matcher`, with placeholders filled in; a pattern with a placeholder that has no value matches nothing."""
    tests: list[Matcher] = []
    plain: list[str] = []
    for pattern in patterns:
        if names_who_asks(pattern):
            test = _filled(pattern, values)
            if test is not None:
                tests.append(test)
        else:
            plain.append(pattern)
    rest = matcher(plain)
    if not tests:
        return rest
    return lambda value: rest(value) or any(test(value) for test in tests)


def fill_json(text: str, values: Values) -> str | None:
    """A JSON text with its placeholders filled in; None when one has no value.

    Within a string the value is escaped, so that it stays within. Elsewhere it is put in as it is if it is JSON by
    itself (or one of the lists of roles), and as a string otherwise: no value changes the structure around it.
    """
    filled: list[str] = []
    inside = False
    at = 0
    for found in _PLACEHOLDER.finditer(text):
        between = text[at : found.start()]
        inside = _ends_inside(between, inside)
        name = found[1]
        value = values(name)
        if value is None:
            return None
        if inside:
            shown = json.encode(value).decode()[1:-1]
        elif name in _LIST_PLACEHOLDERS or _is_json(value):
            shown = value
        else:
            shown = json.encode(value).decode()
        filled += [between, shown]
        at = found.end()
    return "".join([*filled, text[at:]])


def _ends_inside(text: str, inside: bool) -> bool:
    """Whether the end of a piece of JSON is within a string, when its beginning is so or not."""
    escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif inside and character == "\\":
            escaped = True
        elif character == '"':
            inside = not inside
    return inside


def _is_json(value: str) -> bool:
    try:
        json.decode(value.encode())
    except JavaException:
        return False
    return True


def _always(value: str) -> bool:
    return True


def _never(value: str) -> bool:
    return False


def _is_regex(pattern: str) -> bool:
    return len(pattern) > 1 and pattern[0] == pattern[-1] == "/"


@lru_cache(maxsize=4096)
def _test(pattern: str) -> Matcher:
    return _regex(pattern[1:-1]) if _is_regex(pattern) else _wildcard(_wildcards(pattern))


def _filled(pattern: str, values: Values) -> Matcher | None:
    """What a pattern with placeholders matches; None when one of them has no value."""
    regex = _is_regex(pattern)
    text = pattern[1:-1] if regex else pattern
    parts: list[str | None] = []
    at = 0
    for found in _PLACEHOLDER.finditer(text):
        value = values(found[1])
        if value is None:
            return None
        between = text[at : found.start()]
        parts += [between] if regex else _wildcards(between)
        parts += [re.escape(character) for character in value]
        at = found.end()
    rest = text[at:]
    parts += [rest] if regex else _wildcards(rest)
    return _regex("".join(part or "" for part in parts)) if regex else _wildcard(parts)


def _wildcards(pattern: str) -> list[str | None]:
    """A pattern with `*` (None) and `?`, the rest as regular expressions."""
    return [None if c == "*" else "." if c == "?" else re.escape(c) for c in pattern]


def _wildcard(parts: list[str | None]) -> Matcher:
    """In linear time: what stands between two `*` is found where it comes first, and not looked for again."""
    pieces = [""]
    for part in parts:
        if part is None:
            pieces.append("")
        else:
            pieces[-1] += part
    expression = pieces[0]
    if len(pieces) > 1:
        expression += "".join(f"(?>.*?{piece})" for piece in pieces[1:-1] if piece) + ".*" + pieces[-1]
    compiled = re.compile(expression, re.DOTALL)
    return lambda value: len(value) <= _LONGEST_VALUE and compiled.fullmatch(value) is not None


def _regex(expression: str) -> Matcher:
    try:
        compiled = LinearPattern(expression)
    except UnsupportedPattern:
        return _never
    return lambda value: len(value) <= _LONGEST_VALUE and compiled.fullmatch(value)
