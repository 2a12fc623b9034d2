"""The reading side of the text index: one immutable state of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import tantivy
from numpy.typing import NDArray

from ragstone.core.errors import IllegalArgumentException
from ragstone.engine.embedded.text import patterns
from ragstone.engine.embedded.text.schema import BALLAST, EVERY, PRESENT, ROW, several
from ragstone.engine.embedded.text.statistics import Statistics

Address = tantivy.DocAddress

_RANGE_TYPES = {
    ROW: tantivy.FieldType.Integer,
    "i64": tantivy.FieldType.Integer,
    "f64": tantivy.FieldType.Float,
}

REMEMBERED = 64
"""Filters whose rows a reader keeps: 8 bytes for each match."""
FIRST_ROWS = 100
"""How many of the first rows are looked up at least; they are kept."""


class TextReader:
    """Everything committed at one moment. Immutable and safe for threads; tantivy runs without the GIL."""

    remembers = REMEMBERED

    def __init__(
        self, index: tantivy.Index, slots: Mapping[str, str], searcher: tantivy.Searcher | None = None
    ) -> None:
        """`searcher`: of a moment that is being read already."""
        self._index = index
        self.schema = index.schema
        self.slots = slots
        """Full field path → the tantivy field that holds it."""
        self._searcher = searcher or index.searcher()
        self._ballast = self._searcher.doc_freq(PRESENT, BALLAST)
        self.statistics = Statistics(self, self._searcher)
        self._remembered: dict[Hashable, NDArray[np.int64]] = {}
        self._first_rows: list[int] = []

    @property
    def documents(self) -> int:
        """How many documents are in, deleted ones left out."""
        return int(self._searcher.num_docs) - self._ballast

    def everything(self) -> tantivy.Query:
        """All documents; its score means nothing."""
        if self._ballast:
            return tantivy.Query.term_query(self.schema, PRESENT, EVERY)
        return tantivy.Query.all_query()

    def frequency(self, column: str, term: str) -> int:
        """In how many entries a term is: documents, also deleted ones that are not merged away yet, and ballast."""
        return int(self._searcher.doc_freq(column, term))

    def filler(self) -> dict[str, int]:
        """How many filler terms each slot has."""
        found: dict[str, int] = {}
        for name, entries in self._searcher.terms_with_prefix(PRESENT, BALLAST):
            slot, _, terms = name.removeprefix(BALLAST).partition(":")
            if terms:
                found[slot] = found.get(slot, 0) + int(terms) * entries
        return found

    def total_terms(self, column: str, term: str | None) -> float | None:
        """How many terms a column has in all its entries, told by one that has `term`; None when there is none."""
        if not term:
            return None
        hits, _ = self.best(self.having(column, term), 1, count=False)
        if not hits:
            return None
        entries = self.frequency(PRESENT, EVERY) + self._ballast
        return self.statistics.average_length(column, term, hits[0][1]) * entries

    def commonest_term(self, column: str) -> str:
        """A term of a column; the empty text when it has none. Costs as much as there are."""
        known = self._searcher.terms_with_prefix(column, "", limit=1)
        return known[0][0] if known else ""

    def terms(self, column: str, prefix: str) -> list[str]:
        """All terms of a column that begin with `prefix`, in order. Costs as much as there are."""
        found = self._searcher.terms_with_prefix(column, prefix)
        return sorted(term for term, _ in found if not term.startswith(BALLAST))

    def document_frequencies(self, column: str) -> int:
        """In how many entries each term of a column is, added up. Costs as much as there are."""
        found = self._searcher.terms_with_prefix(column, "")
        return sum(entries for term, entries in found if not term.startswith(BALLAST))

    def slot(self, path: str) -> str | None:
        """Where a field's values are; None when no document could have one yet."""
        return self.slots.get(path)

    def best(self, query: tantivy.Query, limit: int, *, count: bool = True) -> tuple[list[tuple[float, Address]], int]:
        """The `limit` best by score, ties in no useful order, and how many match (0 unless asked)."""
        found = self._searcher.search(query, max(limit, 1), count=count)
        return found.hits[:limit], _count(found)

    def ordered(
        self, query: tantivy.Query, limit: int, by: str, *, descending: bool = False, count: bool = True
    ) -> tuple[list[tuple[Any, Address]], int]:
        """The first `limit` by a column's first value (None, for documents without one, comes last)."""
        order = tantivy.Order.Desc if descending else tantivy.Order.Asc
        found = self._searcher.search(query, max(limit, 1), count=count, order_by_field=by, order=order)
        return found.hits[:limit], _count(found)

    def count(self, query: tantivy.Query) -> int:
        """How many documents match."""
        return _count(self._searcher.search(query, 1))

    def column(self, name: str, addresses: Sequence[Address]) -> list[Any]:
        """A numeric column's first value for each address, None where there is none."""
        return self._searcher.fast_field_values(name, list(addresses))

    def address(self, row: int, query: tantivy.Query) -> Address | None:
        """Where a document lies; None unless it matches."""
        only = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, self.having(ROW, row))])
        hits, _ = self.best(only, 1, count=False)
        return hits[0][1] if hits else None

    def rows(self, addresses: Sequence[Address]) -> list[int]:
        return self.column(ROW, addresses)

    def rows_query(self, rows: Sequence[int]) -> tantivy.Query:
        """Exactly these documents; its score means nothing."""
        return tantivy.Query.term_set_query(self.schema, ROW, list(rows))

    def having(self, column: str, value: str | float | bool) -> tantivy.Query:
        """Documents with exactly this value; its score means nothing."""
        return tantivy.Query.term_query(self.schema, column, value)

    def present(self, column: str) -> tantivy.Query:
        """Documents with a value in a column."""
        return tantivy.Query.exists_query(column)

    def many(self, column: str) -> bool:
        """Whether some document has, or had, several values in a column."""
        return self._searcher.doc_freq(PRESENT, several(column)) > 0

    def values(self, rows: Sequence[int], column: str) -> dict[int, list[Any]]:
        """All values of a column, texts too, for each of `rows`."""
        if not rows:
            return {}
        wanted = {"size": len(rows), "sort": [{ROW: "asc"}], "docvalue_fields": [ROW, column]}
        found = self._searcher.aggregate(self.rows_query(rows), {"all": {"top_hits": wanted}})
        hits = (hit["docvalue_fields"] for hit in found["all"]["hits"])
        return {hit[ROW][0]: hit[column] for hit in hits}

    def value_counts(self, query: tantivy.Query, column: str) -> dict[Any, int]:
        """How many matching documents have each value of a column. Exact up to 65,000 different values, the most
        frequent ones of more."""
        found = self._searcher.aggregate(query, {"values": {"terms": {"field": column, "size": 65_000}}})
        return {bucket["key"]: bucket["doc_count"] for bucket in found["values"]["buckets"]}

    def metric(self, query: tantivy.Query, column: str, kind: Literal["stats", "value_count"]) -> dict[str, Any]:
        """What tantivy makes of all values of a column, of several ones in a document too: `count`, `min`, `max`,
        `avg` and `sum` as floats of numbers (None where there are none), or `value`, how many there are."""
        found: dict[str, Any] = self._searcher.aggregate(query, {"of": {kind: {"field": column}}})["of"]
        return found

    def between(
        self,
        column: str,
        low: Any,
        high: Any,
        *,
        include_low: bool = True,
        include_high: bool = True,
    ) -> tantivy.Query:
        """Documents with a value in a range; None leaves a side open. Both sides open: with any value."""
        if low is None and high is None:
            return self.present(column)
        kind = _RANGE_TYPES.get(column.partition("-")[0])
        if column.startswith("bool-"):
            inside = [
                (tantivy.Occur.Should, self.having(column, value))
                for value in (False, True)
                if (low is None or value > low or (include_low and value == low))
                and (high is None or value < high or (include_high and value == high))
            ]
            return tantivy.Query.boolean_query(inside)
        if kind is None:
            return self._texts_between(column, low, high, include_low=include_low, include_high=include_high)
        return tantivy.Query.range_query(
            self.schema, column, kind, low, high, include_low or low is None, include_high or high is None
        )

    def _texts_between(
        self, column: str, low: str | None, high: str | None, *, include_low: bool, include_high: bool
    ) -> tantivy.Query:
        found = patterns.between(low, high, include_low=include_low, include_high=include_high)
        at_edges = [
            term
            for edge in found.edges
            for term in self.terms(column, edge)
            if (low is None or term > low or (include_low and term == low))
            and (high is None or term < high or (include_high and term == high))
        ]
        parts = [] if found.pattern is None else [self.pattern(column, found.pattern)]
        if at_edges:
            parts.append(tantivy.Query.term_set_query(self.schema, column, at_edges))
        if len(parts) < 2:
            return parts[0] if parts else tantivy.Query.empty_query()
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, part) for part in parts])

    def pattern(self, column: str, pattern: str) -> tantivy.Query:
        """Documents with a term that a pattern of `text.patterns` describes, each with the score 1.

        Raises IllegalArgumentException for a pattern whose automaton would be too large.
        """
        try:
            found = tantivy.Query.regex_query(self.schema, column, pattern)
        except ValueError as error:
            raise IllegalArgumentException(
                f"input automaton is too large: a pattern of [{len(pattern)}] characters needs more than 1000 states"
            ) from error
        return self._without_filler(column, found)

    def begins_with(self, column: str, prefix: str) -> tantivy.Query:
        """Documents with a term that begins so; its score means nothing."""
        found = tantivy.Query.fuzzy_term_query(self.schema, column, prefix, 0, True, True)
        return found if prefix else self._without_filler(column, found)

    def _without_filler(self, column: str, found: tantivy.Query) -> tantivy.Query:
        if not self._ballast or not column.startswith("text-"):
            return found
        ballast = tantivy.Query.term_query(self.schema, PRESENT, BALLAST)
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, found), (tantivy.Occur.MustNot, ballast)])

    def matching_rows(self, query: tantivy.Query) -> NDArray[np.int64]:
        """The rows of all matching documents, ascending."""
        if not self.documents:
            return np.empty(0, np.int64)
        hits, _ = self.ordered(query, self.documents, ROW, count=False)
        return np.fromiter((row for row, _ in hits), np.int64, len(hits))

    def first_rows(self, limit: int) -> list[int]:
        """The lowest rows of all documents, ascending."""
        if len(self._first_rows) < min(limit, self.documents):
            hits, _ = self.ordered(self.everything(), max(limit, FIRST_ROWS), ROW, count=False)
            self._first_rows = [row for row, _ in hits]
        return self._first_rows[:limit]

    def remembered_rows(self, key: Hashable, query: Callable[[], tantivy.Query]) -> NDArray[np.int64]:
        """`matching_rows` of the query that `key` stands for, computed once while the reader lives."""
        try:
            found = self._remembered.get(key)
        except TypeError:  # a query holding a list or an object
            return self.matching_rows(query())
        if found is None:
            found = self.matching_rows(query())
            found.setflags(write=False)
            if len(self._remembered) >= self.remembers:
                self._remembered.clear()
            self._remembered[key] = found
        return found

    def max_row(self) -> int:
        """The highest row there is; 0 when there is none."""
        hits, _ = self.ordered(self.everything(), 1, ROW, descending=True, count=False)
        return int(hits[0][0]) if hits else 0


def _count(found: tantivy.SearchResult) -> int:
    return found.count or 0  # type: ignore[attr-defined]  # forgotten in the binding's stub
