"""Questions to ask both ends, made from a few of the documents, and how alike the answers are."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import ragstone.dsl.queries  # noqa: F401  (registers them)
from ragstone.core import json
from ragstone.core.errors import OpenSearchException
from ragstone.core.json import JsonObject
from ragstone.dsl.query import parse_query
from ragstone.engine.api import Engine
from ragstone.engine.values import FetchOptions, Hit, QueryRequest, StoredDocument
from ragstone.migration.definition import innermost
from ragstone.migration.fields import Fields, values_at
from ragstone.migration.report import Agreement

_TOP = 10
_SAME_SCORE = 1e-4
"""Scores that differ by less, as a share, are a tie: engines add up floats in different orders."""
_WORDS = 3
"""In a query."""
_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass
class Sample:
    """The documents with the smallest content hashes: chosen as if at random, and the same in whatever order they
    come."""

    size: int
    _kept: list[tuple[int, str, bytes]] = field(default_factory=list)
    """A heap by negated hash: the largest is on top."""

    def offer(self, documents: Sequence[StoredDocument], hashes: Sequence[int]) -> None:
        for document, content in zip(documents, hashes, strict=True):
            if len(self._kept) < self.size:
                heapq.heappush(self._kept, (-content, document.id, document.source))
            elif -self._kept[0][0] > content:
                heapq.heapreplace(self._kept, (-content, document.id, document.source))

    def sources(self) -> Iterator[JsonObject]:
        """Smallest hash first."""
        return (json.decode(source) for _, _, source in sorted(self._kept, reverse=True))


def match_queries(sources: Iterator[JsonObject], fields: Fields) -> list[JsonObject]:
    """The words of one text field of each document that are rarest among all of these; fields take turns."""
    found: list[tuple[str, list[str]]] = []
    for number, source in enumerate(sources):
        for turn in range(len(fields.texts)):
            name = fields.texts[(number + turn) % len(fields.texts)]
            words = [word for value in values_at(source, name) for word in _words(value)]
            if words:
                found.append((name, list(dict.fromkeys(words))))
                break
    common = Counter(word for _, words in found for word in words)
    return [
        {"match": {name: " ".join(sorted(words, key=lambda word: (common[word], -len(word), word))[:_WORDS])}}
        for name, words in found
    ]


def knn_queries(sources: Iterator[JsonObject], fields: Fields) -> list[JsonObject]:
    """One stored vector of each document."""
    made: list[JsonObject] = []
    for number, source in enumerate(sources):
        for turn in range(len(fields.searched)):
            name = fields.searched[(number + turn) % len(fields.searched)]
            vectors = [value for value in values_at(source, name) if isinstance(value, list) and value]
            if vectors:
                made.append({"knn": {name: {"vector": vectors[0], "k": _TOP}}})
                break
    return made


async def compare(source: Engine, target: Engine, index: str, queries: Sequence[JsonObject]) -> Agreement:
    """Ask both ends each query."""
    overlaps: list[float] = []
    deltas: list[float] = []
    failed: list[str] = []
    for query in queries:
        try:
            one, other = await _top(source, index, query), await _top(target, index, query)
        except OpenSearchException as error:
            failed.append(innermost(error))
            continue
        overlaps.append(min(_found(one, other), _found(other, one)))
        deltas += _deltas(one, other)
    return Agreement(
        len(queries),
        fmean(overlaps) if overlaps else None,
        min(overlaps, default=None),
        max(deltas, default=None),
        sorted(set(failed)),
    )


async def _top(engine: Engine, index: str, query: JsonObject) -> list[Hit]:
    request = QueryRequest(indices=[index], queries=[parse_query(query)], size=_TOP, track_total_hits=False)
    _, hits = await engine.query_and_fetch(request, 0, FetchOptions(source=False))
    return hits


def _found(wanted: Sequence[Hit], among: Sequence[Hit]) -> float:
    """The share of `wanted` that is among the others, or could be: as good as the last of them."""
    if not wanted:
        return 1.0
    ids = {hit.id for hit in among}
    last = among[-1].score if len(among) == _TOP else None
    return fmean(hit.id in ids or (last is not None and _delta(hit.score, last) < _SAME_SCORE) for hit in wanted)


def _deltas(one: Sequence[Hit], other: Sequence[Hit]) -> Iterator[float]:
    scores = {hit.id: hit.score for hit in other}
    return (_delta(hit.score, scores[hit.id]) for hit in one if hit.id in scores)


def _delta(one: float | None, other: float | None) -> float:
    larger = max(abs(one or 0.0), abs(other or 0.0))
    return abs((one or 0.0) - (other or 0.0)) / larger if larger else 0.0


def _words(value: object) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    return [word for text in texts if isinstance(text, str) for word in _WORD.findall(text)]


__all__ = ["Sample", "compare", "knn_queries", "match_queries"]
