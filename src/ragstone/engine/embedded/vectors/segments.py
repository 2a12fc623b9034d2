"""Parts: runs of vectors with ascending rows, which never change. A flat part is searched exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ragstone.engine.embedded.vectors.exact import Matrix, Positions, best, nearest, raw_values, squared_norms
from ragstone.engine.embedded.vectors.spaces import Floats, SpaceType, VectorSpec

Rows = NDArray[np.int64]
Shards = NDArray[np.uint16]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Selection:
    """Some of a part, prepared for many searches. Graphs also know the nodes: those with a member among them."""

    positions: Positions
    """Ascending."""
    flags: Flags
    """One for each position of the part."""
    nodes: Positions
    node_flags: Flags

    def __len__(self) -> int:
        return len(self.positions)


class Part(Protocol):
    """Vectors that never change. Positions are indices into `rows`; who is alive is not the part's business."""

    @property
    def rows(self) -> Rows:
        """Ascending, without repetitions."""
        ...

    @property
    def shards(self) -> Shards:
        """The shard of each row."""
        ...

    def select(self, positions: Positions) -> Selection:
        """`positions` ascend."""
        ...

    def nearest(self, query: Matrix, k: int, *, ef: int | None, among: Selection | None) -> tuple[Positions, Floats]:
        """Up to k nearest with their raw values, best first. None in `among` means all; in `ef`, as seems best.

        Exact, or with a recall above 0.99 whatever is selected.
        """
        ...

    def raw_values(self, query: Matrix, positions: Positions | None) -> Floats:
        """Exact raw values of `positions`, or of all."""
        ...

    def vectors(self, positions: Positions) -> Matrix:
        """The vectors in index form, copied."""
        ...

    @property
    def lengths(self) -> Floats:
        """By how much `index_form` has shortened each vector."""
        ...

    @property
    def graph_size(self) -> int:
        """Bytes of vectors and edges where there is a graph, else 0."""
        ...

    def touch(self) -> None:
        """Read what lies on the disk once, so that the next search finds it in memory."""
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
        found = wanted[np.minimum(np.searchsorted(wanted, rows), len(wanted) - 1)] == rows
        return np.flatnonzero(found)
    places = np.searchsorted(rows, wanted)
    there: Positions = places[rows[places] == wanted]
    return there


def flags_of(positions: Positions | NDArray[np.int32], count: int) -> Flags:
    """A flag for each of `count` positions."""
    flags = np.zeros(count, np.bool_)
    flags[positions] = True
    return flags


class FlatPart:
    """A plain matrix in index form, searched exactly. `squares` as `squared_norms` gives them, for l2."""

    graph_size = 0

    def __init__(
        self,
        spec: VectorSpec,
        rows: Rows,
        shards: Shards,
        lengths: Floats,
        matrix: Matrix,
        squares: Floats | None,
    ) -> None:
        self.spec = spec
        self.rows = rows
        self.shards = shards
        self.lengths = lengths
        self.matrix = matrix
        self._squares = squares

    def touch(self) -> None:
        """It is in memory."""

    def between(self, start: int, stop: int) -> FlatPart:
        """A view of some of it."""
        here = slice(start, stop)
        squares = None if self._squares is None else self._squares[here]
        return FlatPart(self.spec, self.rows[here], self.shards[here], self.lengths[here], self.matrix[here], squares)

    def select(self, positions: Positions) -> Selection:
        flags = flags_of(positions, len(self.rows))
        return Selection(positions, flags, positions, flags)

    def nearest(self, query: Matrix, k: int, *, ef: int | None, among: Selection | None) -> tuple[Positions, Floats]:
        if among is None:
            return nearest(self.spec.space, self.matrix, self._squares, query, k, None)
        if 4 * len(among) > len(self.rows):  # cheaper than to copy so many vectors
            return nearest(self.spec.space, self.matrix, self._squares, query, k, among.flags)
        raw = self.raw_values(query, among.positions)
        chosen = best(self.spec.space, raw, k)
        return among.positions[chosen], raw[chosen]

    def raw_values(self, query: Matrix, positions: Positions | None) -> Floats:
        return raw_values(self.spec.space, self.matrix if positions is None else self.matrix[positions], query)

    def vectors(self, positions: Positions) -> Matrix:
        return self.matrix[positions]


class FlatBuffer:
    """Takes new vectors, one writer. A `part` sees what was there when it was made and is never disturbed."""

    def __init__(self, spec: VectorSpec) -> None:
        self._spec = spec
        self._count = 0
        self._squared = 0
        self._rows: Rows = np.empty(0, np.int64)
        self._shards: Shards = np.empty(0, np.uint16)
        self._lengths: Floats = np.empty(0, np.float32)
        self._squares: Floats = np.empty(0, np.float32)
        self._matrix: Matrix = np.empty((0, spec.width), np.uint8 if spec.data_type == "binary" else np.float32)

    def __len__(self) -> int:
        return self._count

    def append(self, row: int, shard: int, length: float, vector: Matrix) -> None:
        """`vector` in index form, shortened by `length`; `row` higher than all before it."""
        at = self._count
        if at == len(self._rows):
            self._grow(max(64, at + at // 2))
        self._rows[at], self._shards[at], self._lengths[at], self._matrix[at] = row, shard, length, vector
        self._count = at + 1

    def _grow(self, capacity: int) -> None:
        """Into new arrays: a part that was handed out keeps the old ones."""
        for name in ("_rows", "_shards", "_lengths", "_squares", "_matrix"):
            old = getattr(self, name)
            new = np.empty((capacity, *old.shape[1:]), old.dtype)
            new[: self._count] = old[: self._count]
            setattr(self, name, new)

    def part(self) -> FlatPart:
        """An immutable view of what is there now."""
        count = self._count
        squares = None
        if self._spec.space is SpaceType.L2:
            self._squares[self._squared : count] = squared_norms(self._matrix[self._squared : count])
            self._squared = count
            squares = self._squares[:count]
        return FlatPart(
            self._spec, self._rows[:count], self._shards[:count], self._lengths[:count], self._matrix[:count], squares
        )
