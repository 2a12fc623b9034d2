"""Counting `knn` queries, for the statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ragstone.dsl.queries.knn import Knn
from ragstone.dsl.query import Query
from ragstone.engine.embedded.snapshot import Snapshot
from ragstone.engine.values import KnnRequests


class KnnCounter:
    """Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    @property
    def requests(self) -> KnnRequests:
        return KnnRequests(**self._counts)

    def count(self, queries: Iterable[Query], snapshots: Sequence[Snapshot]) -> None:
        """A search by these queries begins."""
        for query in queries:
            for knn in _knn_of(query):
                kind = "k" if knn.k is not None else "min_score" if knn.min_score is not None else "max_distance"
                shards = sum(snapshot.metadata.number_of_shards for snapshot in snapshots)
                self._counts[kind] += shards
                if knn.filter is not None:
                    self._counts[f"{kind}_filtered"] += shards
                readers = (snapshot.vectors.get(knn.field) for snapshot in snapshots)
                self._counts["graphs"] += sum(len(reader.graphs) for reader in readers if reader is not None)


def _knn_of(query: Query) -> Iterator[Knn]:
    if isinstance(query, Knn):
        yield query
    for child in query.children():
        yield from _knn_of(child)
