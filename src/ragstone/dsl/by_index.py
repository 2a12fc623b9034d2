"""Queries of several indices that ask each index something of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.foreign import ForeignQuery
from ragstone.dsl.query import Query


def by_index(indices: Sequence[str], filters: Mapping[str, Query]) -> Query:
    """One filter for all indices: each document passes that of its own, and any where there is none."""
    used = {name: filters[name].to_json() for name in indices if name in filters}
    if len(indices) == 1 and used:
        return ForeignQuery(tree=used[indices[0]])
    ways: list[JsonObject] = [
        {"bool": {"filter": [{"term": {"_index": name}}, passes]}} for name, passes in used.items()
    ]
    if len(used) < len(indices):
        ways.append({"bool": {"must_not": [{"terms": {"_index": list(used)}}]}})
    return ForeignQuery(tree={"bool": {"should": ways}})


__all__ = ["by_index"]
