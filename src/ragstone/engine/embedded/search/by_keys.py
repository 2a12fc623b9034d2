"""The first hits of one index by sort keys; equal ones in the order the documents came in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ragstone.engine.embedded.query.compile import CompiledQuery, all_of, but_not, constant
from ragstone.engine.embedded.search.sort import Comparable, SortKey
from ragstone.engine.embedded.text.reader import Address, TextReader
from ragstone.engine.embedded.text.schema import ROW

Fetched = list[tuple[Any, Address]]


@dataclass(frozen=True, slots=True)
class Sorted:
    """One hit: what it compares by, its raw key values, its row, and its score if that was asked for."""

    order: tuple[Comparable, ...]
    values: tuple[Any, ...]
    row: int
    score: float | None


class KeyOrder:
    """Finds the first hits of one query by sort keys.

    tantivy orders by one column. So the first key is left to it, and only documents equal in that key, where the last
    place falls among them, are compared by the other keys here. Documents without a value form a group of their own,
    which is ordered by the keys that follow.
    """

    def __init__(
        self,
        reader: TextReader,
        query: CompiledQuery,
        keys: Sequence[SortKey],
        *,
        after: Sequence[Any] | None = None,
        scores: bool = False,
    ) -> None:
        """`after` holds raw key values: only hits behind them count. `scores`: hits shall have their scores."""
        self._reader = reader
        self._query = query
        self._keys = list(keys)
        self._after = after
        self._after_order = None if after is None else tuple(k.order(v) for k, v in zip(keys, after, strict=True))
        self._scores = scores or any(key.source == "score" for key in keys)

    def first(self, size: int) -> list[Sorted]:
        """The `size` first."""
        if size == 0:
            return []
        hits = self._collect(self._query, 0, size)
        hits.sort(key=lambda hit: (hit.order, hit.row))
        return hits[:size]

    def _collect(self, query: CompiledQuery, depth: int, size: int) -> list[Sorted]:
        """At least the `size` first of documents that are equal in the keys before `depth`; in no order."""
        if depth == len(self._keys):
            return self._by_column(query, ROW, False, size, None)
        key = self._keys[depth]
        if key.source == "nothing":
            return self._collect(query, depth + 1, size)
        if key.source == "row":
            return self._by_column(self._behind(query, depth), ROW, key.descending, size, depth)
        if key.source == "score" and key.descending:
            return self._widen(lambda limit: self._reader.best(query, limit, count=False)[0], size, depth)
        if key.source == "score" or not self._in_column_order(key):
            everything, _ = self._reader.ordered(query, self._reader.documents, ROW, count=False)
            return [hit for _, hit in self._load(everything, None)]
        present = self._reader.present(key.column)
        if key.missing_first:
            found = self._collect(but_not(query, present), depth + 1, size)
            if len(found) >= size:
                return found
            with_value = all_of([query, constant(present, 0.0)])
            return found + self._by_column(self._behind(with_value, depth), key.column, key.descending, size, depth)
        found = self._by_column(self._behind(query, depth), key.column, key.descending, size, depth)
        if len(found) >= size:
            return found
        return found + self._collect(but_not(query, present), depth + 1, size)

    def _in_column_order(self, key: SortKey) -> bool:
        """Whether tantivy, which looks at a document's first (that is, least) value, orders by what we want."""
        return key.plain and (key.mode == "min" or not self._reader.many(key.column))

    def _behind(self, query: CompiledQuery, depth: int) -> CompiledQuery:
        """Without the documents whose first key lies before `search_after`: deep pages cost no more than the first."""
        if self._after is None or depth or self._after[0] is None:
            return query
        key, value = self._keys[0], self._after[0]
        low, high = (None, value) if key.descending else (value, None)
        return all_of([query, constant(self._reader.between(key.column, low, high), 0.0)])

    def _by_column(
        self, query: CompiledQuery, column: str, descending: bool, size: int, depth: int | None
    ) -> list[Sorted]:
        """The first by one column, among documents that have a value there."""

        def fetch(limit: int) -> Fetched:
            return self._reader.ordered(query, limit, column, descending=descending, count=False)[0]

        return self._widen(fetch, size, depth)

    def _widen(self, fetch: Callable[[int], Fetched], size: int, depth: int | None) -> list[Sorted]:
        """Fetch until there are enough hits even without those that equal the last one fetched.

        `depth` tells which key the fetched values belong to, None for none.
        """
        limit = size + 1
        while True:
            fetched = fetch(limit)
            present = [hit for hit in fetched if hit[0] is not None]
            complete = len(fetched) < limit or len(present) < len(fetched)
            if complete or sum(value != present[-1][0] for value, _ in present) >= size:
                hits = self._load(present, depth)
                if complete or sum(value != present[-1][0] for value, _ in hits) >= size:
                    return [hit for _, hit in hits]
            limit *= 4

    def _load(self, fetched: Fetched, depth: int | None) -> list[tuple[Any, Sorted]]:
        """The hits with all their keys, beside the fetched values; those before `search_after` left out."""
        known = None if depth is None else self._keys[depth]
        addresses = [address for _, address in fetched]
        rows = self._reader.rows(addresses)
        scores: Sequence[float | None] = [None] * len(rows)
        if self._scores and rows:
            scores = [value for value, _ in fetched] if known and known.source == "score" else self._scores_of(rows)
        columns: list[Sequence[Any]] = []
        for key in self._keys:
            if key is known:
                columns.append([value for value, _ in fetched])
            else:
                columns.append(scores if key.source == "score" else self._values(key, rows, addresses))
        hits = []
        for position, row in enumerate(rows):
            values = tuple(column[position] for column in columns)
            order = tuple(key.order(value) for key, value in zip(self._keys, values, strict=True))
            if self._after_order is None or order > self._after_order:
                hits.append((fetched[position][0], Sorted(order, values, row, scores[position])))
        return hits

    def _scores_of(self, rows: Sequence[int]) -> list[float]:
        narrowed = all_of([self._query, constant(self._reader.rows_query(rows), 0.0)])
        best, _ = self._reader.best(narrowed, len(rows), count=False)
        by_row = dict(zip(self._reader.rows([a for _, a in best]), (score for score, _ in best), strict=True))
        return [by_row[row] for row in rows]

    def _values(self, key: SortKey, rows: Sequence[int], addresses: Sequence[Address]) -> Sequence[Any]:
        if key.source == "row":
            return rows
        if key.source == "nothing":
            return [None] * len(rows)
        if key.numeric and (key.mode == "min" or not self._reader.many(key.column)):
            return self._reader.column(key.column, addresses)
        by_row = self._reader.values(rows, key.column)
        return [_pick(by_row[row], key.mode) for row in rows]


def _pick(values: list[Any], mode: str) -> Any:
    """One of several values, or one made of them."""
    if not values:
        return None
    if mode == "min":
        return min(values)
    if mode == "max":
        return max(values)
    if mode == "sum":
        return sum(values)
    if mode == "avg":
        return sum(values) / len(values)
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
