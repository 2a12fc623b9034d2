"""VectorReader: the vectors of one published moment, searched by any number of threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ragstone.engine.embedded.vectors.exact import Matrix, Positions, best, index_form
from ragstone.engine.embedded.vectors.segments import Part, Rows, Selection, Shards, positions_of
from ragstone.engine.embedded.vectors.spaces import Floats, VectorSpec, least_score, score

_FILTERS = 8


@dataclass(frozen=True)
class View:
    """A part and who of it is alive (None: everybody), as of one publish."""

    part: Part
    alive: Selection | None = None

    @property
    def count(self) -> int:
        """How many are alive."""
        return len(self.part.rows) if self.alive is None else len(self.alive)


class VectorReader:
    """Immutable. Rows are ascending inside each view, and the views' row ranges do not overlap."""

    def __init__(self, spec: VectorSpec, views: Sequence[View]) -> None:
        self.spec = spec
        self._views = tuple(view for view in views if view.count)
        self.count = sum(view.count for view in self._views)
        """Live vectors."""
        self.graphs = [size for view in self._views if (size := view.part.graph_size)]
        """Bytes of each graph."""
        self._filters: dict[int, tuple[Rows, list[Selection]]] = {}

    def search(
        self, query: Floats, k: int, *, ef_search: int | None = None, allowed: NDArray[np.int64] | None = None
    ) -> tuple[Rows, Floats]:
        """Rows and scores of the k nearest of each shard, best first, ties by shard and row.

        Fewer than k only where fewer are alive and allowed. `query` has the field's width and is not zero where the
        space forbids it. `ef_search` is the breadth of the graph search, at least k; without it the graphs' own is
        taken, for a recall above 0.99. `allowed` are the rows passing a filter, ascending: the answer is as good as
        without a filter, whatever share of the vectors passes.
        """
        form = index_form(self.spec, query)
        allowed = self._allowed(allowed)
        shards = self.spec.shards
        if shards == 1:
            return self._ranked(*self._nearest(form, k, ef_search, allowed), k)
        # The best of all shards together, until each shard has its k among them or there are no more
        wanted = 2 * k * shards
        while True:
            rows, of_shard, raws = self._nearest(form, wanted, ef_search, allowed)
            if sum(map(len, rows)) < wanted or wanted >= self.count:
                break
            order = best(self.spec.space, np.concatenate(raws), wanted)
            if (np.bincount(np.concatenate(of_shard)[order], minlength=shards) >= k).all():
                break
            wanted *= 4
        return self._ranked(rows, of_shard, raws, None, per_shard=k)

    def _nearest(
        self, form: Matrix, k: int, ef: int | None, allowed: Rows | None
    ) -> tuple[list[Rows], list[Shards], list[Floats]]:
        """Rows, shards and raw values of the k nearest of each view."""
        ef = ef or self.spec.ef_search
        rows: list[Rows] = []
        shards: list[Shards] = []
        raws: list[Floats] = []
        selections = [view.alive for view in self._views] if allowed is None else self._selections(allowed)
        for view, among in zip(self._views, selections, strict=True):
            count = view.count if among is None else len(among)
            if count:
                positions, raw = view.part.nearest(form, min(k, count), ef=ef, among=among)
                rows.append(view.part.rows[positions])
                shards.append(view.part.shards[positions])
                raws.append(raw)
        return rows, shards, raws

    def search_radial(
        self,
        query: Floats,
        *,
        min_score: float | None = None,
        max_distance: float | None = None,
        limit: int | None = None,
        allowed: NDArray[np.int64] | None = None,
    ) -> tuple[Rows, Floats]:
        """All rows on or inside the limit, best first, ties by row; at most the `limit` best. Always exact.

        Exactly one of `min_score` and `max_distance` (in the space's own measure, see `least_score`) is given.
        """
        form = index_form(self.spec, query)
        allowed = self._allowed(allowed)
        least = least_score(self.spec, min_score=min_score, max_distance=max_distance)
        rows: list[Rows] = []
        shards: list[Shards] = []
        raws: list[Floats] = []
        for view in self._views:
            positions = self._passing(view, allowed)
            whole = len(positions) == len(view.part.rows)
            raw = view.part.raw_values(form, None if whole else positions)
            inside = np.flatnonzero(score(self.spec.space, raw) >= least)
            rows.append(view.part.rows[positions[inside]])
            shards.append(view.part.shards[positions[inside]])
            raws.append(raw[inside])
        return self._ranked(rows, shards, raws, limit)

    def touch(self) -> None:
        """See `Part.touch`."""
        for view in self._views:
            view.part.touch()

    def vector(self, row: int) -> Floats | None:
        """The vector of one row, None when it has none. See `vectors`."""
        found, vectors = self.vectors(np.array([row], np.int64))
        return vectors[0] if len(found) else None

    def vectors(self, rows: NDArray[np.int64]) -> tuple[Rows, Floats]:
        """Those of `rows` (ascending) that have a vector, and their vectors as documents hold them, shape (n, width).

        For cosinesimil the last digit may differ: the vectors are kept with unit length.
        """
        found: list[Rows] = [np.empty(0, np.int64)]
        vectors: list[Floats] = [np.empty((0, self.spec.width), np.float32)]
        for view in self._views:
            positions = self._passing(view, rows)
            matrix = view.part.vectors(positions)
            found.append(view.part.rows[positions])
            whole = (matrix.view(np.int8) if matrix.dtype == np.uint8 else matrix).astype(np.float32)
            vectors.append(whole * view.part.lengths[positions, np.newaxis])
        order = np.argsort(np.concatenate(found), kind="stable")
        return np.concatenate(found)[order], np.concatenate(vectors)[order]

    def _allowed(self, filtered: Rows | None) -> Rows | None:
        """Who may be found, of those that pass a search's filter. None is everybody."""
        return filtered

    def _selections(self, allowed: Rows) -> list[Selection]:
        """The part of a filter in each view. Those of the last few read-only arrays are kept: a filter comes again."""
        known = self._filters.get(id(allowed))
        if known is not None:
            return known[1]
        selections = [view.part.select(self._passing(view, allowed)) for view in self._views]
        if not allowed.flags.writeable:
            if len(self._filters) >= _FILTERS:
                self._filters = {}
            self._filters[id(allowed)] = allowed, selections  # holding the array keeps its id from being used again
        return selections

    def _passing(self, view: View, allowed: Rows | None) -> Positions:
        """Positions alive in `view` and among the allowed rows, ascending."""
        if allowed is None:
            return np.arange(len(view.part.rows)) if view.alive is None else view.alive.positions
        positions = positions_of(view.part.rows, allowed)
        return positions if view.alive is None else positions[view.alive.flags[positions]]

    def _ranked(
        self,
        rows: list[Rows],
        shards: list[Shards],
        raws: list[Floats],
        limit: int | None,
        *,
        per_shard: int | None = None,
    ) -> tuple[Rows, Floats]:
        """One list of all, best first, ties by shard and row: the `limit` best, or the `per_shard` best of each."""
        if not rows:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        all_rows, all_shards, all_raws = np.concatenate(rows), np.concatenate(shards), np.concatenate(raws)
        cost = -all_raws if self.spec.space.is_similarity else all_raws
        order = np.lexsort((all_rows, all_shards, cost))[:limit]
        if per_shard is not None:
            kept = [np.flatnonzero(all_shards[order] == shard)[:per_shard] for shard in range(self.spec.shards)]
            order = order[np.sort(np.concatenate(kept))]
        return all_rows[order], score(self.spec.space, all_raws[order])
