"""Numbers BM25 is made of, as OpenSearch counts them, and the way from tantivy's scores to OpenSearch's.

    score = boost · idf · tf        idf = ln(1 + (N - n + 0.5) / (n + 0.5))
    tf = f / (f + k1 (1 - b + b · dl / avgdl))        k1 = 1.2, b = 0.75

OpenSearch's N counts documents that have the field; tantivy's counts all, deleted ones included until a merge, and it
multiplies by k1 + 1. Both differences are one factor per term. `Differs:` N and n count live documents only, where
OpenSearch still counts replaced and deleted ones until it merges.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import tantivy

from ragstone.engine.embedded.text.schema import BALLAST, EVERY, PRESENT, hollow

if TYPE_CHECKING:
    from ragstone.engine.embedded.text.reader import TextReader

K1, B = 1.2, 0.75
UNIFORM = 1 / (K1 + 1)
REMEMBERED = 100_000
"""Frequencies a reader keeps."""


def idf(documents: int, frequency: int) -> float:
    """How rare: `frequency` of `documents` have the term."""
    return math.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))


class Statistics:
    """Counts of one reader, each made once. Safe for threads: at worst a number is counted twice."""

    def __init__(self, reader: TextReader, searcher: tantivy.Searcher) -> None:
        self._reader = reader
        self._searcher = searcher
        self._ballast = searcher.doc_freq(PRESENT, BALLAST)
        self._entries = searcher.doc_freq(PRESENT, EVERY) + self._ballast
        self._whole = self._entries == searcher.num_docs
        """No document is deleted."""
        self._frequencies: dict[tuple[str, str | int | float | bool], int] = {}
        self._uniform: dict[str, bool] = {}

    def frequency(self, column: str, term: str | float | bool) -> int:
        """How many live documents have a term."""
        key = (column, term)
        found = self._frequencies.get(key)
        if found is None:
            if self._whole:
                found = self._searcher.doc_freq(column, term)
            else:
                found = self._reader.count(tantivy.Query.term_query(self._reader.schema, column, term))
            if len(self._frequencies) >= REMEMBERED:
                self._frequencies.clear()
            self._frequencies[key] = found
        return found

    def documents_with(self, path: str) -> int:
        """How many live documents have a term in a text field."""
        return self.frequency(PRESENT, path) - self.frequency(PRESENT, hollow(path))

    def factor(self, path: str, column: str, terms: Sequence[str], frequency: int | None = None) -> float:
        """What to multiply tantivy's score of `terms` (one, or all of a phrase) by, to have OpenSearch's.

        `frequency` stands in for that of each term, where several terms or fields share one.
        """
        if frequency is None and self.is_uniform(path):
            return UNIFORM
        wanted = sum(self.idf(path, column, term, frequency) for term in terms)
        given = sum(idf(self._entries, self._searcher.doc_freq(column, term)) for term in terms)
        return wanted / given / (K1 + 1)

    def is_uniform(self, path: str) -> bool:
        """Whether tantivy counts as OpenSearch does: every entry is a live document with a term in the field. Then the
        factor of every term is UNIFORM."""
        found = self._uniform.get(path)
        if found is None:
            found = self._uniform[path] = self._whole and self.documents_with(path) == self._entries
        return found

    def idf(self, path: str, column: str, term: str, frequency: int | None = None) -> float:
        return idf(self.documents_with(path), self.frequency(column, term) if frequency is None else frequency)

    def average_length(self, column: str, term: str, address: tantivy.DocAddress) -> float:
        """The mean number of terms that scores are computed with, told by a document that has `term`."""
        return self.measured(tantivy.Query.term_query(self._reader.schema, column, term), address)["avgdl"]

    def measured(self, query: tantivy.Query, address: tantivy.DocAddress) -> dict[str, float]:
        """What the score of a term or an exact phrase in a document that has it is made of: `freq`, `dl`, `avgdl`."""
        found: dict[str, float] = {}
        pending = [json.loads(query.explain(self._searcher, address).to_json())]
        while pending:
            part = pending.pop()
            found[part["description"].partition(",")[0]] = float(part["value"])
            pending += part.get("details", ())
        return found


def term_frequency(frequency: float, length: int, average: float) -> float:
    """tf, for a document `length` terms long."""
    return frequency / (frequency + K1 * (1 - B + B * kept_length(length) / average))


def kept_length(length: int) -> int:
    """A length as it survives in the one byte Lucene and tantivy keep of it: exact up to 40, then rounded down."""
    if length < 40:
        return length
    shift = (length - 24).bit_length() - 4
    return 24 + ((length - 24 >> shift) << shift)
