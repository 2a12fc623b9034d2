"""Parts: immutable runs of vectors with ascending rows. A flat part is searched exactly."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ragstone.engine.embedded.vectors.exact import Matrix, Positions, best, nearest, raw_values, squared_norms
from ragstone.engine.embedded.vectors.spaces import Floats, SpaceType, VectorSpec

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Part(Protocol):
    """Vectors that never change. Positions are indices into `rows`; who is alive is not the part's business."""

    @property
    def rows(self) -> Rows:
        """Ascending."""
        ...

    def nearest(self, query: Matrix, k: int, *, ef: int, alive: Mask | None) -> tuple[Positions, Floats]:
        """Up to k nearest with their raw values, best first. `alive` masks positions; None means all."""
        ...

    def nearest_of(self, query: Matrix, k: int, *, ef: int, positions: Positions) -> tuple[Positions, Floats]:
        """The same among `positions` (ascending) only."""
        ...

    def raw_values(self, query: Matrix, positions: Positions | None) -> Floats:
        """Exact raw values of `positions`, or of all."""
        ...

    def vectors(self, positions: Positions) -> Matrix:
        """The vectors in index form, copied."""
        ...


def positions_of(rows: Rows, wanted: Rows) -> Positions:
    """Positions in `rows` of those of `wanted` that are there. Both ascending and without repetitions."""
    if not len(rows) or not len(wanted):
        return np.empty(0, np.int64)
    first, last = int(rows[0]), int(rows[-1])
    start, stop = np.searchsorted(wanted, (first, last + 1))
    wanted = wanted[start:stop]
    if last - first + 1 == len(rows):
        return wanted - first
    if len(wanted) > len(rows):
        places = np.searchsorted(wanted, rows)
        found = wanted[np.minimum(places, len(wanted) - 1)] == rows
        return np.flatnonzero(found)
    places = np.searchsorted(rows, wanted)
    found_places: Positions = places[rows[places] == wanted]
    return found_places


class FlatPart:
    """A plain matrix, searched exactly."""

    def __init__(self, spec: VectorSpec, rows: Rows, matrix: Matrix, squares: Floats | None) -> None:
        self.rows = rows
        self._spec = spec
        self._matrix = matrix
        self._squares = squares

    def nearest(self, query: Matrix, k: int, *, ef: int, alive: Mask | None) -> tuple[Positions, Floats]:
        return nearest(self._spec.space, self._matrix, self._squares, query, k, alive)

    def nearest_of(self, query: Matrix, k: int, *, ef: int, positions: Positions) -> tuple[Positions, Floats]:
        if 4 * len(positions) > len(self.rows):
            alive = np.zeros(len(self.rows), np.bool_)
            alive[positions] = True
            return nearest(self._spec.space, self._matrix, self._squares, query, k, alive)
        raw = self.raw_values(query, positions)
        chosen = best(self._spec.space, raw, k)
        return positions[chosen], raw[chosen]

    def raw_values(self, query: Matrix, positions: Positions | None) -> Floats:
        matrix = self._matrix if positions is None else self._matrix[positions]
        return raw_values(self._spec.space, matrix, query)

    def vectors(self, positions: Positions) -> Matrix:
        return self._matrix[positions]


class FlatBuffer:
    """Takes new vectors, one writer. A `part` sees what was there when it was made and is never disturbed."""

    def __init__(self, spec: VectorSpec) -> None:
        self._spec = spec
        self._count = 0
        self._rows: Rows = np.empty(0, np.int64)
        self._matrix: Matrix = np.empty((0, spec.width), np.uint8 if spec.data_type == "binary" else np.float32)
        self._squares: Floats = np.empty(0, np.float32)
        self._squared = 0

    def __len__(self) -> int:
        return self._count

    @property
    def last_row(self) -> int:
        """The highest row, -1 when empty."""
        return int(self._rows[self._count - 1]) if self._count else -1

    def append(self, row: int, vector: Matrix) -> None:
        """`vector` in index form. Grows by half when full, so a published part keeps the old arrays."""
        if self._count == len(self._rows):
            capacity = max(64, self._count + self._count // 2)
            rows, matrix = np.empty(capacity, np.int64), np.empty((capacity, self._spec.width), self._matrix.dtype)
            rows[: self._count], matrix[: self._count] = self._rows[: self._count], self._matrix[: self._count]
            self._rows, self._matrix = rows, matrix
        self._rows[self._count] = row
        self._matrix[self._count] = vector
        self._count += 1

    def position(self, row: int) -> int | None:
        place = int(np.searchsorted(self._rows[: self._count], row))
        return place if place < self._count and self._rows[place] == row else None

    def part(self) -> FlatPart:
        """An immutable view of what is there now."""
        count = self._count
        if self._spec.space is not SpaceType.L2:
            return FlatPart(self._spec, self._rows[:count], self._matrix[:count], None)
        if len(self._squares) < len(self._rows):
            squares = np.empty(len(self._rows), np.float32)
            squares[: self._squared] = self._squares[: self._squared]
            self._squares = squares
        self._squares[self._squared : count] = squared_norms(self._matrix[self._squared : count])
        self._squared = count
        return FlatPart(self._spec, self._rows[:count], self._matrix[:count], self._squares[:count])
