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

    def vectors(self, rows: NDArray[np.int64]) -> tuple[Rows, Floats]:
        return super().vectors(self._allowed(rows))

    def _allowed(self, filtered: Rows | None) -> Rows:
        visible = self._visible()
        if filtered is None:
            return visible
        # Filters come from the visible part of the text index already; this is for whatever does not.
        inside = np.intersect1d(filtered, visible, assume_unique=True)
        return filtered if len(inside) == len(filtered) else inside


__all__ = ["VisibleVectors"]
