"""Building graphs in the background, at most one at a time for each index, a few for the whole process."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

import numpy as np

from ragstone.core.log import get_logger
from ragstone.engine.embedded.vectors.hnsw import GraphPart
from ragstone.engine.embedded.vectors.segments import Flags, Part
from ragstone.engine.embedded.vectors.spaces import VectorSpec
from ragstone.engine.embedded.vectors.store import Store, StoreClosed, StoredGraph, flat_part

_slots = threading.Semaphore(max(1, (os.cpu_count() or 2) // 2))
"""Builds that may run at once: half of the processors stay for searching and writing."""
_WAIT = 0.2
_FEW_DEAD = 0.25
"""A graph with a larger share of dead vectors is built anew instead of extended."""

log = get_logger("vectors")


class Build:
    """One graph out of the vectors of `sources`: ascending parts, the graphs among them first.

    `alive` has the flags of each source at the moment of the order (None: all); they are copies. `before` are the
    graphs that stay as they are. When `done`, `result` is the new graph, or None after a failure (logged) or a stop.
    """

    def __init__(
        self,
        spec: VectorSpec,
        store: Store,
        before: Sequence[StoredGraph],
        sources: Sequence[Part],
        alive: Sequence[Flags | None],
    ) -> None:
        self.sources = sources
        self.result: tuple[StoredGraph, GraphPart] | None = None
        self._spec = spec
        self._store = store
        self._before = before
        self._alive = alive
        self._stop = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vector-build", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def done(self) -> bool:
        return self._done.is_set()

    def wait(self, seconds: float) -> bool:
        """Until it is done; False when it takes longer."""
        return self._done.wait(seconds)

    def stop(self) -> None:
        """Give up at the next opportunity, within a fraction of a second. Nothing half-done will ever count."""
        self._stop.set()

    def _run(self) -> None:
        try:
            while not _slots.acquire(timeout=_WAIT):
                if self._stop.is_set():
                    return
            try:
                self._build()
            finally:
                _slots.release()
        except StoreClosed:
            pass  # the index was closed while the graph was written; the successor builds its own
        except Exception as error:
            # flat vectors are searched as they are, so a failed build costs speed only; the next one tries again
            log.error("vector graph not built", vectors=sum(len(part.rows) for part in self.sources), error=repr(error))
        finally:
            self._done.set()

    def _build(self) -> None:
        base, rest = None, list(zip(self.sources, self._alive, strict=True))
        first, flags = rest[0]
        if isinstance(first, GraphPart) and (flags is None or flags.mean() > 1 - _FEW_DEAD):
            base, rest = first, rest[1:]
        chosen = [(part, np.arange(len(part.rows)) if flags is None else np.flatnonzero(flags)) for part, flags in rest]
        more = flat_part(
            self._spec,
            np.concatenate([part.rows[positions] for part, positions in chosen]),
            np.concatenate([part.shards[positions] for part, positions in chosen]),
            np.concatenate([part.lengths[positions] for part, positions in chosen]),
            np.concatenate([part.vectors(positions) for part, positions in chosen]),
        )
        built = GraphPart.build(self._spec, base, more, self._stop.is_set)
        if built is None:
            return
        stored, part = self._store.write_graph(built)
        self._store.commit_graphs([*self._before, stored])
        self.result = stored, part
