"""Which named queries each hit matches."""

from __future__ import annotations

from collections.abc import Sequence

from ragstone.dsl.query import Query
from ragstone.engine.embedded.query.compile import all_of, compile_query
from ragstone.engine.embedded.snapshot import Snapshot
from ragstone.engine.embedded.text.schema import ROW


def matched_queries(
    snapshot: Snapshot, rows: Sequence[int], named: Sequence[Query], now_millis: int
) -> dict[int, list[str]]:
    """The names of the matching ones of `named` for each of `rows`, in the order of `named`. Blocking."""
    found: dict[int, list[str]] = {}
    if not rows:
        return found
    only = snapshot.text.rows_query(rows)
    for query in named:
        matching = all_of([compile_query(query, snapshot, now_millis, scoring=False), only])
        for row, _ in snapshot.text.ordered(matching, len(rows), ROW, count=False)[0]:
            found.setdefault(int(row), []).append(query.name or "")
    return found
