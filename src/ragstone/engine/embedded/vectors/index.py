"""VectorIndex: all vectors of one field of one index, written by one thread, published as immutable readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragstone.engine.embedded.mapper.knn_vector import KnnVectorField
from ragstone.engine.embedded.vectors.exact import index_form
from ragstone.engine.embedded.vectors.reader import VectorReader, View
from ragstone.engine.embedded.vectors.segments import FlatBuffer
from ragstone.engine.embedded.vectors.spaces import VectorSpec

Live = Callable[[NDArray[np.int64]], NDArray[np.bool_]]
"""Which of some rows (ascending) are still live documents."""


class VectorIndex:
    """One writer thread calls everything here; readers it hands out are for all threads.

    Rows grow: every added row is higher than all before it. Adding a row again (replay) changes nothing.
    """

    def __init__(self, directory: Path, spec: VectorSpec) -> None:
        self._directory = directory
        self._spec = spec
        self._buffer = FlatBuffer(spec)
        self._dead: set[int] = set()
        self.covered_row = -1
        """Every vector of rows up to this one is in persisted files; the log replays the rows above it."""

    @classmethod
    def open(cls, directory: Path, field: KnnVectorField, live: Live) -> VectorIndex:
        """The index persisted in `directory`, or an empty one. Damaged files are dropped, never raised."""
        return cls(directory, field.spec)

    def add(self, row: int, vector: NDArray[np.float32]) -> None:
        """Take the vector of a new row, as `KnnVectorField.parse_vector` gave it. Seen by the next reader."""
        if row > self._buffer.last_row:
            self._buffer.append(row, index_form(self._spec, vector))

    def delete(self, row: int) -> None:
        """Hide a row from the next reader on. A row without a vector is fine."""
        if self._buffer.position(row) is not None:
            self._dead.add(row)

    def publish(self) -> VectorReader:
        """An immutable view of now."""
        part = self._buffer.part()
        alive = None
        if self._dead:
            alive = np.ones(len(part.rows), np.bool_)
            alive[np.searchsorted(part.rows, sorted(self._dead))] = False
        return VectorReader(self._spec, [View(part, alive, len(part.rows) - len(self._dead))])

    def flush(self) -> None:
        """Persist what can be persisted quickly."""

    def close(self) -> None:
        """Persist as `flush` does and stop."""
