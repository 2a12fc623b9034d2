"""Char filters: what is changed in a text before it is cut, with the way back to the original for every offset."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence
from re import Match

from ragstone.engine.embedded.analysis.analyzer import CharFilter, Filtered


def substitution(pattern: re.Pattern[str], replace: Callable[[Match[str]], str]) -> CharFilter:
    """Puts a text in the place of every match.

    A character of the new text comes from the one at its place in the old, and what is longer from the old one's last
    (as Lucene's offset corrections have it).
    """

    def apply(text: str) -> Filtered:
        pieces: list[str] = []
        origins: list[int] = []
        at = 0
        for match in pattern.finditer(text):
            start, end = match.span()
            new = replace(match)
            pieces += (text[at:start], new)
            origins.extend(range(at, start))
            origins.extend(min(start + offset, max(end - 1, start)) for offset in range(len(new)))
            at = end
        if not pieces:
            return text, range(len(text) + 1)
        pieces.append(text[at:])
        origins.extend(range(at, len(text) + 1))
        return "".join(pieces), origins

    return apply


def mapping(rules: Sequence[tuple[str, str]]) -> CharFilter:
    """Replaces texts by others; at each place the longest that fits."""
    table = dict(rules)
    longest_first = sorted(filter(None, table), key=len, reverse=True)
    if not longest_first:
        return lambda text: (text, range(len(text) + 1))
    return substitution(re.compile("|".join(map(re.escape, longest_first))), lambda match: table[match[0]])


_INLINE = frozenset(
    (
        *("a", "abbr", "acronym", "b", "basefont", "bdo", "big", "cite", "code", "dfn", "em", "font", "i", "img"),
        *("input", "kbd", "label", "q", "s", "samp", "select", "small", "span", "strike", "strong", "sub", "sup"),
        *("textarea", "tt", "u", "var"),
    )
)
"""Elements whose tags leave nothing; those of all others leave a line break."""
_MARKUP = re.compile(
    # what is never closed goes on to the end: looking for the end again and again would take quadratic time
    r"<(?P<raw>script|style)\b[^<>]*>(?:.*?</(?P=raw)\s*>|.*\Z)"
    r"|<!--(?:.*?-->|.*\Z)|<[?!][^<>]*>"
    r"|</?(?P<tag>[A-Za-z][\w:.-]*+)(?:\"[^\"]*\"|'[^']*'|[^'\"<>])*+>"
    r"|(?P<entity>&(?:#\d+|#[xX][0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]*);)",
    re.DOTALL | re.IGNORECASE,
)


def html_strip(escaped_tags: Iterable[str] = ()) -> CharFilter:
    """Takes HTML's tags and comments away and decodes its entities. Tags of `escaped_tags` stay."""
    kept = frozenset(tag.lower() for tag in escaped_tags)

    def replace(match: Match[str]) -> str:
        if match["entity"]:
            return " " if match[0] == "&nbsp;" else html.unescape(match[0])
        if match["raw"]:
            return match[0] if match["raw"].lower() in kept else "\n"
        if match["tag"] is None:
            return ""
        tag = match["tag"].lower()
        return match[0] if tag in kept else "" if tag in _INLINE else "\n"

    return substitution(_MARKUP, replace)
