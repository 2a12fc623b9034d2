"""VectorIndex: all vectors of one field of one index, written by one thread, published as immutable readers.

New vectors lie in a flat buffer and are searched exactly. When the buffer has grown long enough for that to be slow, a
background build makes a graph of it. Smaller graphs are taken into the next one, so that few remain.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ragstone.core.log import get_logger
from ragstone.engine.embedded.mapper.knn_vector import KnnVectorField
from ragstone.engine.embedded.vectors.exact import index_form, length
from ragstone.engine.embedded.vectors.reader import VectorReader, View
from ragstone.engine.embedded.vectors.segments import Flags, FlatBuffer, FlatPart, Part, Selection, positions_of
from ragstone.engine.embedded.vectors.spaces import VectorSpec
from ragstone.engine.embedded.vectors.store import Store, StoredGraph, flat_part

if TYPE_CHECKING:
    from ragstone.engine.embedded.vectors.building import Build

log = get_logger("vectors")

Live = Callable[[NDArray[np.int64]], NDArray[np.bool_]]
"""Which of some rows (ascending) are still live documents."""

_SLOW_COMPONENTS = 2_000_000
"""An exact search over so many numbers takes about a third of a millisecond: from there on a graph pays."""
_FEWEST, _MOST = 1_000, 20_000
_LARGEST_BUILD = 50_000
"""Vectors taken into a graph at once, so that a long load becomes searchable piece by piece."""
_RATIO = 4
"""A graph is taken into the next one unless it is so many times larger than all that comes after it."""
_STOP_SECONDS = 1.0
_FLAT_BYTES = 256 << 20
"""A larger flat rest is left to the log: reading it again is no slower than what writing it would make `close` take."""


@dataclass
class _Held:
    """A part and who of it is alive (None: all); the writer's own, copied for readers."""

    part: Part
    stored: StoredGraph | None = None
    flags: Flags | None = None
    published: Selection | None = None

    def kill(self, position: int) -> None:
        if self.flags is None:
            self.flags = np.ones(len(self.part.rows), np.bool_)
        if self.flags[position]:
            self.flags[position] = False
            self.published = None

    def view(self) -> View:
        if self.flags is not None and self.published is None:
            self.published = self.part.select(np.flatnonzero(self.flags))
        return View(self.part, self.published)


class VectorIndex:
    """One writer thread calls everything here; readers it hands out are for all threads.

    Rows grow: a new row is higher than all before it. A row that comes again (replay) changes nothing.
    """

    def __init__(self, directory: Path, spec: VectorSpec) -> None:
        self._spec = spec
        self._store = Store(directory, spec)
        self._held: list[_Held] = []
        """Graphs, then flat parts that wait for a build; rows ascend through all of them and the buffer."""
        self._buffer = FlatBuffer(spec)
        self._dead_in_buffer: set[int] = set()
        self._last_row = -1
        self._flat_changed = False
        self._build: Build | None = None
        self.graph_from = min(_MOST, max(_FEWEST, _SLOW_COMPONENTS // max(1, spec.width)))
        """How many flat vectors start a build; never in a field that is not searched by `knn`."""
        self._after_failure = 0
        self.built = 0
        """How many graphs have been built and taken over."""

    @property
    def covered_row(self) -> int:
        """Every vector of rows up to this one is in persisted files; the log replays the rows above it."""
        return self._store.covered_row

    @classmethod
    def open(cls, directory: Path, field: KnnVectorField, live: Live) -> VectorIndex:
        """What is persisted in `directory`, without the rows that are not `live`. Damaged files are dropped."""
        index = cls(directory, field.spec)
        if not field.is_built_for_search:
            index.graph_from = sys.maxsize
        graphs, flat = index._store.load()
        for stored, part in graphs:
            flags = live(part.rows)
            index._held.append(_Held(part, stored, None if flags.all() else flags))
            index._last_row = int(part.rows[-1])
        if flat is not None:
            newer = flat.rows > index._last_row
            columns = (flat.rows[newer], flat.shards[newer], flat.lengths[newer], flat.matrix[newer])
            for row, shard, its_length, vector in zip(*columns, strict=True):
                index._buffer.append(int(row), int(shard), float(its_length), vector)
            rows = index._buffer.part().rows
            index._dead_in_buffer = set(np.flatnonzero(~live(rows)).tolist()) if len(rows) else set()
        index._last_row = max(index._last_row, index.covered_row)
        return index

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def add(self, row: int, vector: NDArray[np.float32], shard: int = 0) -> None:
        """Take the vector of a new row, as `KnnVectorField.parse_vector` gave it. The next reader has it.

        `shard`: see `routing.shard_of`; k counts per shard.
        """
        if row <= self._last_row:
            return
        self._buffer.append(row, shard, length(self._spec, vector), index_form(self._spec, vector))
        self._last_row = row
        self._flat_changed = True
        if len(self._buffer) >= self.graph_from:
            self._tend()

    def delete(self, row: int) -> None:
        """Hide a row from the next reader on. A row without a vector is fine."""
        one = np.array([row], np.int64)
        for held in self._held:
            for position in positions_of(held.part.rows, one):
                held.kill(int(position))
        for position in positions_of(self._buffer.part().rows, one):
            self._dead_in_buffer.add(int(position))

    def publish(self) -> VectorReader:
        """An immutable view of now."""
        self._tend()
        views = [held.view() for held in self._held]
        views.append(_Held(self._buffer.part(), None, self._buffer_flags()).view())
        return VectorReader(self._spec, views)

    def flush(self, through: int = -1) -> None:
        """Persist what is in no graph yet, unless a build is about to do that.

        `through`: all rows up to it have been fed, whether they had vectors or not; replay then starts behind it.
        """
        self._tend()
        if self._build is None:
            self._persist(through)

    def close(self, through: int = -1) -> None:
        """Give up a running build, persist as `flush` does, and stop, once. Readers stay usable."""
        if self._store.closed:
            return
        if self._build is not None:
            self._build.stop()
            self._build.wait(_STOP_SECONDS)
            self._adopt()
        self._persist(through)
        self._store.close()

    # ── graphs ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def is_settled(self) -> bool:
        """True when no build is running."""
        return self._build is None

    def wait_for_build(self, seconds: float) -> bool:
        """Until no build is running; False when it takes longer. Its result is in the next reader."""
        return self._build is None or self._build.wait(seconds)

    def _tend(self) -> None:
        """Take over a finished build; order the next one where it is due."""
        if self._build is not None:
            if not self._build.done:
                return
            self._adopt()
        waiting = sum(len(held.part.rows) for held in self._held if held.stored is None)
        if waiting + len(self._buffer) >= max(self.graph_from, self._after_failure):
            self._order()

    def _order(self) -> None:
        """Freeze the buffer, and build of the first flat parts and the graphs that are small beside them."""
        from ragstone.engine.embedded.vectors.building import Build

        frozen, flags = self._buffer.part(), self._buffer_flags()
        for start in range(0, len(frozen.rows), _LARGEST_BUILD):
            stop = min(start + _LARGEST_BUILD, len(frozen.rows))
            self._held.append(
                _Held(frozen.between(start, stop), None, None if flags is None else flags[start:stop].copy())
            )
        self._buffer, self._dead_in_buffer = FlatBuffer(self._spec), set()
        first = next(at for at, held in enumerate(self._held) if held.stored is None)
        last, size = first + 1, len(self._held[first].part.rows)
        while last < len(self._held) and size + len(self._held[last].part.rows) <= _LARGEST_BUILD:
            size += len(self._held[last].part.rows)
            last += 1
        while first and len(self._held[first - 1].part.rows) < _RATIO * size:
            first -= 1
            size += len(self._held[first].part.rows)
        sources = self._held[first:last]
        self._build = Build(
            self._spec,
            self._store,
            [held.stored for held in self._held[:first] if held.stored is not None],
            [held.part for held in sources],
            [None if held.flags is None else held.flags.copy() for held in sources],
        )
        self._build.start()

    def _adopt(self) -> None:
        """Put a finished graph in the place of its sources, with the deaths since it was ordered."""
        assert self._build is not None
        build, self._build = self._build, None
        if build.result is None:  # as long as it does not grow much, it would fail again
            self._after_failure = 2 * sum(len(held.part.rows) for held in self._held if held.stored is None)
            return
        self._after_failure = 0
        self.built += 1
        stored, part = build.result
        first = next(at for at, held in enumerate(self._held) if held.part is build.sources[0])
        replaced = self._held[first : first + len(build.sources)]
        new = _Held(part, stored)
        for held in replaced:
            if held.flags is not None:
                for position in positions_of(part.rows, held.part.rows[~held.flags]):
                    new.kill(int(position))
        self._held[first : first + len(replaced)] = [new]

    # ── the flat rest ────────────────────────────────────────────────────────────────────────────────────────────────

    def _buffer_flags(self) -> Flags | None:
        if not self._dead_in_buffer:
            return None
        flags = np.ones(len(self._buffer), np.bool_)
        flags[list(self._dead_in_buffer)] = False
        return flags

    def _persist(self, through: int) -> None:
        try:
            self._write_flat(through)
        except OSError as error:  # nothing is lost: the log gives the vectors again
            log.warning("vectors not persisted", error=repr(error))

    def _write_flat(self, through: int) -> None:
        if not self._flat_changed:
            self._store.cover(through)
            return
        flat = [held.part for held in self._held if held.stored is None]
        parts = [part for part in flat if isinstance(part, FlatPart)] + [self._buffer.part()]
        if sum(part.matrix.nbytes for part in parts) > _FLAT_BYTES:
            return
        whole = flat_part(
            self._spec,
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.shards for part in parts]),
            np.concatenate([part.lengths for part in parts]),
            np.concatenate([part.matrix for part in parts]),
        )
        self._store.write_flat(whole, max(through, self._last_row))
        self._flat_changed = False
