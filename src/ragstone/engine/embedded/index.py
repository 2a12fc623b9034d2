"""One index: mapper, log, text and vectors behind one writer; publishes immutable snapshots."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock

from ragstone.core.clock import Clock
from ragstone.core.errors import IndexNotFoundException, IOException, OpenSearchException
from ragstone.core.log import get_logger
from ragstone.core.units import parse_time
from ragstone.engine.embedded.cluster_state import ClusterState
from ragstone.engine.embedded.derived import Batch, Derived
from ragstone.engine.embedded.indices import LOG_FILE
from ragstone.engine.embedded.log import DocumentLog
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.embedded.mapper.settings import IndexSettings
from ragstone.engine.embedded.snapshot import LiveSnapshots, Snapshot, StoredRow, shown
from ragstone.engine.embedded.sqlite import StorageDamaged
from ragstone.engine.embedded.write_plan import WritePlan
from ragstone.engine.embedded.write_queue import Acknowledge
from ragstone.engine.values import GetResult, IndexMetadata, IndexStats, IndexVectors, JsonObject, WriteOperation

_log = get_logger("index")

_PURGE_AT_LEAST = 1_000  # dead rows that make a purge worth its while, ...
_PURGE_SHARE = 0.1  # ... unless live documents outnumber them by more
_PURGE_STEP = 1_000  # rows forgotten while writers wait


class Index:
    """Blocking. `write` and everything that changes the mapping exclude each other; reading disturbs nobody.

    The write lock guards the log's writer and the mapping. Whoever feeds text and vectors may take it, never the
    other way round.
    """

    def __init__(self, folder: Path, name: str, state: ClusterState, clock: Clock) -> None:
        """Opens and recovers. Raises StorageDamaged, IllegalStateException (a newer format)."""
        self.name = name
        self._folder = folder
        self._state = state
        self._clock = clock
        self._write_lock = Lock()
        self._log = DocumentLog.open(folder / LOG_FILE)
        try:
            if self._log.index_uuid != state.metadata.indices[name].uuid:
                raise StorageDamaged(f"[{folder / LOG_FILE}] belongs to index [{self._log.index_uuid}]")
            self._mapper = Mapper.parse(self.metadata.mappings, IndexSettings(self.metadata.settings))
            self._derived = Derived(folder, self._log, self._mapper, self.metadata.number_of_shards)
        except BaseException:
            self._log.close()
            raise
        counts = self._log.counts()
        self._documents = counts.live
        self._dead = counts.superseded + counts.tombstones
        self._unsynced = False
        self._moments: deque[tuple[float, int]] = deque([(clock.monotonic(), self._log.max_row)])
        """(when, highest row then), for forgetting deletes some time after they happened."""
        self._snapshots = LiveSnapshots()
        self._swap = Lock()
        """Guards the change of `_snapshot`: its mapper and metadata are never older than those in force."""
        self._snapshot: Snapshot
        try:
            self._publish()
        except BaseException:
            self.abandon()
            raise

    @property
    def metadata(self) -> IndexMetadata:
        """Raises IndexNotFoundException when the index was deleted meanwhile, another of its name made or not."""
        found = self._state.metadata.indices.get(self.name)
        if found is None or found.uuid != self._log.index_uuid:
            raise IndexNotFoundException(self.name)
        return found

    @property
    def max_row(self) -> int:
        """The highest row that was acknowledged."""
        return self._log.max_row

    @property
    def snapshot(self) -> Snapshot:
        """What the last refresh published. Whoever keeps it keeps its documents readable."""
        return self._snapshot

    # ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────

    def write(self, batches: Sequence[Sequence[WriteOperation]], acknowledge: Acknowledge) -> None:
        """Apply a group of bulk calls in order, in one commit. Acknowledges after it, and feeds what was written."""
        with self._write_lock:
            metadata = self.metadata
            newest = self._log.newest({operation.id for operations in batches for operation in operations})
            plan = WritePlan(metadata, self._mapper, newest, self._log.max_row)
            for operations in batches:
                plan.add(operations)
            if plan.rows:
                try:
                    # First the mapping, then the documents that need it: a crash between leaves fields without values.
                    self._adopt(plan.mapper)
                    durable = metadata.setting("index.translog.durability") != "async"
                    self._log.append(plan.rows, plan.superseded, durable=durable)
                    self._unsynced = not durable
                except IOException as error:
                    plan.fail(error)
                else:
                    self._documents += plan.documents
                    self._dead += len(plan.rows) - plan.documents
                    self._derived.offer(Batch(self._mapper, plan.changes, self._log.max_row, self._documents))
            acknowledge(plan.outcomes)
        self._derived.drain()

    def get(self, id: str, *, realtime: bool) -> GetResult:
        snapshot = self._snapshot
        if realtime:
            newest = self._log.get(id)
            return _result(id, None if newest is None else shown(newest, snapshot.mapper))
        row = snapshot.row_of(id)
        return _result(id, None if row is None else snapshot.rows([row])[0])

    def scan(self, after: int, size: int) -> Iterator[list[StoredRow]]:
        """Live documents with rows above `after`, of the moment of the first call, in lists of at most `size`."""
        self.refresh()
        snapshot = self._snapshot  # while it is held, the purge leaves its rows alone
        yield from self._log.scan(after, snapshot.max_row, size)

    # ── searchability ────────────────────────────────────────────────────────────────────────────────────────────────

    def refresh(self) -> None:
        """Publish everything acknowledged before."""
        with self._derived.settled():
            if self._derived.applied != self._snapshot.max_row or self._derived.unpublished:
                self._publish()

    def flush(self) -> None:
        """Refresh, and persist as much as possible, so that the next start has little to replay."""
        self.refresh()
        with self._derived.settled():
            self._derived.flush()
        if self._unsynced:
            self.sync()

    def sync(self) -> None:
        """Bring everything acknowledged to the disk, whatever the durability."""
        with self._write_lock:
            self._log.sync()
            self._unsynced = False

    def _publish(self) -> None:
        """With nothing being fed: during construction, or inside `settled`."""
        if self._unsynced:
            # The text index syncs what it commits. It must never be ahead of the log after a power loss.
            self.sync()
        text, vectors = self._derived.publish()
        with self._swap:
            self._snapshot = Snapshot(
                metadata=self.metadata,
                mapper=self._mapper,
                text=text,
                vectors=vectors,
                max_row=self._derived.applied,
                node=self._state.node_id,
                documents=self._derived.documents,
                log=self._log,
            )
            self._snapshots.add(self._snapshot)
        with self._write_lock:
            if self._log.checkpoint < self._derived.applied:
                self._log.record_checkpoint(self._derived.applied)

    # ── metadata ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def put_mapping(self, mappings: JsonObject) -> None:
        """Merge; nothing changes when any part is refused. Searches know the new fields at once."""
        with self._write_lock:
            self._adopt(self._mapper.merge(mappings))
            self._derived.offer(Batch(self._mapper, (), self._log.max_row, self._documents))
        self._derived.drain()

    def metadata_changed(self) -> None:
        """Searches see the settings and the mapping of now, with the documents of the last refresh."""
        with self._swap:
            self._snapshot = replace(self._snapshot, metadata=self.metadata, mapper=self._mapper)
            self._snapshots.add(self._snapshot)

    def _adopt(self, mapper: Mapper) -> None:
        if mapper is not self._mapper:
            mappings = mapper.to_json()
            with self._state.changing():
                current = self.metadata  # or the index was deleted, and another one may have its name
                self._state.change_indices({self.name: lambda _: replace(current, mappings=mappings)})
            self._mapper = mapper
            self.metadata_changed()

    # ── upkeep ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def stats(self) -> IndexStats:
        return IndexStats(
            documents=self._snapshot.documents,
            deleted=self._dead,
            size=_size(self._folder),
            max_seq_no=self._log.max_row - 1,
        )

    def vectors(self) -> IndexVectors | None:
        """None without vector fields."""
        readers = self._snapshot.vectors.values()
        if not readers:
            return None
        sizes = [size for reader in readers for size in reader.graphs]
        return IndexVectors(len(sizes), sum(sizes), self._derived.graphs_built)

    def warm_up(self) -> None:
        for reader in self._snapshot.vectors.values():
            reader.touch()

    @property
    def needs_sync(self) -> bool:
        """Something acknowledged is not on the disk yet (durability `async`)."""
        return self._unsynced

    @property
    def needs_upkeep(self) -> bool:
        """Whether `keep_up` has, or will have, something to do."""
        dead = self._dead >= max(_PURGE_AT_LEAST, self._documents * _PURGE_SHARE)
        return dead or self._derived.is_building or self._derived.needs_flush

    def keep_up(self) -> None:
        """From time to time, while `needs_upkeep`.

        Shows searches a vector graph that has been built, persists vectors, forgets dead rows.
        """
        with self._derived.settled():
            if self._derived.is_building:
                self._publish()
            if self._derived.needs_flush:
                self._derived.flush()
        self.purge()

    def purge(self) -> int:
        """Forget versions that no snapshot shows any more, and deletes older than `index.gc_deletes`; how many."""
        now = self._clock.monotonic()
        keep = parse_time(self.metadata.setting("index.gc_deletes") or "60s", "index.gc_deletes")
        if now - self._moments[-1][0] > keep / 10:
            self._moments.append((now, self._log.max_row))
        while len(self._moments) > 1 and self._moments[1][0] <= now - keep:
            self._moments.popleft()
        since, row = self._moments[0]
        forgotten = row if since <= now - keep else 0
        visible = min(self._snapshots.oldest() or 0, self._log.checkpoint)
        total = 0
        while True:
            with self._write_lock:
                gone = self._log.purge(visible, min(forgotten, visible), _PURGE_STEP)
                self._dead -= gone
            total += gone
            if gone < _PURGE_STEP:
                return total

    def forget_text(self) -> None:
        """Have the text index rebuilt when the index is opened next: the analysis it was made with has changed."""
        with self._write_lock:
            self._log.record_checkpoint(0, generation=self._log.generation + 1)

    def close(self) -> None:
        """Make everything durable and searchable at the next start without a replay, then let go."""
        try:
            self.flush()
        except OpenSearchException as error:
            _log.error("an index could not be flushed; its log will be replayed", index=self.name, error=error.reason)
        self.abandon()

    def abandon(self) -> None:
        """Let go without keeping anything but the log: the index is deleted, or could not be flushed."""
        self._derived.close()  # outside the write lock, which whoever feeds text and vectors may wait for
        with self._write_lock:
            self._log.close()


def _result(id: str, stored: StoredRow | None) -> GetResult:
    if stored is None:
        return GetResult(id, found=False)
    return GetResult(
        id,
        found=True,
        source=stored.source,
        version=stored.version,
        seq_no=stored.seq_no,
        primary_term=stored.primary_term,
        routing=stored.routing,
    )


def _size(folder: Path) -> int:
    """Bytes of all files below; one that vanishes meanwhile does not count."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.stat(os.path.join(parent, name)).st_size
    return total


__all__ = ["Index"]
