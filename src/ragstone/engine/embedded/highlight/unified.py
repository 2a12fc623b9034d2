"""The unified highlighter: sentences with marks, the best of them by BM25 as if each were a document.

Source: Lucene's UnifiedHighlighter and PassageScorer, as OpenSearch changes them.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import log

from ragstone.dsl.highlight import HighlightOptions
from ragstone.engine.embedded.highlight.breaks import (
    BETWEEN_VALUES,
    BoundedSentences,
    Breaks,
    OfValues,
    sentences,
    whole,
    words,
)
from ragstone.engine.embedded.highlight.marked import Marker
from ragstone.engine.embedded.highlight.marks import Mark

_K1, _B, _PIVOT = 1.2, 0.75, 87
_BLANK = "".join(map(chr, range(33)))
"""What Java trims."""


@dataclass
class _Passage:
    start: int
    end: int
    marks: list[Mark] = field(default_factory=list)
    score: float = 0.0


def unified(text: str, found: Sequence[Mark], options: HighlightOptions) -> list[str]:
    """The fragments of one field: `text` is all its values, with BETWEEN_VALUES between them. Empty when none is found
    and `no_match_size` asks for nothing."""
    if not text:
        return []
    most = options.number_of_fragments or text.count(BETWEEN_VALUES) + 1
    passages = _passages(found, OfValues(text, _breaks(options)), len(text), most)
    if not passages and options.no_match_size:
        passages = _beginning(text, options.no_match_size)
    if options.order == "score":
        passages.sort(key=lambda passage: -passage.score)
    shown = (_shown(text, passage, Marker(options)) for passage in passages)
    return [fragment for fragment in shown if fragment]


def _breaks(options: HighlightOptions) -> Callable[[str], Breaks]:
    if options.number_of_fragments == 0:
        return whole
    if options.boundary_scanner == "word":
        return words
    size = options.fragment_size or 0
    return (lambda text: BoundedSentences(text, size)) if size > 0 else sentences


def _passages(found: Sequence[Mark], breaks: OfValues, length: int, most: int) -> list[_Passage]:
    """The `most` best, in the order of the text."""
    passages: list[_Passage] = []
    for mark in found:
        if not passages or mark.start >= passages[-1].end:
            passages.append(_Passage(*breaks.around(mark.start)))
        passages[-1].marks.append(mark)
    for passage in passages:
        passage.score = _score(passage, length)
    best = heapq.nlargest(most, passages, key=lambda passage: (passage.score, -passage.start))
    return sorted(best, key=lambda passage: passage.start)


def _score(passage: _Passage, length: int) -> float:
    often = {mark.label: mark.frequency for mark in passage.marks}
    documents = 1 + length // _PIVOT
    size = passage.end - passage.start
    score = 0.0
    for label, here in Counter(mark.label for mark in passage.marks).items():
        weight = (_K1 + 1) * log(1 + (documents + 0.5) / (often[label] + 0.5))
        score += here / (here + _K1 * (1 - _B + _B * size / _PIVOT)) * weight
    return score * (1 + 1 / log(_PIVOT + passage.start))


def _beginning(text: str, size: int) -> list[_Passage]:
    """The beginning of the first value that has one, up to the end of a word."""
    start = len(text) - len(text.lstrip(BETWEEN_VALUES))
    if start == len(text):
        return []
    end = text.find(BETWEEN_VALUES, start)
    end = len(text) if end < 0 else end
    return [_Passage(start, words(text).following(size) if size < end else end)]


def _shown(text: str, passage: _Passage, marker: Marker) -> str:
    parts: list[str] = []
    at = passage.start
    for mark in passage.marks:
        if mark.start > at:
            parts.append(marker.plain(text[at : mark.start]))
        if mark.end > at:
            parts.append(marker.marked(text[max(at, mark.start) : mark.end]))
            at = mark.end
    parts.append(marker.plain(text[at : max(at, passage.end)]))
    return "".join(parts).strip(_BLANK)


__all__ = ["unified"]
