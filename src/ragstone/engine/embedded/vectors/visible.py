"""The vectors of visible documents."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ragstone.engine.embedded.vectors.reader import VectorReader
from ragstone.engine.embedded.vectors.segments import Rows
from ragstone.engine.embedded.vectors.spaces import Floats


class VisibleVectors(VectorReader):
    """A search finds the nearest of the visible documents, as many as if there were no others.

    `visible` gives their rows, ascending and read-only; it is called when somebody searches.
    """

    def __init__(self, whole: VectorReader, visible: Callable[[], Rows]) -> None:
        super().__init__(whole.spec, whole._views)
        self._visible = visible

    def search(
        self, query: Floats, k: int, *, ef_search: int | None = None, allowed: NDArray[np.int64] | None = None
    ) -> tuple[Rows, Floats]:
        return super().search(query, k, ef_search=ef_search, allowed=self._among_visible(allowed))

    def search_radial(
        self,
        query: Floats,
        *,
        min_score: float | None = None,
        max_distance: float | None = None,
        limit: int | None = None,
        allowed: NDArray[np.int64] | None = None,
    ) -> tuple[Rows, Floats]:
        allowed = self._among_visible(allowed)
        return super().search_radial(
            query, min_score=min_score, max_distance=max_distance, limit=limit, allowed=allowed
        )

    def vectors(self, rows: NDArray[np.int64]) -> tuple[Rows, Floats]:
        return super().vectors(self._among_visible(rows))

    def _among_visible(self, allowed: Rows | None) -> Rows:
        visible = self._visible()
        if allowed is None:
            return visible
        # Filters come from the visible part of the text index already; this is for whatever does not.
        inside = np.intersect1d(allowed, visible, assume_unique=True)
        return allowed if len(inside) == len(allowed) else inside


__all__ = ["VisibleVectors"]
