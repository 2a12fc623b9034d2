"""The plain highlighter: texts cut by size wherever a word begins, those with the most different found words first.

Source: Lucene's Highlighter with its SimpleSpanFragmenter and SimpleFragmenter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from ragstone.dsl.highlight import HighlightOptions
from ragstone.engine.embedded.analysis.analyzer import Token
from ragstone.engine.embedded.highlight.marked import Marker
from ragstone.engine.embedded.highlight.marks import Mark


@dataclass(frozen=True)
class Value:
    """One value of a field, its tokens, and which of them were found. Offsets are those of the value."""

    text: str
    tokens: Sequence[Token]
    marks: Sequence[Mark]
    held: Collection[int] = ()
    """Positions at which a found phrase lets no fragment begin."""


@dataclass
class _Fragment:
    parts: list[str] = field(default_factory=list)
    found: set[str] = field(default_factory=set)


@dataclass
class _Group:
    """Tokens that lie over one another, written as one."""

    start: int
    end: int
    first: Token
    found: set[str] = field(default_factory=set)
    marked: tuple[int, int] | None = None


def plain(texts: Sequence[Value], options: HighlightOptions) -> list[str]:
    """The fragments of one field. Empty when nothing is found and `no_match_size` asks for nothing."""
    most = options.number_of_fragments or 0
    found: list[_Fragment] = []
    for value in texts:
        best = sorted(_fragments(value, options), key=lambda fragment: -len(fragment.found))
        found += [fragment for fragment in best[: most or 1] if fragment.found]
    if options.order == "score":
        found.sort(key=lambda fragment: -len(fragment.found))
    if found or not options.no_match_size or not texts:
        return ["".join(fragment.parts) for fragment in (found[:most] if most else found)]
    beginning = texts[0].text[: max(_good_end(texts[0], options.no_match_size), 0)]
    return [beginning] if beginning else []


def _fragments(value: Value, options: HighlightOptions) -> Iterable[_Fragment]:
    marker, at = Marker(options), 0
    fragments = [_Fragment()]
    groups = _groups(value)
    for number, group in enumerate(groups):
        if number and _begins_new(group, len(fragments), value, options):
            fragments.append(_Fragment())
        current = fragments[-1]
        start, end = group.marked or (group.start, group.end)
        if start > at:
            current.parts.append(marker.plain(value.text[at:start]))
        written = value.text[start:end]
        current.parts.append(marker.marked(written) if group.marked else marker.plain(written))
        current.found |= group.found
        at = max(end, at)
    fragments[-1].parts.append(marker.plain(value.text[at:]))
    return fragments


def _groups(value: Value) -> list[_Group]:
    spans = {(mark.start, mark.end) for mark in value.marks}
    groups: list[_Group] = []
    for token in value.tokens:
        if not groups or token.start >= groups[-1].end:
            groups.append(_Group(token.start, token.end, token))
        group = groups[-1]
        group.end = max(group.end, token.end)
        if (token.start, token.end) in spans:
            group.found.add(token.term)
            low, high = group.marked or (token.start, token.end)
            group.marked = (min(low, token.start), max(high, token.end))
    return groups


def _begins_new(group: _Group, known: int, value: Value, options: HighlightOptions) -> bool:
    """Whether a fragment begins there, when there are `known` before it."""
    size = options.fragment_size or 0
    if options.number_of_fragments == 0 or size <= 0:
        return False
    if group.first.end < size * known:
        return False
    if options.fragmenter == "simple":
        return True
    return group.first.position not in value.held and len(value.text) - group.first.end >= size >> 1


def _good_end(value: Value, size: int) -> int:
    """The end of the last word within `size`."""
    if len(value.text) < size:
        return len(value.text)
    end = -1
    for token in value.tokens:
        if token.end >= size:
            return size if token.end == size else end
        end = token.end
    return end


__all__ = ["Value", "plain"]
