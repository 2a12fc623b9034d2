"""Text and vectors of one index: fed from the log in order of rows, one thread at a time.

Writers put what they have logged into a queue and feed it themselves when nobody else does. While a refresh commits,
which takes its time, the queue grows and no writer waits; only a long queue makes writers wait for their turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import NamedTuple

from ragstone.core.errors import IOException
from ragstone.core.log import get_logger
from ragstone.engine.embedded import recovery
from ragstone.engine.embedded.log import DocumentLog
from ragstone.engine.embedded.mapper.knn_vector import KnnVectorField
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.embedded.routing import shard_of
from ragstone.engine.embedded.text.index import TextIndex
from ragstone.engine.embedded.text.reader import TextReader
from ragstone.engine.embedded.vectors.index import VectorIndex
from ragstone.engine.embedded.vectors.reader import VectorReader
from ragstone.engine.embedded.write_plan import Change

_log = get_logger("derived")

_QUEUE = 20_000
"""Changes that may wait before a writer waits too."""
_FLUSH_ROWS = 20_000
"""Rows fed since vectors were last persisted, after which they should be again: no crash replays many more."""


class Batch(NamedTuple):
    """What one commit of the log means for the derived structures."""

    mapper: Mapper
    changes: Sequence[Change]
    max_row: int
    documents: int
    """How many documents are live after it."""


class Derived:
    def __init__(self, folder: Path, log: DocumentLog, mapper: Mapper, shards: int) -> None:
        """Opens, recovers and rebuilds as needed; then everything in the log is in."""
        self._folder = folder
        self._log = log
        self._shards = shards
        self._text: TextIndex
        self._vectors: dict[str, VectorIndex]
        self._text, self._vectors = recovery.recover(folder, log, mapper, shards)
        self._lock = RLock()
        self._queue: deque[Batch] = deque()
        self._offered = 0
        self._fed = 0
        self._closed = False
        self._text_useless = False
        """The text index has no room for a new field, or failed: it must be built again before it is searched."""
        self._vectors_useless: set[str] = set()
        """Fields whose vectors failed to be fed: they must be replayed before they are searched."""
        self.mapper = mapper
        self.applied = log.max_row
        """Everything up to this row has been fed."""
        self.documents = log.counts().live
        self._flushed = min([index.covered_row for index in self._vectors.values()], default=self.applied)

    def offer(self, batch: Batch) -> None:
        """Queue what was logged. Batches come in order of rows: the caller holds the index's write lock."""
        self._queue.append(batch)
        self._offered += len(batch.changes)

    def drain(self) -> None:
        """Feed the queue, unless another thread is at it and will see to the rest."""
        while self._queue and not self._closed:
            if not self._lock.acquire(blocking=self._offered - self._fed > _QUEUE):
                return
            try:
                self._feed_queue()
            finally:
                self._lock.release()

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Everything offered before has been fed, and nothing is fed meanwhile. Raises IOException when closed."""
        with self._lock:
            if self._closed:
                raise IOException("the index is closed")
            self._feed_queue()
            yield
        self.drain()

    @property
    def unpublished(self) -> bool:
        """Inside `settled`: something must be rebuilt, so publishing changes something whatever was fed."""
        return self._text_useless or bool(self._vectors_useless)

    @property
    def is_building(self) -> bool:
        """A vector graph is being built, or is built and waits to be published."""
        return not all(index.is_settled for index in tuple(self._vectors.values()))

    @property
    def graphs_built(self) -> int:
        """Since the index was opened."""
        return sum(index.built for index in tuple(self._vectors.values()))

    @property
    def needs_flush(self) -> bool:
        """A crash would cost a long replay of vectors."""
        return bool(self._vectors) and self.applied - self._flushed >= _FLUSH_ROWS

    def publish(self) -> tuple[TextReader, Mapping[str, VectorReader]]:
        """Inside `settled`: make everything that was fed durable and searchable.

        Raises what the disk raises; then nothing is lost, and the next call builds anew what has failed.
        """
        if self._text_useless:
            self._rebuild_text()
        for name in sorted(self._vectors_useless):
            self._reopen_vectors(name)
        try:
            self._text.commit()
        except Exception:
            self._text_useless = True
            raise
        return self._text.reader(), {name: index.publish() for name, index in self._vectors.items()}

    def flush(self) -> None:
        """Inside `settled`: let the vectors persist what they hold in memory."""
        for index in self._vectors.values():
            index.flush(self.applied)
        self._flushed = self.applied

    def close(self) -> None:
        """Let go of all files. What was not published is left to the log."""
        with self._lock:
            self._closed = True
            self._text.close()
            for index in self._vectors.values():
                index.close(self.applied)

    # ── inside: under the lock ───────────────────────────────────────────────────────────────────────────────────────

    def _feed_queue(self) -> None:
        while self._queue and not self._closed:
            batch = self._queue.popleft()
            if batch.mapper is not self.mapper:
                self._extend(batch.mapper)
            if not self._text_useless:
                try:
                    self._feed_text(batch.changes)
                except Exception as error:
                    # It is in the log, so nothing is lost: the next refresh builds the text anew and tells if it can't.
                    _log.error("feeding the text index failed", index=self._log.index_uuid, exc_info=error)
                    self._text_useless = True
            self._feed_vectors(batch.changes)
            self.applied, self.documents = batch.max_row, batch.documents
            self._fed += len(batch.changes)

    def _extend(self, mapper: Mapper) -> None:
        self.mapper = mapper
        for name, field in mapper.fields().items():
            if isinstance(field, KnnVectorField) and name not in self._vectors:
                self._vectors[name] = recovery.open_vectors(self._folder, self._log, field)
        if not self._text.extend(mapper):
            self._text_useless = True

    def _feed_text(self, changes: Sequence[Change]) -> None:
        text = self._text
        for row, id, document, routing, replaced in changes:
            if replaced is not None:
                text.delete(replaced)
            if document is not None:
                text.add(row, id, document, routing)

    def _feed_vectors(self, changes: Sequence[Change]) -> None:
        for name, index in self._vectors.items():
            if name in self._vectors_useless:
                continue
            try:
                for row, id, document, routing, replaced in changes:
                    if replaced is not None:
                        index.delete(replaced)
                    if document is not None and name in document.vectors:
                        index.add(row, document.vectors[name], shard_of(id, routing, self._shards))
            except Exception as error:
                _log.error("feeding vectors failed", index=self._log.index_uuid, field=name, exc_info=error)
                self._vectors_useless.add(name)

    def _rebuild_text(self) -> None:
        useless, self._text = self._text, recovery.rebuild_text(self._folder, self._log, self.mapper, self.applied)
        self._text_useless = False
        try:
            useless.close()
        except Exception as error:
            _log.warning("closing a text index that had failed failed too", exc_info=error)
        recovery.sweep_generations(self._folder, self._log)

    def _reopen_vectors(self, name: str) -> None:
        field = self.mapper.fields()[name]
        assert isinstance(field, KnnVectorField)
        self._vectors[name].close()
        index = recovery.open_vectors(self._folder, self._log, field)
        recovery.replay(self._log, self.mapper, self._text, self.applied, {name: index}, self.applied, self._shards)
        self._vectors[name] = index
        self._vectors_useless.discard(name)


__all__ = ["Batch", "Derived"]
