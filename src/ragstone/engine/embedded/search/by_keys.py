"""The first hits of one index by sort keys; equal ones in the order the documents came in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple

from ragstone.engine.embedded.query.compile import CompiledQuery, all_of, but_not, constant
from ragstone.engine.embedded.search.sort import Comparable, SortKey
from ragstone.engine.embedded.text.reader import Address, TextReader
from ragstone.engine.embedded.text.schema import ROW

Fetched = list[tuple[Any, Address]]


class Sorted(NamedTuple):
    """One hit: what it compares by, its raw key values, its row, and its score if that was asked for."""

    order: tuple[Comparable, ...]
    values: tuple[Any, ...]
    row: int
    score: float | None


class KeyOrder:
    """Finds the first hits of one query by sort keys.

    tantivy orders by one column. So the first key is left to it; where the last place falls among documents that are
    equal in that key, only those are ordered by the next one, and so on. Documents without a value are such a group,
    too. Where tantivy can't order (several values in a document, a value given for the missing, ascending scores) all
    matches are compared here.
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
        self.matches: int | None = None
        """How many documents match the query, where that came out on the way."""

    def first(self, size: int) -> list[Sorted]:
        """The `size` first."""
        if size == 0:
            return []
        hits = self._collect(self._query, 0, size, self._after is not None)
        hits.sort(key=lambda hit: (hit.order, hit.row))
        return hits[:size]

    def _collect(self, query: CompiledQuery, depth: int, size: int, bounded: bool) -> list[Sorted]:
        """At least the `size` first of documents that are equal in the keys before `depth`; in no order.

        `bounded`: in those keys they are equal to `search_after`, too, so that the following keys decide what counts.
        """
        if depth == len(self._keys):
            return [] if bounded else self._by_column(query, depth, ROW, False, size)
        key = self._keys[depth]
        if key.source == "nothing":
            if bounded and self._after is not None and key.order(None) != (place := key.order(self._after[depth])):
                return self._collect(query, depth + 1, size, False) if key.order(None) > place else []
            return self._collect(query, depth + 1, size, bounded)
        if key.source == "score" and key.descending:
            return self._by_score(query, size)
        if key.source == "score" or not self._in_column_order(key):
            return self._everything(query, key)
        if bounded:
            return self._behind(query, depth, size)
        if key.source == "row":
            return self._by_column(query, depth, ROW, key.descending, size)
        present = self._reader.present(key.column)
        if key.missing_first:
            found = self._collect(but_not(query, present), depth + 1, size, False)
            if len(found) < size:
                with_value = all_of([query, constant(present, 0.0)])
                found += self._by_column(with_value, depth, key.column, key.descending, size - len(found))
            return found
        found = self._by_column(query, depth, key.column, key.descending, size)
        if len(found) < size:
            found += self._collect(but_not(query, present), depth + 1, size - len(found), False)
        return found

    def _behind(self, query: CompiledQuery, depth: int, size: int) -> list[Sorted]:
        """What comes after `search_after`: its equals in this key, as the next keys tell, and all that lies beyond."""
        assert self._after is not None
        key, value = self._keys[depth], self._after[depth]
        found: list[Sorted] = []
        missing, place = None, key.order(value)
        if key.source == "column":
            missing = but_not(query, self._reader.present(key.column))
        if value is not None:
            found += self._collect(self._equal(query, key, value), depth + 1, size, True)
        if missing is not None and key.order(None) == place:
            found += self._collect(missing, depth + 1, size, True)
        if len(found) < size and (value is not None or key.missing_first):
            low, high = (None, value) if key.descending else (value, None)
            beyond = self._reader.between(key.column, low, high, include_low=False, include_high=False)
            narrowed = all_of([query, constant(beyond, 0.0)])
            found += self._by_column(narrowed, depth, key.column, key.descending, size - len(found))
        if len(found) < size and missing is not None and key.order(None) > place:
            found += self._collect(missing, depth + 1, size - len(found), False)
        return found

    def _in_column_order(self, key: SortKey) -> bool:
        """Whether tantivy, which looks at a document's first value only, orders by what we want."""
        return key.source == "row" or (key.plain and not self._reader.many(key.column))

    def _equal(self, query: CompiledQuery, key: SortKey, value: Any) -> CompiledQuery:
        same = self._reader.having(key.column, value) if isinstance(value, (str, bool)) else None
        return all_of([query, constant(same or self._reader.between(key.column, value, value), 0.0)])

    def _by_column(self, query: CompiledQuery, depth: int, column: str, descending: bool, size: int) -> list[Sorted]:
        """The first by one column, among documents that have a value there and are all behind `search_after`."""
        whole = query is self._query
        fetched, matches = self._reader.ordered(query, size + 1, column, descending=descending, count=whole)
        if whole:
            self.matches = matches
        present = [hit for hit in fetched if hit[0] is not None]
        known = self._keys[depth] if depth < len(self._keys) else None
        if len(present) <= size or present[size][0] != present[size - 1][0]:
            return self._load(present[:size], known)
        value = present[size][0]
        before = self._load([hit for hit in present if hit[0] != value], known)
        assert known is not None  # rows are never equal
        return before + self._collect(self._equal(query, known, value), depth + 1, size - len(before), False)

    def _by_score(self, query: CompiledQuery, size: int) -> list[Sorted]:
        """The best, and all whose score equals that of the last of them; without what lies before `search_after`."""
        known = next(key for key in self._keys if key.source == "score")
        # What scores better than `search_after` lies before it, and need not be looked at.
        most = self._after[0] if self._after is not None and self._keys[0] is known else None
        limit = size + 1
        while True:
            fetched, _ = self._reader.best(query, limit, count=False)
            complete = len(fetched) < limit
            settled = len(fetched) if complete else bisect_left(fetched, -fetched[-1][0], key=_worse_last)
            if complete or settled >= size:
                due = fetched[:settled] if most is None else _from_score(fetched[:settled], most, size)
                hits = self._load(due, known)
                if complete or len(hits) >= size:
                    return hits
            limit *= 4

    def _everything(self, query: CompiledQuery, key: SortKey) -> list[Sorted]:
        first = key.source == "column" and key.mode == "min"
        column = key.column if first else ROW
        fetched, _ = self._reader.ordered(query, self._reader.documents, column, count=False)
        return self._load(fetched, key if first else None)

    def _load(self, fetched: Fetched, known: SortKey | None) -> list[Sorted]:
        """The hits with all their keys; those before `search_after` left out. `known`: the key already fetched."""
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
                hits.append(Sorted(order, values, row, scores[position]))
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


def _from_score(fetched: Fetched, most: float, size: int) -> Fetched:
    """Of hits by score, best first: those that score `most`, and the `size` behind them with all their equals."""
    start = bisect_left(fetched, -most, key=_worse_last)
    end = bisect_right(fetched, -most, key=_worse_last) + size
    if end < len(fetched):
        end = bisect_right(fetched, _worse_last(fetched[end - 1]), key=_worse_last)
    return fetched[start:end]


def _worse_last(hit: tuple[Any, Address]) -> float:
    return -float(hit[0])


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
